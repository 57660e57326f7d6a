/** The rulesets of some nodes, compact: equal rulesets once, and equal chains of different ones once. */
import { formatIp, type IpFamily, parseIp, readIpWords } from '../../net/ip.ts'
import { rulesetSizes } from '../../netfilter/cost/trace-terms.ts'
import { orderedRuleset } from '../../netfilter/ordered-ruleset.ts'
import { hostViews } from '../../replay/host-table.ts'
import type { PlannedFamily, PlannedRun } from '../../replay/plan-run.ts'
import type { Ruleset } from '../../ruleset/ruleset.ts'
import { compactRuleset, type LiveEnds } from './compact-ruleset.ts'
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
      const ordered = orderedRuleset(written, this.#run.plan.orderKeyOfNode[node])
      return this.#add(ordered, own, this.#sent[family])
    }
    const place = this.#known.get(written) ?? this.#add(written, own, this.#translated[family])
    this.#known.set(written, place)
    return place
  }

  #add(ruleset: Ruleset, { plan }: PlannedFamily, ends: LiveEnds): number {
    const count = (chains: Ruleset['tables'][number]['chains']): number =>
      chains.values().reduce((sum, c) => sum + c.rules.length, 0)
    return placeIn(this.#places, this.rulesets, {
      family: ruleset.family,
      rules: Object.fromEntries(ruleset.tables.map(t => [t.name, count(t.chains)])),
      recentLists: rulesetSizes(ruleset).recentLists,
      spread: plan.program.dnatCount,
      tables: compactRuleset(ruleset, ends).map(({ name, chains }) => ({
        name,
        chains: chains.map(chain => placeIn(this.#chainPlaces, this.chains, chain)),
      })),
    })
  }
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
