/** Pods, their events and logs in memory for tests; a test states only what it is about. */
import * as E from 'fp-ts/lib/Either.js'
import type { ClusterEvent } from '../src/cluster/cluster-event.ts'
import type { Pod, Service } from '../src/cluster/objects.ts'
import type { LogParts } from '../src/eventlog/byte-store.ts'
import { createLog } from '../src/eventlog/event-log.ts'
import { MemoryBytes } from '../src/eventlog/memory-bytes.ts'

export const makePod = (fields: Partial<Pod> = {}): Pod => ({
  kind: 'Pod',
  namespace: 'default',
  name: 'web-1',
  labels: { app: 'web' },
  nodeName: 'node-1',
  podIPs: ['10.0.0.1'],
  phase: 'Running',
  ready: true,
  terminating: false,
  hostNetwork: false,
  containerPorts: [{ name: '', port: 8080, protocol: 'TCP' }],
  ...fields,
})

export const makeService = (fields: Partial<Service> = {}): Service => ({
  kind: 'Service',
  namespace: 'default',
  name: 'web',
  labels: {},
  type: 'ClusterIP',
  selector: { app: 'web' },
  clusterIPs: ['10.96.0.10'],
  ipFamilies: ['IPv4'],
  ports: [{ name: '', protocol: 'TCP', port: 80, targetPort: 8080, nodePort: 0 }],
  sessionAffinity: 'None',
  affinityTimeoutSeconds: 10800,
  externalTrafficPolicy: 'Cluster',
  internalTrafficPolicy: 'Cluster',
  externalIPs: [],
  loadBalancerIngress: [],
  loadBalancerSourceRanges: [],
  healthCheckNodePort: 0,
  allocateLoadBalancerNodePorts: true,
  publishNotReadyAddresses: false,
  externalName: '',
  ...fields,
})

/** One pod a sequence number, `count` of them from `first` on, a millisecond apart. */
export const makePodEvents = (count: number, first = 0): ClusterEvent[] =>
  Array.from({ length: count }, (_, i) => ({
    sequence: first + i,
    timeUs: (first + i) * 1000,
    type: 'ADDED',
    object: makePod({ name: `web-${first + i}` }),
  }))

export const right = <A>(either: E.Either<unknown, A>): A => {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left))
  return either.right
}

/** A log in memory, one append an array. */
export function makeLog(appends: readonly (readonly ClusterEvent[])[]): LogParts<MemoryBytes> {
  const parts = { events: new MemoryBytes('events.arrows'), index: new MemoryBytes('events.idx') }
  const log = right(createLog(parts))
  for (const events of appends) right(log.append(events))
  return parts
}
