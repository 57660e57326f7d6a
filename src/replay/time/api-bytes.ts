/**
 * What the API server sends to kube-proxies: every change of a Service or EndpointSlice goes to every node that is there. As JSON watch
 * events; kube-proxy asks for protobuf, which is smaller.
 */
import type { ClusterEvent } from '../../cluster/cluster-event.ts'
import type { Endpoint, EndpointSlice, Service } from '../../cluster/objects.ts'
import { toKubernetes } from '../../cluster/to-kubernetes.ts'
import { isLeftToOthers } from '../../proxier/service-endpoints.ts'
import type { TimeUs } from '../../sim/time.ts'
import type { NodeTimes, TimedPlan } from './timed-plan.ts'

export interface ApiBytes {
  /** By window: changes, and bytes over all nodes. */
  readonly changes: Float64Array
  readonly bytes: Float64Array
}

export function apiBytes(events: readonly ClusterEvent[], plan: TimedPlan): ApiBytes {
  const { windowCount, windowUs, nodes } = plan
  const changes = new Float64Array(windowCount)
  const bytes = new Float64Array(windowCount)
  for (const { type, timeUs, object } of events) {
    if (timeUs === 0 || (object.kind !== 'Service' && object.kind !== 'EndpointSlice') || isLeftToOthers(object.labels))
      continue
    const window = Math.min(windowCount - 1, Math.floor(timeUs / windowUs))
    const size = object.kind === 'Service' ? eventBytes(type, object) : sliceBytes(type, object)
    changes[window]++
    bytes[window] += size * watchers(nodes, timeUs)
  }
  return { changes, bytes }
}

const eventBytes = (type: ClusterEvent['type'], object: Service | EndpointSlice): number =>
  Buffer.byteLength(JSON.stringify({ type, object: toKubernetes(object) })) + 1

/** A slice has the same endpoints but for one from version to version: each is written once. */
function sliceBytes(type: ClusterEvent['type'], slice: EndpointSlice): number {
  const empty = { ...slice, endpoints: [] }
  const without = eventBytes(type, empty)
  let bytes = without + Math.max(0, slice.endpoints.length - 1)
  for (const endpoint of slice.endpoints) {
    let own = endpointBytes.get(endpoint)
    if (own === undefined) {
      own = eventBytes(type, { ...slice, endpoints: [endpoint] }) - without
      endpointBytes.set(endpoint, own)
    }
    bytes += own
  }
  return bytes
}

const endpointBytes = new WeakMap<Endpoint, number>()

function watchers({ count, joinedUs, outageStart, lostUs, foundUs }: NodeTimes, timeUs: TimeUs): number {
  let there = 0
  for (let n = 0; n < count; n++) if (joinedUs[n] <= timeUs) there++
  for (let o = 0; o < outageStart[count]; o++) if (lostUs[o] <= timeUs && timeUs < foundUs[o]) there--
  return there
}
