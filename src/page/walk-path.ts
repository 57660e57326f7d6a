/**
 * One packet on its way through the rules of a run, for the page: parsed from the texts in PacketPaths, walked by trace, the judge of all
 * evaluators; over both hops where the rules send it to another node. Pure; what is drawn is chosen by the reader.
 */
import * as E from 'fp-ts/lib/Either.js'
import { explainIptables } from '../app/trace/explain-iptables.ts'
import type { ExplainedTrace } from '../app/trace/explained-trace.ts'
import { formatIp, parseIp, readIpWords, writeIpWords } from '../net/ip.ts'
import { CT, newPacket, ORIGIN, type Origin, type Packet } from '../net/packet.ts'
import { asksConntrack, NO_CONNTRACK } from '../netfilter/conntrack/no-conntrack.ts'
import { PlainConntrack } from '../netfilter/conntrack/plain-conntrack.ts'
import { itemsNs } from '../netfilter/cost/cost-profile.ts'
import { type RulesetSizes, rulesetSizes, traceTerms } from '../netfilter/cost/trace-terms.ts'
import { type HostView, hostView } from '../netfilter/host.ts'
import { iptablesForks } from '../netfilter/iptables-forks.ts'
import { newTraceMemory } from '../netfilter/memory/trace-memory.ts'
import { OUTCOME } from '../netfilter/outcome.ts'
import type { DrawPlace, ForkOf, ForkOption } from '../netfilter/steered-draws.ts'
import { type Trace, trace } from '../netfilter/trace.ts'
import type { PacketPaths, PathNode } from '../output/paths/packet-paths.ts'
import { badInput, type Problem } from '../problem/problem.ts'
import type { Ruleset } from '../ruleset/ruleset.ts'
import { streamSeed } from '../sim/random.ts'
import { type PathRules, pathRuleset } from './path-ruleset.ts'

export interface PathChoice {
  /** Place of the node where the packet meets the rules. */
  readonly node: number
  /** `outside`, `node`, or the address of one of its pods. */
  readonly sender: string
  /** Place of the destination. */
  readonly destination: number
  /** Which option is taken at each draw, in the order they are drawn; the first where nothing is said. */
  readonly taken: readonly number[]
}

export interface PathWalk {
  readonly hops: readonly WalkedHop[]
  /** Where the endpoint that was chosen runs, as `pod NAME on NODE`; empty when none was. */
  readonly end: string
  readonly rulesEvaluated: number
  /** Of both hops, by backend, in ns. */
  readonly modelled: readonly { readonly backend: string; readonly ns: number }[]
  readonly forks: readonly WalkedFork[]
}

export interface WalkedHop extends PathRules {
  readonly node: PathNode
  readonly traced: Trace
  /** In words: as many as rules were looked at, so made when they are read. */
  explain(): ExplainedTrace
}

/** A place where chance chose. */
export interface WalkedFork {
  /** Place in `hops`. */
  readonly hop: number
  readonly place: DrawPlace
  readonly options: readonly ForkOption[]
  readonly taken: number
}

const CLIENT_PORT = 40_000
/** A client outside the cluster, of addresses kept for documentation (RFC 5737, RFC 3849). */
const OUTSIDE = { 4: '198.51.100.1', 6: '2001:db8:ffff::1' } as const

export class PathWalker {
  readonly paths: PacketPaths
  readonly #rulesets = new Map<number, OpenRuleset>()

  constructor(paths: PacketPaths) {
    this.paths = paths
  }

  walk(choice: PathChoice): E.Either<Problem, PathWalk> {
    const { nodes, destinations, profiles } = this.paths
    const destination = destinations[choice.destination]
    const forks: WalkedFork[] = []
    const modelled = profiles.map(({ backend }) => ({ backend, ns: 0 }))
    const hops: WalkedHop[] = []
    let packet: Packet | undefined = firstPacket(nodes[choice.node], choice, destination)
    let at = choice.node
    let end = ''
    while (packet !== undefined) {
      const { family } = packet
      const place: number = nodes[at][hops.length === 0 ? 'sent' : 'translated'][family === 4 ? 0 : 1]
      if (place < 0) return E.left(noRules(nodes[at], family))
      const opened = this.#open(place)
      if (E.isLeft(opened)) return opened
      const { ruleset, standIns, sizes, spread, forkOf } = opened.right
      const drawn = new Map<string, number>()
      const draw = (_: number, where: DrawPlace): number => {
        const options = named(forkOf(where), ruleset, where)
        const taken = Math.min(choice.taken[forks.length] ?? 0, options.length - 1)
        forks.push({ hop: hops.length, place: where, options, taken })
        drawn.set(`${where.table} ${where.chain} ${where.index}`, options[taken].bound)
        return options[taken].bound
      }
      const tracker = asksConntrack(ruleset) ? new PlainConntrack(streamSeed('path', 'page')) : NO_CONNTRACK
      const host = hostOf(nodes[at], family)
      const came = packet
      const traced = trace(ruleset, host, came, draw, { memory: newTraceMemory(ruleset, tracker) })
      if (E.isLeft(traced)) return traced
      const way: Trace = traced.right
      hops.push({
        node: nodes[at],
        ruleset,
        standIns,
        traced: way,
        explain: once(() => explainIptables(ruleset, came, way, drawn)),
      })
      profiles.forEach((profile, i) => {
        modelled[i].ns += itemsNs(profile, traceTerms(profile.backend, sizes, way, spread))
      })
      const backend = way.dnat === undefined && hops.length === 1 ? undefined : this.#backendOf(way.packet)
      end = backend === undefined ? end : endText(backend.pod, backend.address, nodes[backend.node]?.name)
      const next = backend?.node ?? -1
      const goesOn = hops.length === 1 && way.outcome === OUTCOME.toUplink && next >= 0 && next !== at
      packet = goesOn ? translatedPacket(way.packet) : undefined
      at = goesOn ? next : at
    }
    const rulesEvaluated = hops.reduce((sum, hop) => sum + hop.traced.rulesEvaluated, 0)
    return E.right({ hops, end, rulesEvaluated, modelled, forks })
  }

  #backendOf({ family, destination }: Packet): PacketPaths['backends'][number] | undefined {
    const address = formatIp({ family, value: readIpWords(destination, 0) })
    return this.paths.backends.find(b => b.address === address)
  }

  #open(place: number): E.Either<Problem, OpenRuleset> {
    const known = this.#rulesets.get(place)
    if (known !== undefined) return E.right(known)
    const { recentLists, spread } = this.paths.rulesets[place]
    return E.map((rules: PathRules): OpenRuleset => {
      const sizes = { ...rulesetSizes(rules.ruleset), recentLists }
      const opened = { ...rules, sizes, spread, forkOf: iptablesForks(rules.ruleset) }
      this.#rulesets.set(place, opened)
      return opened
    })(pathRuleset(this.paths, place))
  }
}

/** What takes none of the rules that draw comes to the rule behind them, as a Service's last endpoint: it has that rule's name. */
function named(options: readonly ForkOption[], { tables }: Ruleset, { table, chain, index }: DrawPlace) {
  const { rules } = tables.find(t => t.name === table)!.chains.get(chain)!
  const behind = rules.slice(index).find(r => !r.matches.some(m => m.kind === 'statistic'))?.verdict
  return options.map(option =>
    option.name === 'none of them' && behind !== undefined && 'chain' in behind
      ? { ...option, name: behind.chain }
      : option,
  )
}

interface OpenRuleset extends PathRules {
  readonly sizes: RulesetSizes
  readonly spread: number
  readonly forkOf: ForkOf
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

const noRules = ({ name }: PathNode, family: number): Problem =>
  badInput({ field: name }, `has no rules of IPv${family}`, 'choose another node')

const endText = (pod: string, address: string, node: string | undefined): string =>
  `${pod === '' ? address : `pod ${pod}`}${node === undefined ? ', on no node of the cluster' : ` on ${node}`}`

const hostOf = (node: PathNode, family: 4 | 6): HostView =>
  hostView(
    {
      localAddresses: node.addresses,
      podPrefixes: node.podPrefixes,
      uplinkName: node.uplinkName,
      podInterfaceName: node.podInterfaceName,
    },
    family,
  )

function firstPacket(
  node: PathNode,
  { sender }: PathChoice,
  { family, address, port, protocol }: PacketPaths['destinations'][number],
): Packet {
  const own = node.addresses.find(a => a.includes(':') === (family === 6)) ?? ''
  const from: Readonly<Record<string, readonly [string, Origin]>> = {
    outside: [OUTSIDE[family], ORIGIN.uplink],
    node: [own, ORIGIN.node],
  }
  const [source, origin] = from[sender] ?? [sender, ORIGIN.pod]
  const packet = newPacket(family)
  writeIpWords(parseIp(source)?.value ?? 0n, packet.source, 0)
  writeIpWords(parseIp(address === '' ? own : address)?.value ?? 0n, packet.destination, 0)
  return Object.assign(packet, { protocol, sourcePort: CLIENT_PORT, destinationPort: port, origin })
}

/** As it arrives at the node of its endpoint: a new connection from the uplink, without the mark of the other node. */
function translatedPacket(left: Packet): Packet {
  const packet = newPacket(left.family)
  packet.source.set(left.source)
  packet.destination.set(left.destination)
  const { protocol, sourcePort, destinationPort } = left
  return Object.assign(packet, { protocol, sourcePort, destinationPort, origin: ORIGIN.uplink, ctState: CT.NEW })
}
