/** Random cluster events for property tests: every kind, valid as the API server has it, at the edges of every field. */
import fc from 'fast-check'
import type { ClusterEvent } from '../src/cluster/cluster-event.ts'
import type {
  ClusterNode,
  ClusterObject,
  Endpoint,
  EndpointSlice,
  Pod,
  Service,
  ServiceCidr,
  Workload,
} from '../src/cluster/objects.ts'
import { SERVICE_NAME_LABEL } from '../src/cluster/objects.ts'
import { PROTOCOLS } from '../src/net/protocol.ts'

const name = fc.stringMatching(/^[a-z][a-z0-9]{0,12}(-[a-z0-9]{1,10}){0,2}$/)
const maybe = <T>(arbitrary: fc.Arbitrary<T>, none: T): fc.Arbitrary<T> => fc.oneof(arbitrary, fc.constant(none))
const nodeName = maybe(name, '')
const labels = fc.dictionary(
  fc.stringMatching(/^(example\.com\/)?[A-Za-z][A-Za-z0-9]{0,9}$/),
  fc.stringMatching(/^([A-Za-z0-9][A-Za-z0-9._-]{0,9}[A-Za-z0-9])?$/),
  { maxKeys: 4 },
)
const ipv4 = fc.nat({ max: 0xffff }).map(n => `10.0.${n >> 8}.${n & 255}`)
const ipv6 = fc.integer({ min: 1, max: 0xffff }).map(n => `fd00::${n.toString(16)}`)
const port = fc.integer({ min: 1, max: 65535 })
const protocol = fc.constantFrom(...PROTOCOLS)
const portName = fc.constantFrom('', 'http', 'dns-tcp')
const containerPorts = fc.uniqueArray(fc.record({ name: fc.constant(''), port, protocol }), {
  maxLength: 3,
  selector: p => `${p.port}/${p.protocol}`,
})
const meta = { namespace: name, name, labels }

const pod: fc.Arbitrary<Pod> = fc.record({
  kind: fc.constant('Pod'),
  ...meta,
  nodeName,
  podIPs: fc.oneof(
    fc.constant([]),
    ipv4.map(a => [a]),
    ipv6.map(a => [a]),
    fc.tuple(ipv4, ipv6),
  ),
  phase: fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'),
  ready: fc.boolean(),
  terminating: fc.boolean(),
  hostNetwork: fc.boolean(),
  containerPorts,
})

const endpointOf = (address: fc.Arbitrary<string>): fc.Arbitrary<Endpoint> =>
  fc.record(
    {
      addresses: address.map(a => [a]),
      ready: fc.boolean(),
      serving: fc.boolean(),
      terminating: fc.boolean(),
      nodeName,
      zone: maybe(name, ''),
      hintZones: fc.array(name, { minLength: 1, maxLength: 2 }),
      hintNodes: fc.array(name, { minLength: 1, maxLength: 2 }),
      podName: maybe(name, ''),
    },
    { requiredKeys: ['addresses', 'ready', 'serving', 'terminating', 'nodeName', 'zone', 'podName'] },
  )

const endpointSlice: fc.Arbitrary<EndpointSlice> = fc
  .record(
    {
      kind: fc.constant('EndpointSlice' as const),
      ...meta,
      serviceName: maybe(name, ''),
      addressType: fc.constantFrom('IPv4' as const, 'IPv6' as const),
      ports: fc.oneof(
        fc.constant([]),
        fc
          .record({ name: maybe<string | null>(portName, null), protocol, port: maybe<number | null>(port, null) })
          .map(p => [p]),
      ),
      lastChangeTriggerUs: fc.nat({ max: 2 ** 50 }),
    },
    { requiredKeys: ['kind', 'namespace', 'name', 'labels', 'serviceName', 'addressType', 'ports'] },
  )
  .chain(slice =>
    fc.array(endpointOf(slice.addressType === 'IPv4' ? ipv4 : ipv6), { maxLength: 4 }).map(endpoints => ({
      ...slice,
      labels: slice.serviceName === '' ? slice.labels : { ...slice.labels, [SERVICE_NAME_LABEL]: slice.serviceName },
      endpoints,
    })),
  )

const plainService: fc.Arbitrary<Service> = fc.record(
  {
    kind: fc.constant('Service'),
    ...meta,
    type: fc.constantFrom('ClusterIP', 'NodePort', 'LoadBalancer'),
    selector: labels,
    clusterIPs: ipv4.map(a => [a]),
    ipFamilies: fc.constant<Service['ipFamilies']>(['IPv4']),
    ipFamilyPolicy: fc.constantFrom('SingleStack', 'PreferDualStack'),
    ports: fc
      .record({
        name: portName,
        protocol,
        port,
        targetPort: fc.oneof(port, fc.constant('http')),
        nodePort: fc.constant(0),
      })
      .map(p => [p]),
    sessionAffinity: fc.constantFrom('None', 'ClientIP'),
    affinityTimeoutSeconds: fc.constantFrom(1, 10800, 86400),
    externalTrafficPolicy: fc.constantFrom('Cluster', 'Local'),
    internalTrafficPolicy: fc.constantFrom('Cluster', 'Local'),
    externalIPs: fc.array(ipv4, { maxLength: 1 }),
    loadBalancerIngress: fc.constantFrom([], [{ hostname: 'lb.example.com' }]),
    loadBalancerSourceRanges: fc.constant([]),
    healthCheckNodePort: fc.constant(0),
    allocateLoadBalancerNodePorts: fc.boolean(),
    publishNotReadyAddresses: fc.boolean(),
    externalName: fc.constant(''),
  },
  { noNullPrototype: true },
)

/** With fields that are absent as a rule. */
const service: fc.Arbitrary<Service> = fc
  .tuple(
    plainService,
    fc.constantFrom<Partial<Service>>(
      {},
      { trafficDistribution: 'PreferClose' },
      { trafficDistribution: 'PreferSameNode', topologyMode: 'Auto' },
    ),
  )
  .map(([plain, more]) => ({ ...plain, ...more }))

const plainNode: fc.Arbitrary<ClusterNode> = fc.record({
  kind: fc.constant('Node'),
  ...meta,
  namespace: fc.constant(''),
  podCIDRs: fc.nat({ max: 255 }).map(n => [`10.${n}.0.0/24`]),
  addresses: ipv4.map(address => [{ type: 'InternalIP', address }]),
  ready: fc.boolean(),
})

const node: fc.Arbitrary<ClusterNode> = fc
  .tuple(plainNode, fc.constantFrom<Partial<ClusterNode>>({}, { unschedulable: true }))
  .map(([plain, more]) => ({ ...plain, ...more }))

const serviceCidr: fc.Arbitrary<ServiceCidr> = fc.record({
  kind: fc.constant('ServiceCIDR'),
  ...meta,
  namespace: fc.constant(''),
  cidrs: fc.constant(['10.96.0.0/12']),
})

const workload: fc.Arbitrary<Workload> = fc.record({
  kind: fc.constantFrom('Deployment', 'StatefulSet', 'ReplicaSet'),
  ...meta,
  replicas: fc.nat({ max: 1000 }),
  podLabels: labels,
  containerPorts,
  hostNetwork: fc.boolean(),
  owned: fc.constant(false),
})

export const arbitraryObject: fc.Arbitrary<ClusterObject> = fc.oneof(
  { weight: 3, arbitrary: pod },
  { weight: 3, arbitrary: endpointSlice },
  service,
  node,
  serviceCidr,
  workload,
)

/** Events in a log's order: sequences from `first` on, times that never fall and often stay. */
export const arbitraryEvents = (first = 0, maxLength = 40): fc.Arbitrary<ClusterEvent[]> =>
  fc
    .array(
      fc.record({
        object: arbitraryObject,
        type: fc.constantFrom('ADDED' as const, 'MODIFIED' as const, 'DELETED' as const),
        stepUs: maybe(fc.nat({ max: 2 ** 40 }), 0),
      }),
      { maxLength },
    )
    .map(steps => {
      let timeUs = 0
      return steps.map(({ object, type, stepUs }, i) => {
        timeUs += stepUs
        return { sequence: first + i, timeUs, type, object }
      })
    })
