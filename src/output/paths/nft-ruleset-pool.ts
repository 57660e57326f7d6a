/** The rulesets of some nodes in nftables mode, compact: equal rulesets once, and equal sets and chains of different ones once, as text. */
import type { ClusterState } from '../../cluster/cluster-state.ts'
import type { IpFamily } from '../../net/ip.ts'
import { type NftablesViews, nftablesViews } from '../../proxier/nftables-proxier.ts'
import type { PlannedRun } from '../../replay/plan-run.ts'
import type { NftRuleset } from '../../ruleset/nft-ruleset.ts'
import { printNftRuleset } from '../../ruleset/print-nftables.ts'
import { compactNftables } from './compact-nftables.ts'
import type { PathEnds } from './live-ends.ts'
import { PIECE_GAP } from './nft-piece-gap.ts'
import type { PathChain, PathRuleset } from './packet-paths.ts'
import type { PathRulesets } from './ruleset-pool.ts'

export class NftRulesetPool implements PathRulesets {
  readonly rulesets: PathRuleset[] = []
  readonly chains: PathChain[] = []
  readonly texts: string[] = []
  readonly #run: PlannedRun
  readonly #ends: PathEnds
  readonly #nodes: ReadonlyMap<number, number>
  readonly #views: Readonly<Record<IpFamily, NftablesViews | null>>
  readonly #textOf = new Map<string, string>()
  readonly #places = new Map<string, number>()
  readonly #textPlaces = new Map<string, number>()

  /**
   * `nodes`: those that packets are sent at, by their numbers in the run. What a translated packet meets is made of the first of them alone:
   * it goes to a pod, for which no node has an element, so all nodes have the same few chains for it (at a pod of the host network the node's own
   * set of addresses would hold it; what it evaluates and pays is the same).
   */
  constructor(state: ClusterState, run: PlannedRun, ends: PathEnds, nodes: readonly number[]) {
    this.#run = run
    this.#ends = ends
    this.#nodes = new Map(nodes.map((node, i) => [node, i]))
    const names = nodes.map(n => run.nodes[n].name)
    const viewsOf = (family: IpFamily): NftablesViews | null =>
      run.families[family] === null ? null : nftablesViews(state, names, run.config, family)
    this.#views = { 4: viewsOf(4), 6: viewsOf(6) }
  }

  placeOf(family: IpFamily, node: number, kind: 'sent' | 'translated'): number {
    const views = this.#views[family]
    if (views === null) return -1
    const own = kind === 'sent' ? this.#nodes.get(node)! : 0
    const whole = views.views[views.viewOfNode[own]]
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
        spread: this.#run.families[family]!.plan.program.dnatCount,
        tables: [],
        texts: text.split(PIECE_GAP).map(piece => this.#textPlace(piece)),
      }) - 1
    this.#places.set(text, place)
    return place
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
