/** The rulesets of some nodes in nftables mode, compact: equal rulesets once, and equal sets and chains of different ones once, as text. */
import type { IpFamily } from '../../net/ip.ts'
import type { PlannedNftables } from '../../replay/plan-run.ts'
import type { NftRuleset } from '../../ruleset/nft-ruleset.ts'
import { printNftRuleset } from '../../ruleset/print-nftables.ts'
import { compactNftables } from './compact-nftables.ts'
import type { PathEnds } from './live-ends.ts'
import { PIECE_GAP } from './nft-piece-gap.ts'
import { nodeAddresses } from './node-addresses.ts'
import type { PathChain, PathRuleset } from './packet-paths.ts'
import type { PathRulesets } from './ruleset-pool.ts'

export class NftRulesetPool implements PathRulesets {
  readonly rulesets: PathRuleset[] = []
  readonly chains: PathChain[] = []
  readonly texts: string[] = []
  readonly #run: PlannedNftables
  readonly #ends: PathEnds
  readonly #first: number
  readonly #textOf = new Map<string, string>()
  readonly #places = new Map<string, number>()
  readonly #textPlaces = new Map<string, number>()

  /**
   * `first`: a node of the run. What a translated packet to a pod meets is made of that node's rules alone: no node has an element for it, so all nodes
   * have the same few chains. A pod of the host network has an address of its node, which that node's own set holds.
   */
  constructor(run: PlannedNftables, ends: PathEnds, first: number) {
    this.#run = run
    this.#ends = ends
    this.#first = first
  }

  placeOf(family: IpFamily, node: number, kind: 'sent' | 'translated'): number {
    const rules = this.#run.families[family]
    if (rules === null) return -1
    const own = kind === 'sent' || this.#isEnd(family, node) ? node : this.#first
    const whole = rules.views.views[rules.plan.viewOfNode[own]]
    const text = remembered(this.#textOf, `${family} ${own} ${kind}`, () =>
      printNftRuleset(compactNftables(whole, this.#ends[kind][family])),
    )
    const known = this.#places.get(text)
    if (known !== undefined) return known
    const place =
      this.rulesets.push({
        family,
        rules: Object.fromEntries(whole.tables.map(({ name, chains }) => [name, rulesIn(chains)])),
        recentLists: 0,
        spread: rules.plan.program.dnatCount,
        tables: [],
        texts: text.split(PIECE_GAP).map(piece => this.#textPlace(piece)),
      }) - 1
    this.#places.set(text, place)
    return place
  }

  /** Whether packets are translated to an address of the node. */
  #isEnd(family: IpFamily, node: number): boolean {
    const { addresses } = this.#ends.translated[family]
    return nodeAddresses(this.#run, family, node).some(address => addresses.has(address))
  }

  #textPlace(text: string): number {
    const place = this.#textPlaces.get(text) ?? this.texts.push(text) - 1
    this.#textPlaces.set(text, place)
    return place
  }
}

function remembered(known: Map<string, string>, key: string, make: () => string): string {
  const text = known.get(key) ?? make()
  known.set(key, text)
  return text
}

const rulesIn = (chains: NftRuleset['tables'][number]['chains']): number =>
  chains.values().reduce((sum, { rules }) => sum + rules.length, 0)
