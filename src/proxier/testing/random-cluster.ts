/** Random small clusters and settings, rich in what makes nodes' rules differ: policies, hints, repeated addresses, source ranges. */
import fc from 'fast-check'
import type { ClusterState } from '../../cluster/cluster-state.ts'
import type { Endpoint, Service } from '../../cluster/objects.ts'
import type { ProxierConfig } from '../proxier-config.ts'
import { DEFAULT_PROXIER_CONFIG, DETECT_LOCAL_MODES } from '../proxier-config.ts'
import { makeEndpoint, makeNode, makePort, makeService, makeSlice, makeState } from './make-objects.ts'

export interface RandomCluster {
  readonly state: ClusterState
  readonly nodeNames: readonly string[]
}

const NODES = ['a', 'b', 'c', 'd']
const ZONES = ['x', 'y']

export const randomEndpoint: fc.Arbitrary<Endpoint> = fc
  .record({
    host: fc.integer({ min: 1, max: 6 }),
    ready: fc.boolean(),
    serving: fc.boolean(),
    terminating: fc.boolean(),
    nodeName: fc.constantFrom('', ...NODES),
    hintZones: fc.option(fc.subarray(ZONES), { nil: undefined, freq: 3 }),
    hintNodes: fc.option(fc.subarray(NODES), { nil: undefined }),
  })
  .map(({ host, ...parts }) => makeEndpoint(`10.244.0.${host}`, parts))

const policy = fc.constantFrom('Cluster' as const, 'Local' as const)

export const randomService: fc.Arbitrary<Partial<Service>> = fc.record({
  type: fc.constantFrom('ClusterIP' as const, 'NodePort' as const, 'LoadBalancer' as const),
  externalTrafficPolicy: policy,
  internalTrafficPolicy: policy,
  sessionAffinity: fc.constantFrom('None' as const, 'ClientIP' as const),
  externalIPs: fc.subarray(['198.51.100.1', '198.51.100.2']),
  loadBalancerIngress: fc.subarray(['203.0.113.1', '203.0.113.2']).map(ips => ips.map(ip => ({ ip }))),
  loadBalancerSourceRanges: fc.subarray(['192.0.2.0/24', '172.16.0.2/31', '0.0.0.0/0']),
  healthCheckNodePort: fc.constantFrom(0, 32000),
  ports: fc.constantFrom(0, 30080).map(nodePort => [makePort({ nodePort })]),
})

export const randomCluster: fc.Arbitrary<RandomCluster> = fc
  .record({
    services: fc.array(fc.tuple(randomService, fc.array(randomEndpoint, { maxLength: 8 })), { maxLength: 4 }),
    zones: fc.array(fc.constantFrom(undefined, ...ZONES), { minLength: NODES.length, maxLength: NODES.length }),
  })
  .map(({ services, zones }) => ({
    nodeNames: NODES,
    state: makeState(
      ...NODES.map((name, i) =>
        makeNode(name, { zone: zones[i], ip: `172.16.0.${i + 1}`, podCIDRs: i === 3 ? [] : [`10.244.${i}.0/24`] }),
      ),
      ...services.flatMap(([parts, endpoints], i) => [
        makeService({ name: `s${i}`, clusterIPs: [`10.96.0.${i + 1}`], ...parts }),
        makeSlice(endpoints, { serviceName: `s${i}` }),
      ]),
    ),
  }))

export const randomConfig: fc.Arbitrary<ProxierConfig> = fc
  .record({
    masqueradeAll: fc.boolean(),
    nfacct: fc.boolean(),
    localhostNodePorts: fc.boolean(),
    detectLocalMode: fc.constantFrom(...DETECT_LOCAL_MODES),
    nodePortAddresses: fc.constantFrom([], ['primary'], ['172.16.0.0/30', '127.0.0.0/8'], ['0.0.0.0/0']),
    largeClusterEndpoints: fc.constantFrom(3, 1000),
  })
  .map(parts => ({ ...DEFAULT_PROXIER_CONFIG, clusterCidrs: ['10.244.0.0/16'], podBridgeInterface: 'cni0', ...parts }))
