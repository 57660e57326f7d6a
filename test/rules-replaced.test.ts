/**
 * Finding 13 of the experiments with Linux 6.18 (packet-semantics.test.ts has the others): rules replaced under a live flow. The flow stays
 * on the old, deleted endpoint; new flows use the new one; after `conntrack -D` the same tuple goes to the new endpoint. By every evaluator.
 */
import { describe, expect, it } from 'vitest'
import { formatIp, type IpFamily, parseIp, readIpWords, writeIpWords } from '../src/net/ip.ts'
import { newPacket, type Packet } from '../src/net/packet.ts'
import { compile } from '../src/netfilter/compile.ts'
import { Conntrack } from '../src/netfilter/conntrack/conntrack.ts'
import type { Tracker } from '../src/netfilter/conntrack/tracker.ts'
import { newEngine } from '../src/netfilter/engine.ts'
import { evaluateTracked } from '../src/netfilter/evaluate.ts'
import type { HostView } from '../src/netfilter/host.ts'
import { newNodeMemory } from '../src/netfilter/memory/node-memory.ts'
import { newTraceMemory } from '../src/netfilter/memory/trace-memory.ts'
import { compileNft } from '../src/netfilter/nft/compile-nft.ts'
import { evaluateNft } from '../src/netfilter/nft/evaluate-nft.ts'
import { newNftEngine } from '../src/netfilter/nft/nft-engine.ts'
import { newNftMemory } from '../src/netfilter/nft/nft-memory.ts'
import { traceNft } from '../src/netfilter/nft/trace-nft.ts'
import { trace } from '../src/netfilter/trace.ts'
import { makePort } from '../src/proxier/testing/make-objects.ts'
import type { NodeRules } from '../src/replay/flows/node-rules.ts'
import { FLOW_INTERFACES, topologyHost } from '../src/replay/flows/topology-host.ts'
import {
  ADDRESSES,
  atPort,
  EVALUATORS,
  modeOf,
  podAddress,
  right,
  rulesOf,
  TOPOLOGY,
  webCluster,
} from './semantics-world.ts'

const SEED = { low: 1, high: 2 }
const draw = (): number => 0

/** Packets through these rules at a node that remembers what `tracker` does; answers the packet as it left. */
function passer(
  { mode, ruleset }: NodeRules,
  isTrace: boolean,
  host: HostView,
  tracker: Tracker,
): (packet: Packet) => Packet {
  if (mode === 'iptables') {
    if (isTrace) {
      const memory = newTraceMemory(ruleset, tracker)
      return packet => right(trace(ruleset, host, packet, draw, { memory })).packet
    }
    const engine = newEngine(right(compile([ruleset], true)), SEED)
    const memory = newNodeMemory(engine.program, tracker)
    return packet => {
      evaluateTracked(engine, memory, host, packet, 1)
      return packet
    }
  }
  if (isTrace) {
    const memory = newNftMemory(ruleset, tracker)
    return packet => traceNft(ruleset, host, packet, draw, { memory }).packet
  }
  const engine = newNftEngine(compileNft(ruleset), host, SEED, tracker)
  return packet => {
    evaluateNft(engine, packet, 40)
    return packet
  }
}

function udpFrom(family: IpFamily, sourcePort: number): Packet {
  const packet = Object.assign(newPacket(family), { protocol: 17, sourcePort, destinationPort: 80 })
  writeIpWords(parseIp(ADDRESSES[family].client)!.value + 1n, packet.source, 0)
  writeIpWords(parseIp(ADDRESSES[family].service)!.value, packet.destination, 0)
  return packet
}

describe.each(EVALUATORS)('13: rules replaced under a live flow, %s', name => {
  it.each([4, 6] as const)('IPv%i', family => {
    const host = topologyHost(TOPOLOGY[family], [], FLOW_INTERFACES, family)
    const rulesFor = (pod: number): NodeRules =>
      rulesOf(webCluster(family, [pod], { ports: [makePort({ protocol: 'UDP' })] }), modeOf(name), family)
    const at = (pod: number): string => atPort(podAddress(family, pod), 8080)
    const isTrace = name.startsWith('trace')
    const tracker = new Conntrack(family, SEED)
    const before = passer(rulesFor(1), isTrace, host, tracker)
    const after = passer(rulesFor(2), isTrace, host, tracker)
    const arrivesAt = (pass: typeof before, sourcePort: number): string => {
      const { destination, destinationPort } = pass(udpFrom(family, sourcePort))
      return atPort(formatIp({ family, value: readIpWords(destination, 0) }), destinationPort)
    }
    expect(arrivesAt(before, 1_000)).toBe(at(1))
    expect([arrivesAt(after, 1_000), arrivesAt(after, 2_000), arrivesAt(after, 1_000)]).toEqual([at(1), at(2), at(1)])
    expect(tracker.forgetWhere(({ original }) => original.sourcePort === 1_000)).toBe(1)
    expect([arrivesAt(after, 1_000), arrivesAt(after, 2_000)]).toEqual([at(2), at(2)])
  })
})
