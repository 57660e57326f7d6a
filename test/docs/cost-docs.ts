/** The generated part of docs/cost-model.md: every price of the shipped profiles, where it comes from and how far the fit is off. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Price } from '../../src/metrics/price.ts'
import { COST_BACKENDS, COST_TERMS, type CostProfile, type CostTerm } from '../../src/netfilter/cost/cost-profile.ts'

const FILE = join(import.meta.dirname, '../../profiles/linux-6.18-epyc.json')

export function costDocs(): string {
  const { profiles }: { profiles: readonly CostProfile[] } = JSON.parse(readFileSync(FILE, 'utf8'))
  const own = COST_BACKENDS.map(backend => profiles.find(p => p.backend === backend)!)
  const words: Readonly<Partial<Record<CostTerm, string>>> = Object.assign({}, ...Object.values(COST_TERMS))
  const terms = Object.keys(words) as CostTerm[]
  const { kernel, cpu, tools } = own[0].provenance
  return `${kernel}, ${cpu}, ${tools}. ns each; a curve by its first and last point.

| term | what | ${COST_BACKENDS.join(' | ')} |
|---|---|${'---:|'.repeat(own.length)}
${terms.map(t => `| \`${t}\` | ${words[t]} | ${own.map(p => priceText(p.prices[t])).join(' | ')} |`).join('\n')}
| | cases fitted | ${own.map(p => p.fit?.cases ?? '').join(' | ')} |
| | error of the fit, median (worst) | ${own.map(fitText).join(' | ')} |
`
}

function priceText(price: Price | undefined): string {
  if (price === undefined) return ''
  if (typeof price === 'number') return ns(price)
  const [first, last] = [price[0], price.at(-1)!]
  return price.length === 1 ? ns(first[1]) : `${ns(first[1])} at ${ns(first[0])}, ${ns(last[1])} at ${ns(last[0])}`
}

/** Three digits. */
const ns = (value: number): string => Number(value.toPrecision(3)).toLocaleString('en')

const fitText = ({ fit }: CostProfile): string =>
  fit === undefined ? '' : `${percent(fit.medianError)} (${percent(fit.worstError)})`

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
