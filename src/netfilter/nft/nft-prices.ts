/** What the packets of an NftEngine cost, from a profile: a price for each kind of way, made when it first occurs. In whole picoseconds. */
import { CT, type Packet } from '../../net/packet.ts'
import { type CostItem, type CostProfile, itemsNs, spreadItems } from '../cost/cost-profile.ts'
import { nftWayTerms } from '../cost/nft-way-terms.ts'
import { LATER_PACKET_TERMS } from '../cost/rule-terms.ts'
import { isLocal } from '../route.ts'
import type { NftEngine } from './nft-engine.ts'

export class NftPrices {
  readonly laterPs: number
  readonly #profile: CostProfile
  readonly #spread: number
  readonly #firstPs = new Map<number, number>()

  /** `spread`: backends that the traffic spreads over; 1 leaves out what caches cost. */
  constructor(profile: CostProfile, spread: number) {
    this.#profile = profile
    this.#spread = spread
    this.laterPs = picoseconds(profile, LATER_PACKET_TERMS)
  }

  /** Of the packet the engine has just evaluated, a connection's first. */
  firstPs({ host, numgens, lookups, updates, masqueraded: isMasqueraded }: NftEngine, packet: Packet): number {
    const isTranslated = (packet.ctState & CT.DNAT) !== 0
    const byNodePort = isLocal(host, packet.originalDestination)
    const bits = (isTranslated ? 1 : 0) | (byNodePort ? 2 : 0) | (isMasqueraded ? 4 : 0)
    const key = ((numgens * MOST_OF_A_KIND + lookups) * MOST_OF_A_KIND + updates) * 8 + bits
    let ps = this.#firstPs.get(key)
    if (ps === undefined) {
      const terms = nftWayTerms({ isTranslated, byNodePort, isMasqueraded, numgens, lookups, updates })
      ps = picoseconds(this.#profile, isTranslated ? [...terms, ...spreadItems(this.#spread)] : terms)
      this.#firstPs.set(key, ps)
    }
    return ps
  }
}

/** Rules that one packet meets of one kind: no chain that kube-proxy writes has as many. */
const MOST_OF_A_KIND = 2 ** 16

const picoseconds = (profile: CostProfile, items: readonly CostItem[]): number =>
  Math.round(1000 * itemsNs(profile, items))
