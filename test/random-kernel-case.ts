/**
 * A random small cluster as one node's kube-proxy sees it, and random traffic for it: what the kernel and the simulator are both asked
 * about. Services of every kind and policy, both families, hairpins, refusals, stray packets. A case is a function of its seed.
 */
import fc from 'fast-check'
import type { ClusterState } from '../src/cluster/cluster-state.ts'
import type { Endpoint, Service } from '../src/cluster/objects.ts'
import type { Flow, FlowTopology } from '../src/net/flow.ts'
import { type IpFamily, parseIp, parsePrefix } from '../src/net/ip.ts'
import { ORIGIN, type Origin } from '../src/net/packet.ts'
import type { Protocol } from '../src/net/protocol.ts'
import { DEFAULT_PROXIER_CONFIG, type ProxierConfig } from '../src/proxier/proxier-config.ts'
import {
  makeEndpoint,
  makeNode,
  makePort,
  makeService,
  makeSlice,
  makeState,
} from '../src/proxier/testing/make-objects.ts'
import { TCP_FLAG } from '../src/ruleset/ruleset.ts'

export interface KernelCase {
  readonly seed: number
  readonly family: IpFamily
  readonly state: ClusterState
  readonly config: ProxierConfig
  readonly flows: readonly Flow[]
}

/** The node the rules are of. */
export const CASE_NODE = 'a'
export const CASE_INTERFACES = { uplink: 'eth0', pod: 'cni0' } as const
export const CASE_TOPOLOGY: FlowTopology = {
  nodeIps: ['172.16.0.1', 'fd00:172::1'].map(ip => parseIp(ip)!),
  podPrefixes: ['10.244.0.0/16', 'fd00:244::/56'].map(prefix => parsePrefix(prefix)!),
  localIps: [],
}

export interface CaseOptions {
  readonly family: IpFamily
  readonly affinity: boolean
  /** More than one packet a connection, answers, TCP flags. */
  readonly conversations: boolean
  readonly protocols: readonly Protocol[]
}

export const kernelCase = (seed: number, options: CaseOptions): KernelCase => ({
  seed,
  ...fc.sample(arbitraryCase(options), { seed, numRuns: 1 })[0],
})

const NODES = ['a', 'b', 'c']
const ZONES = ['x', 'y']
/** Prefix of each kind of address, per family. */
const PREFIX = {
  cluster: { 4: '10.96.0.', 6: 'fd00:96::' },
  pod: { 4: '10.244.0.', 6: 'fd00:244::' },
  node: { 4: '172.16.0.', 6: 'fd00:172::' },
  external: { 4: '198.51.100.', 6: '2001:db8:5::' },
  balancer: { 4: '203.0.113.', 6: '2001:db8:9::' },
  outside: { 4: '192.0.2.', 6: '2001:db8:1::' },
} as const
const RANGES = {
  4: ['192.0.2.0/25', '172.16.0.2/31', '10.244.0.0/16'],
  6: ['2001:db8:1::/120', 'fd00:172::2/127'],
} as const
const EVERYWHERE = { 4: '0.0.0.0/0', 6: '::/0' } as const

const address = (kind: keyof typeof PREFIX, family: IpFamily, host: number): string => `${PREFIX[kind][family]}${host}`

type CaseParts = Omit<KernelCase, 'seed'>

function arbitraryCase(options: CaseOptions): fc.Arbitrary<CaseParts> {
  const { family } = options
  return fc
    .record({
      services: arbitraryServices(family, options),
      zones: fc.array(fc.constantFrom(undefined, ...ZONES), { minLength: NODES.length, maxLength: NODES.length }),
      config: arbitraryConfig(family),
    })
    .chain(({ services, zones, config }) => {
      const named = services.map(({ service, endpoints }, i) => ({
        service: makeService({
          ...service,
          name: `s${i}`,
          clusterIPs: [address('cluster', family, i + 1)],
          ipFamilies: [family === 4 ? 'IPv4' : 'IPv6'],
        }),
        endpoints,
      }))
      const state = makeState(
        ...NODES.map((name, i) =>
          makeNode(name, {
            zone: zones[i],
            ip: address('node', family, i + 1),
            podCIDRs: [family === 4 ? `10.244.${i}.0/24` : `fd00:244:0:${i}::/64`],
          }),
        ),
        ...named.flatMap(({ service, endpoints }) => [
          service,
          makeSlice(endpoints, {
            serviceName: service.name,
            addressType: family === 4 ? 'IPv4' : 'IPv6',
            ports: service.ports.map(({ name, protocol }, i) => ({ name, protocol, port: 8080 + i })),
          }),
        ]),
      )
      return fc
        .array(
          arbitraryFlow(
            family,
            named.map(n => n.service),
            options,
          ),
          { minLength: 1, maxLength: 14 },
        )
        .map(flows => ({ family, state, config, flows: withPorts(flows) }))
    })
}

/** Addresses and node ports are one Service's alone, as the API server has it for node ports and as nftables' maps need it. */
const arbitraryServices = (family: IpFamily, options: CaseOptions) =>
  fc
    .integer({ min: 0, max: 6 })
    .chain(count => fc.tuple(...Array.from({ length: count }, (_, i) => arbitraryService(family, i, options))))

const policy = fc.constantFrom('Cluster' as const, 'Local' as const)

function arbitraryService(
  family: IpFamily,
  index: number,
  options: CaseOptions,
): fc.Arbitrary<{ service: Partial<Service>; endpoints: readonly Endpoint[] }> {
  const service: fc.Arbitrary<Partial<Service>> = fc.record({
    type: fc.constantFrom('ClusterIP' as const, 'NodePort' as const, 'LoadBalancer' as const),
    externalTrafficPolicy: policy,
    internalTrafficPolicy: policy,
    sessionAffinity: options.affinity
      ? fc.constantFrom('None' as const, 'ClientIP' as const)
      : fc.constant('None' as const),
    externalIPs: fc.subarray([1, 2].map(host => address('external', family, 10 * index + host))),
    loadBalancerIngress: fc.subarray([1, 2].map(host => ({ ip: address('balancer', family, 10 * index + host) }))),
    loadBalancerSourceRanges: fc.oneof(
      { weight: 3, arbitrary: fc.subarray([...RANGES[family]]) },
      { weight: 1, arbitrary: fc.constant([EVERYWHERE[family]]) },
    ),
    healthCheckNodePort: fc.constantFrom(0, 32_000),
    ports: fc
      .uniqueArray(
        fc.record({ protocol: fc.constantFrom(...options.protocols), nodePort: fc.constantFrom(0, 30_080 + index) }),
        {
          minLength: 1,
          maxLength: 2,
          selector: p => p.protocol,
        },
      )
      .map(ports => ports.map((p, i) => makePort({ ...p, name: `p${i}` }))),
  })
  const endpoint = fc
    .record({
      host: fc.integer({ min: 1, max: 9 }),
      ready: fc.boolean(),
      serving: fc.boolean(),
      terminating: fc.boolean(),
      nodeName: fc.constantFrom('', ...NODES),
      hintZones: fc.option(fc.subarray(ZONES), { nil: undefined, freq: 4 }),
    })
    .map(({ host, ...parts }) => makeEndpoint(address('pod', family, host), parts))
  const endpoints = fc.oneof(
    { weight: 4, arbitrary: fc.array(endpoint, { maxLength: 9 }) },
    { weight: 1, arbitrary: fc.constant([]) },
  )
  return fc.record({ service, endpoints })
}

const arbitraryConfig = (family: IpFamily): fc.Arbitrary<ProxierConfig> =>
  fc
    .record({
      masqueradeAll: fc.boolean(),
      localhostNodePorts: fc.boolean(),
      detectLocalMode: fc.constantFrom('ClusterCIDR' as const, 'NodeCIDR' as const, 'BridgeInterface' as const),
      nodePortAddresses: fc.constantFrom([], ['primary'], ['172.16.0.0/30', 'fd00:172::/64'], [EVERYWHERE[family]]),
      masqueradeBit: fc.constantFrom(14, 0, 31),
    })
    .map(parts => ({
      ...DEFAULT_PROXIER_CONFIG,
      clusterCidrs: ['10.244.0.0/16', 'fd00:244::/56'],
      podBridgeInterface: CASE_INTERFACES.pod,
      ...parts,
    }))

interface Sender {
  readonly origin: Origin
  readonly source: string
}

/** Where traffic comes from: hosts outside and inside the source ranges, other nodes and their pods, pods that are endpoints and not, the node. */
const arbitrarySender = (family: IpFamily): fc.Arbitrary<Sender> =>
  fc.oneof(
    fc.record({
      origin: fc.constant(ORIGIN.uplink),
      source: fc.oneof(
        fc.constantFrom(7, 200).map(host => address('outside', family, host)),
        fc.constantFrom(2, 9).map(host => address('node', family, host)),
        fc.constant(family === 4 ? '10.244.9.9' : 'fd00:244:0:9::9'),
      ),
    }),
    fc.record({
      origin: fc.constant(ORIGIN.pod),
      source: fc.integer({ min: 1, max: 12 }).map(host => address('pod', family, host)),
    }),
    fc.constant({ origin: ORIGIN.node, source: address('node', family, 1) }),
  )

interface Target {
  readonly destination: string
  readonly destinationPort: number
  readonly protocol: Protocol
}

function arbitraryTarget(
  family: IpFamily,
  services: readonly Service[],
  protocols: readonly Protocol[],
): fc.Arbitrary<Target> {
  const targets: Target[] = services.flatMap(service =>
    service.ports.flatMap(({ protocol, port, nodePort }) => [
      ...[...service.clusterIPs, ...service.externalIPs, ...service.loadBalancerIngress.map(i => i.ip!)].map(
        destination => ({ destination, destinationPort: port, protocol }),
      ),
      ...(nodePort === 0 ? [] : [{ destination: address('node', family, 1), destinationPort: nodePort, protocol }]),
    ]),
  )
  // Beside every Service: ports and addresses of none, pods, other nodes, the node itself.
  const stray: fc.Arbitrary<Target> = fc.record({
    destination: fc.oneof(
      fc.constantFrom(1, 2, 77).map(host => address('cluster', family, host)),
      fc.constantFrom(1, 5).map(host => address('pod', family, host)),
      fc.constantFrom(1, 2).map(host => address('node', family, host)),
      fc.constant(address('outside', family, 7)),
    ),
    destinationPort: fc.constantFrom(80, 8080, 30_080, 4321),
    protocol: fc.constantFrom(...protocols),
  })
  return targets.length === 0
    ? stray
    : fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...targets) }, { weight: 1, arbitrary: stray })
}

/** What a TCP connection may begin with, and go on with: also what no stack would send. */
const FLAGS = [
  TCP_FLAG.SYN,
  TCP_FLAG.ACK,
  TCP_FLAG.PSH | TCP_FLAG.ACK,
  TCP_FLAG.SYN | TCP_FLAG.ACK,
  TCP_FLAG.FIN | TCP_FLAG.ACK,
  TCP_FLAG.RST,
  TCP_FLAG.FIN,
  TCP_FLAG.SYN | TCP_FLAG.FIN,
]

function arbitraryFlow(family: IpFamily, services: readonly Service[], options: CaseOptions): fc.Arbitrary<Flow> {
  const conversation = options.conversations
    ? fc.record({
        packetCount: fc.integer({ min: 1, max: 3 }),
        reply: fc.boolean(),
        tcpFlags: fc.option(fc.array(fc.constantFrom(...FLAGS), { minLength: 3, maxLength: 3 }), {
          nil: undefined,
          freq: 2,
        }),
      })
    : fc.constant({ packetCount: 1, reply: false, tcpFlags: undefined })
  return fc
    .record({
      sender: arbitrarySender(family),
      target: arbitraryTarget(family, services, options.protocols),
      connectionCount: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 10, max: 40 })),
      sourceCount: fc.constantFrom(1, 1, 2, 3),
      conversation,
    })
    .map(({ sender, target, connectionCount, sourceCount, conversation: { packetCount, reply, tcpFlags } }) => ({
      id: 0,
      origin: sender.origin,
      source: parseIp(sender.source)!,
      destination: parseIp(target.destination)!,
      protocol: target.protocol,
      destinationPort: target.destinationPort,
      connectionCount,
      // The node has no further addresses to send from.
      sourceCount: sender.origin === ORIGIN.node ? 1 : sourceCount,
      firstSourcePort: 0,
      packetCount,
      // What is SYN first and data then is the default; flags for less than all packets are none.
      ...(tcpFlags === undefined || target.protocol !== 'TCP' ? {} : { tcpFlags: tcpFlags.slice(0, packetCount) }),
      reply,
      delayUs: 0,
      gapUs: 0,
    }))
}

/** Ports of its own for every flow: no two connections of a case are the same. */
const withPorts = (flows: readonly Flow[]): Flow[] =>
  flows.map((flow, i) => ({ ...flow, id: i, firstSourcePort: 10_000 + 100 * i }))
