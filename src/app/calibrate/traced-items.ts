/**
 * What a mean packet pays under iptables rules, by traces of a few. Choices of a backend are stratified, so that few traces give the mean
 * of many packets; every first packet is a new client's.
 */
import * as E from 'fp-ts/lib/Either.js'
import { parseIp, writeIpWords } from '../../net/ip.ts'
import type { Packet } from '../../net/packet.ts'
import { newPacket, ORIGIN } from '../../net/packet.ts'
import { PlainConntrack } from '../../netfilter/conntrack/plain-conntrack.ts'
import type { CostBackend, CostItem } from '../../netfilter/cost/cost-profile.ts'
import { meanItems } from '../../netfilter/cost/mean-items.ts'
import { rulesetSizes, traceTerms } from '../../netfilter/cost/trace-terms.ts'
import { hostView } from '../../netfilter/host.ts'
import { newTraceMemory } from '../../netfilter/memory/trace-memory.ts'
import { type Trace, type TraceOptions, trace } from '../../netfilter/trace.ts'
import { describeProblem } from '../../problem/problem.ts'
import type { Ruleset } from '../../ruleset/ruleset.ts'
import { type Destination, NODE_ADDRESS, POD_CIDR } from './service-world.ts'

export interface TracedTraffic {
  readonly backend: CostBackend
  readonly ruleset: Ruleset
  /** Met in turn. */
  readonly destinations: readonly Destination[]
  /** A client. */
  readonly source: string
  /** Backends that the traffic spreads over. */
  readonly spread: number
}

/** First packets; `count` traces. */
export function firstPacketItems(traffic: TracedTraffic, count: number): readonly CostItem[] {
  const { backend, ruleset, spread } = traffic
  const sizes = rulesetSizes(ruleset)
  const to = sample(traffic.destinations, count)
  return meanItems(
    Array.from({ length: count }, (_, i) => {
      const word = Math.floor(((i + 0.5) / count) * 2 ** 32)
      const memory = newTraceMemory(ruleset, new PlainConntrack({ low: 1, high: 2 }))
      // Strides apart, so that the choice of a backend does not go with that of a Service.
      const packet = packetTo(to[(i * STRIDE) % to.length], traffic.source)
      return traceTerms(backend, sizes, traceOf(ruleset, packet, word, { memory }), spread)
    }),
  )
}

/** A later packet of a connection to the first destination. */
export function laterPacketItems({
  backend,
  ruleset,
  destinations,
  source,
  spread,
}: TracedTraffic): readonly CostItem[] {
  const first = traceOf(ruleset, packetTo(destinations[0], source), 0, {})
  return traceTerms(backend, rulesetSizes(ruleset), traceOf(ruleset, first.packet, 0, { established: true }), spread)
}

const STRIDE = 37

const HOST = hostView(
  { localAddresses: [NODE_ADDRESS], podPrefixes: [POD_CIDR], uplinkName: 'n0', podInterfaceName: 'sink' },
  4,
)

function traceOf(ruleset: Ruleset, packet: Packet, word: number, options: TraceOptions): Trace {
  const traced = trace(ruleset, HOST, packet, () => word, options)
  if (E.isLeft(traced)) throw new Error(describeProblem(traced.left))
  return traced.right
}

function packetTo({ address, port }: Destination, source: string): Packet {
  const packet = newPacket(4)
  writeIpWords(parseIp(source)!.value, packet.source, 0)
  writeIpWords(parseIp(address)!.value, packet.destination, 0)
  return Object.assign(packet, { protocol: 17, sourcePort: 1024, destinationPort: port, origin: ORIGIN.uplink })
}

/** At most `count` of them, evenly. */
const sample = <T>(all: readonly T[], count: number): readonly T[] =>
  all.length <= count ? all : Array.from({ length: count }, (_, i) => all[Math.floor(((i + 0.5) / count) * all.length)])
