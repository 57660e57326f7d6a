/**
 * Measured syncs -> the prices of each tool's terms: non-negative least squares of relative errors, so a sync of 8 ms counts as much as one
 * of 118 s. A curve is straight between its sizes, so its points are unknowns like the others.
 */
import { nonNegativeLeastSquares } from '../../src/metrics/non-negative-least-squares.ts'
import { curveShares, type Price } from '../../src/metrics/price.ts'
import { SYNC_TOOLS, type SyncProfile, type SyncTool } from '../../src/scenario/sync-profile.ts'
import type { PricedCase } from './priced-case.ts'

export const fitSyncProfiles = (cases: readonly PricedCase[]): readonly SyncProfile[] =>
  SYNC_TOOLS.map(tool =>
    fitted(
      tool,
      cases.filter(c => c.tool === tool),
    ),
  )

function fitted(tool: SyncTool, cases: readonly PricedCase[]): SyncProfile {
  const { curves, form, loads } = SHAPES[tool]
  const columns = cases[0].terms.flatMap(({ term }) => (curves[term] ?? [0]).map(size => ({ term, size })))
  const rows = cases.map(({ terms, us }) =>
    terms.flatMap(({ term, count, size }) => {
      const row = new Array<number>(curves[term]?.length ?? 1).fill(0)
      for (const [place, share] of curveShares(curves[term] ?? [0], size)) row[place] = (count * share) / us
      return row
    }),
  )
  const found = nonNegativeLeastSquares(
    rows,
    cases.map(() => 1),
  )
  const prices: Record<string, Price> = {}
  for (const { term } of cases[0].terms) {
    const own = columns.flatMap((c, i) => (c.term === term ? [[c.size, rounded(found[i])] as const] : []))
    prices[term] = curves[term] === undefined ? own[0][1] : own
  }
  return { tool, provenance: { ...MACHINE, tools: loads, method: METHOD }, form, prices } as unknown as SyncProfile
}

const MACHINE = {
  kernel: 'Linux 6.18.44',
  cpu: 'AMD EPYC, KVM guest of 2 shared processors',
  date: '2026-11-22',
}

const METHOD =
  'fitted to the least durations of syncs of kube-proxy 1.34.9 and, for iptables, of its rules loaded by iptables-restore alone'

interface Shape {
  readonly loads: string
  readonly form: string
  /** Sizes at which a term's price is fitted; a term without any has one price. */
  readonly curves: Readonly<Record<string, readonly number[]>>
}

const NFTABLES: Omit<Shape, 'loads'> = {
  form: 'full: quadratic, anonymous sets x commands of the transaction, dearer when it outgrows the caches; partial: the listing of all rules, linear at first and quadratic from some thousand Services on',
  curves: { setStep: [20_000, 50_000, 200_000] },
}

const SHAPES: Readonly<Record<SyncTool, Shape>> = {
  'iptables-legacy': {
    loads: 'iptables 1.8.9 (legacy)',
    form: 'linear in all rules, full and partial: the whole table is swapped for any change; a written rule costs more, and twice as much when the table outgrows the caches',
    curves: { rule: [20_000, 170_000] },
  },
  'iptables-nft': {
    loads: 'iptables 1.8.9 (nf_tables)',
    form: 'quadratic in what is written, linear in all rules: a partial sync is like that of legacy, a full one far worse',
    curves: { rulePair: [17_000, 100_000] },
  },
  'nft-1.0.6': { loads: 'nft 1.0.6', ...NFTABLES },
  'nft-1.1.3': { loads: 'nft 1.1.3', ...NFTABLES },
}

/** Four digits say more than any measurement. */
const rounded = (value: number): number => Number(value.toPrecision(4))
