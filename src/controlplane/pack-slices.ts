/**
 * Endpoints of one port set into slices with few changes (k8s.io/endpointslice: reconcileByPortMapping): keep what is where it is, fill
 * slices that change anyway, fullest first, then one unchanged slice that takes all the rest, and only then make new ones.
 * Deviation: the real one takes leftover endpoints in random order, this one in the pods' order.
 */
import type { Endpoint, EndpointSlice } from '../cluster/objects.ts'
import { endpointKey } from './desired-endpoints.ts'

export interface Packing {
  readonly create: readonly (readonly Endpoint[])[]
  readonly update: readonly { readonly slice: EndpointSlice; readonly endpoints: readonly Endpoint[] }[]
  readonly remove: readonly EndpointSlice[]
}

interface Filling {
  readonly slice: EndpointSlice
  readonly endpoints: Endpoint[]
  changed: boolean
}

/** `stale` says of an existing slice that it must be written anew whatever its endpoints (its labels changed). */
export function packSlices(
  existing: readonly EndpointSlice[],
  desired: readonly Endpoint[],
  maxEndpointsPerSlice: number,
  stale: (slice: EndpointSlice) => boolean,
): Packing {
  const left = new Map(existing.length === 0 ? [] : desired.map(e => [endpointKey(e), e]))
  const remove: EndpointSlice[] = []
  const kept: Filling[] = []
  for (const slice of existing) {
    const filling = keepDesired(slice, left)
    if (filling.endpoints.length === 0) remove.push(slice)
    else {
      filling.changed ||= stale(slice)
      kept.push(filling)
    }
  }
  const rest = existing.length === 0 ? [...desired] : [...left.values()]
  const changing = kept.filter(f => f.changed).sort((a, b) => b.endpoints.length - a.endpoints.length)
  for (const filling of changing) fill(filling.endpoints, rest, maxEndpointsPerSlice)
  const create: Endpoint[][] = []
  while (rest.length > 0) {
    const roomy = rest.length < maxEndpointsPerSlice ? tightest(kept, rest.length, maxEndpointsPerSlice) : undefined
    if (roomy !== undefined) {
      roomy.changed = true
      fill(roomy.endpoints, rest, maxEndpointsPerSlice)
    } else create.push(rest.splice(0, maxEndpointsPerSlice))
  }
  return { create, update: kept.filter(f => f.changed), remove }
}

/** The slice's endpoints that are still wanted, as they are wanted now; they are taken out of `left`. */
function keepDesired(slice: EndpointSlice, left: Map<string, Endpoint>): Filling {
  const endpoints: Endpoint[] = []
  let changed = false
  for (const endpoint of slice.endpoints) {
    const key = endpointKey(endpoint)
    const wanted = left.get(key)
    if (wanted === undefined) continue
    left.delete(key)
    endpoints.push(wanted)
    changed ||= !sameState(endpoint, wanted)
  }
  return { slice, endpoints, changed: changed || endpoints.length !== slice.endpoints.length }
}

function fill(endpoints: Endpoint[], rest: Endpoint[], max: number): void {
  if (endpoints.length < max) endpoints.push(...rest.splice(0, max - endpoints.length))
}

/** The unchanged slice that is fullest after taking `count` more; undefined when none has the room. */
function tightest(kept: readonly Filling[], count: number, max: number): Filling | undefined {
  let best: Filling | undefined
  for (const f of kept) {
    if (f.changed || f.endpoints.length + count > max) continue
    if (best === undefined || f.endpoints.length > best.endpoints.length) best = f
  }
  return best
}

/** Addresses and pod are equal already: they are the key. */
const sameState = (a: Endpoint, b: Endpoint): boolean =>
  a === b ||
  (a.ready === b.ready &&
    a.serving === b.serving &&
    a.terminating === b.terminating &&
    a.nodeName === b.nodeName &&
    a.zone === b.zone)
