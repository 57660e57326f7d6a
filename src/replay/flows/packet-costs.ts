/** What the packets of a replay cost: of first packets each cost with how often it came, of later ones their sum. In whole picoseconds. */
import { type CostProfile, itemsNs, spreadItems } from '../../netfilter/cost/cost-profile.ts'

export interface ModelledCost {
  readonly profile: string
  /** Of connections' first packets; undefined: there were none. */
  readonly perConnection: { readonly meanNs: number; readonly p50Ns: number; readonly p99Ns: number } | undefined
  /** Of the mean packet of a connection that conntrack knew; undefined: there was none. */
  readonly perEstablishedPacketNs: number | undefined
}

export class PacketCosts {
  readonly profile: CostProfile
  /** By picoseconds, for those that kept their destination and those that were translated. */
  readonly #kept = new Map<number, number>()
  readonly #translated = new Map<number, number>()
  #laterPs = 0
  #laterCount = 0

  constructor(profile: CostProfile) {
    this.profile = profile
  }

  noteFirst(ps: number, isTranslated: boolean): void {
    const counts = isTranslated ? this.#translated : this.#kept
    counts.set(ps, (counts.get(ps) ?? 0) + 1)
  }

  noteLater(ps: number): void {
    this.#laterPs += ps
    this.#laterCount++
  }

  /** `spread`: backends that the traffic spread over, which find caches cold for each other. */
  result(spread: number): ModelledCost {
    const spreadPs = Math.round(1000 * itemsNs(this.profile, spreadItems(spread)))
    const costs = [...this.#kept, ...Array.from(this.#translated, ([ps, n]) => [ps + spreadPs, n] as const)]
    costs.sort(([a], [b]) => a - b)
    const count = costs.reduce((sum, [, n]) => sum + n, 0)
    return {
      profile: this.profile.backend,
      perConnection:
        count === 0
          ? undefined
          : {
              meanNs: costs.reduce((sum, [ps, n]) => sum + ps * n, 0) / count / 1000,
              p50Ns: rank(costs, Math.ceil(0.5 * count)) / 1000,
              p99Ns: rank(costs, Math.ceil(0.99 * count)) / 1000,
            },
      perEstablishedPacketNs: this.#laterCount === 0 ? undefined : this.#laterPs / this.#laterCount / 1000,
    }
  }
}

/** The n-th smallest, from 1. */
function rank(costs: readonly (readonly [number, number])[], n: number): number {
  let before = 0
  for (const [ps, count] of costs) {
    before += count
    if (before >= n) return ps
  }
  throw new Error(`there are no ${n} costs`)
}
