/**
 * The two proxy modes agree: the same packet meets the same fate in the iptables and in the nftables rules of any cluster, reaches the
 * same endpoints, and leaves with the same source and mark. Except where the real kube-proxy's modes differ too: a node that contacts
 * an external address without endpoints (iptables mode hangs no refusal on OUTPUT), and source ranges of a Service without endpoints
 * (nftables mode drops outsiders before it rejects).
 */

import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { ClusterState } from '../src/cluster/cluster-state.ts'
import { formatIp, parseIp, readIpWords, writeIpWords } from '../src/net/ip.ts'
import { newPacket, ORIGIN, type Packet } from '../src/net/packet.ts'
import { PROTOCOL_NUMBER } from '../src/net/protocol.ts'
import { hostView } from '../src/netfilter/host.ts'
import { refuseNft } from '../src/netfilter/nft/check-nft.ts'
import { traceNft } from '../src/netfilter/nft/trace-nft.ts'
import { OUTCOME_NAMES } from '../src/netfilter/outcome.ts'
import { trace } from '../src/netfilter/trace.ts'
import { describeProblem } from '../src/problem/problem.ts'
import { categorizeEndpoints } from '../src/proxier/categorize-endpoints.ts'
import { iptablesRuleset } from '../src/proxier/iptables-proxier.ts'
import { nftablesRuleset } from '../src/proxier/nftables-proxier.ts'
import type { ProxierConfig } from '../src/proxier/proxier-config.ts'
import { proxierNode } from '../src/proxier/proxier-node.ts'
import { servicePorts } from '../src/proxier/service-ports.ts'
import { makeState } from '../src/proxier/testing/make-objects.ts'
import { randomCluster, randomConfig } from '../src/proxier/testing/random-cluster.ts'
import { uncontested } from '../src/proxier/testing/uncontested.ts'

const NODE_IP = '172.16.0.1'

const HOST = hostView(
  { localAddresses: [NODE_IP], podPrefixes: ['10.244.0.0/24'], uplinkName: 'eth0', podInterfaceName: 'cni0' },
  4,
)

interface Sender {
  readonly address: string
  readonly origin: Packet['origin']
}

const SENDERS: readonly Sender[] = [
  { address: '10.244.0.1', origin: ORIGIN.pod }, // may be an endpoint itself
  { address: '10.244.0.99', origin: ORIGIN.pod },
  { address: '10.244.7.9', origin: ORIGIN.uplink },
  { address: '172.16.0.3', origin: ORIGIN.uplink },
  { address: '192.0.2.7', origin: ORIGIN.uplink },
  { address: '198.18.0.1', origin: ORIGIN.uplink },
  { address: NODE_IP, origin: ORIGIN.node },
]

/** Evenly spread draws: more than there are endpoints. */
const DRAWS = 12

describe('iptables and nftables mode', () => {
  it('give every packet the same fate', () => {
    fc.assert(
      fc.property(randomCluster.map(uncontested), randomConfig, ({ state }, config) => {
        const cluster = withoutAffinity(state)
        const fates = fatesIn(cluster, { ...config, localhostNodePorts: false })
        for (const sender of SENDERS)
          for (const { address, port, isComparable } of destinationsOf(cluster)) {
            if (!isComparable(sender)) continue
            const [iptables, nftables] = fates(sender, address, port)
            expect(nftables, `${sender.address} to ${address}:${port}`).toEqual(iptables)
          }
      }),
      { numRuns: 25 },
    )
  })
})

/** The fates a packet may meet in each mode, over many draws. */
function fatesIn(
  state: ClusterState,
  config: ProxierConfig,
): (sender: Sender, address: string, port: number) => readonly [iptables: string[], nftables: string[]] {
  const iptables = iptablesRuleset(state, 'a', config, 4)
  const nftables = nftablesRuleset(state, 'a', config, 4)
  expect(refuseNft(nftables)).toBeUndefined()
  const throughIptables = (packet: Packet, word: number): string => {
    const traced = trace(iptables, HOST, packet, () => word)
    if (E.isLeft(traced)) throw new Error(describeProblem(traced.left))
    return fateOf(traced.right)
  }
  const throughNftables = (packet: Packet, word: number): string => fateOf(traceNft(nftables, HOST, packet, () => word))
  return (sender, address, port) => {
    const over = (through: typeof throughIptables): string[] => {
      const seen = new Set<string>()
      for (let i = 0; i < DRAWS; i++)
        seen.add(through(packetOf(sender, address, port), Math.floor(((i + 0.5) / DRAWS) * 2 ** 32)))
      return [...seen].sort()
    }
    return [over(throughIptables), over(throughNftables)]
  }
}

function fateOf({ outcome, packet }: { readonly outcome: number; readonly packet: Packet }): string {
  const address = (words: Uint32Array): string => formatIp({ family: 4, value: readIpWords(words, 0) })
  const name = OUTCOME_NAMES[outcome]
  // What a refused packet looks like by then depends on the hook that refused it.
  if (name === 'dropped' || name === 'rejected') return name
  return `${name} ${address(packet.source)} > ${address(packet.destination)}:${packet.destinationPort} ${packet.mark}`
}

function packetOf({ address, origin }: Sender, destination: string, port: number): Packet {
  const packet = newPacket(4)
  writeIpWords(parseIp(address)!.value, packet.source, 0)
  writeIpWords(parseIp(destination)!.value, packet.destination, 0)
  packet.protocol = PROTOCOL_NUMBER.TCP
  packet.sourcePort = 40_000
  packet.destinationPort = port
  packet.origin = origin
  return packet
}

interface Destination {
  readonly address: string
  readonly port: number
  readonly isComparable: (sender: Sender) => boolean
}

/** Wherever a packet may go to reach a Service. */
function destinationsOf(state: ClusterState): Destination[] {
  const node = proxierNode(state.nodes.get('a')!.object, 4, '')
  return servicePorts(state, 4).flatMap(servicePort => {
    const { clusterIP, externalIPs, loadBalancerVIPs, sourceRanges, port, nodePort } = servicePort
    const { hasAny } = categorizeEndpoints(servicePort, node)
    const always = (): boolean => true
    const external = (sender: Sender): boolean => hasAny || sender.origin !== ORIGIN.node
    const balanced = (sender: Sender): boolean => external(sender) && (hasAny || sourceRanges.length === 0)
    return [
      { address: formatIp(clusterIP), port, isComparable: always },
      ...externalIPs.map(ip => ({ address: formatIp(ip), port, isComparable: external })),
      ...loadBalancerVIPs.map(ip => ({ address: formatIp(ip), port, isComparable: balanced })),
      ...(nodePort === 0 ? [] : [{ address: NODE_IP, port: nodePort, isComparable: external }]),
    ]
  })
}

/** Session affinity asks what a node remembers. */
function withoutAffinity(state: ClusterState): ClusterState {
  const services = [...state.services.values()].map(({ object }) => ({ ...object, sessionAffinity: 'None' as const }))
  const others = [...state.nodes.values(), ...state.endpointSlices.values()].map(s => s.object)
  return makeState(...others, ...services)
}
