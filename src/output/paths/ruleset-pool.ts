/** The rulesets of some nodes, compact: equal rulesets once, and equal chains of different ones once. */
import { formatIp, type IpFamily, parseIp, readIpWords } from '../../net/ip.ts'
import { rulesetSizes } from '../../netfilter/cost/trace-terms.ts'
import { orderedRuleset } from '../../netfilter/ordered-ruleset.ts'
import { hostViews } from '../../replay/host-table.ts'
import type { PlannedFamily, PlannedRun } from '../../replay/plan-run.ts'
import type { Ruleset } from '../../ruleset/ruleset.ts'
import { compactRuleset, type LiveEnds, reachedRuleset } from './compact-ruleset.ts'
import type { PathBackend, PathChain, PathDestination, PathRuleset } from './packet-paths.ts'

export class RulesetPool {
  readonly rulesets: PathRuleset[] = []
  readonly chains: PathChain[] = []
  readonly #run: PlannedRun
  readonly #sent: Readonly<Record<IpFamily, LiveEnds>>
  readonly #translated: Readonly<Record<IpFamily, LiveEnds>>
  readonly #places = new Map<string, number>()
  readonly #chainPlaces = new Map<string, number>()
  /** Places of what translated packets meet, by the ruleset as written: they match none of the rules whose order differs by node. */
  readonly #known = new Map<Ruleset, number>()
  readonly #reached = new Map<Ruleset, Ruleset>()
  readonly #sizes = new Map<Ruleset, Pick<PathRuleset, 'rules' | 'recentLists'>>()

  /** `backends`: where packets to `destinations` are translated to. */
  constructor(
    run: PlannedRun,
    destinations: readonly PathDestination[],
    backends: readonly (PathBackend & { readonly port: number })[],
  ) {
    this.#run = run
    const ends = (ofFamily: (family: IpFamily) => LiveEnds) => ({ 4: ofFamily(4), 6: ofFamily(6) })
    this.#sent = ends(family =>
      liveEnds(family, [
        ...destinations.filter(d => d.family === family),
        // A packet to a node port goes to an address of the node.
        ...run.plan.detailNodes.flatMap(node => nodeAddresses(run, family, node)),
      ]),
    )
    this.#translated = ends(family => liveEnds(family, backends))
  }

  /** Place of the node's ruleset for packets that are sent there, or come translated; -1: it has none of the family. */
  placeOf(family: IpFamily, node: number, kind: 'sent' | 'translated'): number {
    const own = this.#run.families[family]
    if (own === null) return -1
    const written = own.views.views[own.plan.viewOfNode[node]]
    if (kind === 'sent') {
      // Most chains are reached by none of the packets: what is left of a large cluster is ordered in no time.
      const reached = remembered(this.#reached, written, () => reachedRuleset(written, this.#sent[family]))
      const ordered = orderedRuleset(reached, this.#run.plan.orderKeyOfNode[node])
      return this.#add(ordered, written, own, this.#sent[family])
    }
    return remembered(this.#known, written, () => this.#add(written, written, own, this.#translated[family]))
  }

  /** `whole`: what `ruleset` is all, or a part, of. */
  #add(ruleset: Ruleset, whole: Ruleset, { plan }: PlannedFamily, ends: LiveEnds): number {
    return placeIn(this.#places, this.rulesets, {
      family: ruleset.family,
      ...remembered(this.#sizes, whole, () => sizesOf(whole)),
      spread: plan.program.dnatCount,
      tables: compactRuleset(ruleset, ends).map(({ name, chains }) => ({
        name,
        chains: chains.map(chain => placeIn(this.#chainPlaces, this.chains, chain)),
      })),
    })
  }
}

function sizesOf(whole: Ruleset): Pick<PathRuleset, 'rules' | 'recentLists'> {
  const rules = whole.tables.map(({ name, chains }) => [
    name,
    chains.values().reduce((sum, c) => sum + c.rules.length, 0),
  ])
  return { rules: Object.fromEntries(rules), recentLists: rulesetSizes(whole).recentLists }
}

function remembered<K, V>(known: Map<K, V>, key: K, make: () => V): V {
  const value = known.get(key) ?? make()
  known.set(key, value)
  return value
}

function placeIn<T>(places: Map<string, number>, all: T[], value: T): number {
  const key = JSON.stringify(value)
  const known = places.get(key)
  if (known !== undefined) return known
  places.set(key, all.length)
  return all.push(value) - 1
}

const nodeAddresses = ({ families }: PlannedRun, family: IpFamily, node: number) => {
  const own = families[family]
  if (own === null) return []
  const { local, localCount } = hostViews(own.plan.hosts)[node]
  return Array.from({ length: localCount }, (_, i) => ({
    address: formatIp({ family, value: readIpWords(local, 4 * i) }),
    port: 0,
  }))
}

function liveEnds(family: IpFamily, ends: readonly { readonly address: string; readonly port: number }[]): LiveEnds {
  const addresses = ends.map(e => parseIp(e.address)).filter(a => a?.family === family)
  return { addresses: new Set(addresses.map(a => a!.value)), ports: new Set(ends.map(e => e.port)) }
}
