/**
 * Topology hints of one Service's endpoints in one address family (k8s.io/endpointslice: topologycache, trafficdist). Two ways: close
 * (trafficDistribution), where every ready endpoint is hinted for its own zone and perhaps node; and proportional (topology-mode Auto),
 * where every zone gets endpoints in proportion to the CPUs of its nodes, some of another zone if need be, and all hints are withdrawn
 * where that would overload an endpoint by more than a fifth. Slices that need no write for their endpoints are written if their hints are
 * wrong. Deviation: where the real one walks a map in random order, zones come in order of their names.
 */
import type { Endpoint, EndpointPort, EndpointSlice } from '../cluster/objects.ts'

export type HintPolicy =
  | { readonly kind: 'none' }
  | { readonly kind: 'close'; readonly forNodes: boolean }
  /** `shares`: part of all CPUs by zone (zone-shares.ts); undefined when the nodes do not say enough. */
  | { readonly kind: 'proportional'; readonly shares: ReadonlyMap<string, number> | undefined }

/** A slice that is to be written: a new one, or `slice` with other endpoints. */
export interface SliceDraft {
  readonly slice?: EndpointSlice
  readonly ports: readonly EndpointPort[]
  readonly endpoints: readonly Endpoint[]
}

/** The drafts with hints, and those of `unchanged` whose hints are wrong. */
export function withHints(
  drafts: readonly SliceDraft[],
  unchanged: readonly EndpointSlice[],
  policy: HintPolicy,
): readonly SliceDraft[] {
  if (policy.kind === 'none') return withoutHints(drafts, unchanged)
  if (policy.kind === 'proportional') return proportional(drafts, unchanged, policy.shares)
  const hinted = (endpoint: Endpoint): Endpoint => closeHint(endpoint, policy.forNodes)
  const wrong = unchanged.filter(s => s.endpoints.some(e => !sameHints(e, hinted(e))))
  return [...drafts, ...wrong.map(draftOf)].map(d => ({ ...d, endpoints: d.endpoints.map(hinted) }))
}

/** Any zone's endpoints fewer than its share would need at least: the Service must be looked at again. */
export function isOverloaded(endpoints: Iterable<Endpoint>, shares: ReadonlyMap<string, number> | undefined): boolean {
  const hintsOf = new Map<string, number>()
  let total = 0
  for (const { ready, hintZones = [] } of endpoints) {
    if (!ready) continue
    for (const zone of hintZones) {
      hintsOf.set(zone, (hintsOf.get(zone) ?? 0) + 1)
      total++
    }
  }
  if (total === 0) return false
  if (shares === undefined) return true
  return [...shares].some(([zone, share]) => {
    const count = hintsOf.get(zone)
    return count === undefined || count < leastOf(total * share)
  })
}

const OVERLOAD_THRESHOLD = 0.2

const leastOf = (desired: number): number => Math.ceil(desired * (1 / (1 + OVERLOAD_THRESHOLD)))

interface Allocation {
  readonly least: number
  readonly most: number
  readonly desired: number
}

/** undefined: hints would overload someone, or there is nothing to share out. */
function allocate(
  shares: ReadonlyMap<string, number> | undefined,
  count: number,
): ReadonlyMap<string, Allocation> | undefined {
  if (shares === undefined || shares.size < 2 || shares.size > count) return undefined
  const least = new Map(Array.from(shares, ([zone, share]) => [zone, leastOf(share * count)]))
  const spare = count - least.values().reduce((sum, n) => sum + n, 0)
  if (spare < 0) return undefined
  return new Map(
    Array.from(least, ([zone, n]) => [
      zone,
      { least: n, most: n + spare, desired: Math.max(shares.get(zone)! * count, n) },
    ]),
  )
}

function proportional(
  drafts: readonly SliceDraft[],
  unchanged: readonly EndpointSlice[],
  shares: ReadonlyMap<string, number> | undefined,
): readonly SliceDraft[] {
  const ready = [...drafts, ...unchanged].reduce((sum, s) => sum + s.endpoints.filter(e => e.ready).length, 0)
  const allocations = allocate(shares, ready)
  if (allocations === undefined) return withoutHints(drafts, unchanged)
  const hintsOf = new Map<string, number>()
  const written = [...drafts]
  for (const slice of unchanged) {
    const counts = usableHints(slice, hintsOf, allocations)
    if (counts === undefined) written.push(draftOf(slice))
    else for (const [zone, n] of counts) hintsOf.set(zone, (hintsOf.get(zone) ?? 0) + n)
  }
  const endpoints = written.flatMap(d => d.endpoints)
  if (endpoints.some(e => e.ready && e.zone === '')) return withoutHints(drafts, unchanged)
  for (const { zone } of endpoints.filter(e => e.ready)) hintsOf.set(zone, (hintsOf.get(zone) ?? 0) + 1)
  const { giving, receiving } = exchanges(allocations, hintsOf)
  return written.map(draft => ({
    ...draft,
    endpoints: draft.endpoints.map(e => (e.ready ? hintedFor(e, takeExchange(e.zone, giving, receiving)) : e)),
  }))
}

/** Hints of a slice that may stay as it is, by zone; undefined when it must be written anew. */
function usableHints(
  slice: EndpointSlice,
  hintsOf: ReadonlyMap<string, number>,
  allocations: ReadonlyMap<string, Allocation>,
): ReadonlyMap<string, number> | undefined {
  const counts = new Map<string, number>()
  for (const { ready, hintZones = [] } of slice.endpoints) {
    if (!ready) continue
    if (hintZones.length === 0) return undefined
    for (const zone of hintZones) counts.set(zone, (counts.get(zone) ?? 0) + 1)
  }
  const fits = [...counts].every(([zone, n]) => n + (hintsOf.get(zone) ?? 0) <= (allocations.get(zone)?.most ?? -1))
  return fits ? counts : undefined
}

/** How many endpoints zones give to others and get from others: whole ones, from the most to the most. */
function exchanges(allocations: ReadonlyMap<string, Allocation>, hintsOf: ReadonlyMap<string, number>) {
  const surplus = new Map<string, number>()
  const need = new Map<string, number>()
  for (const [zone, { desired }] of allocations) {
    const difference = (hintsOf.get(zone) ?? 0) - desired
    if (difference > 0) surplus.set(zone, difference)
    else if (difference < 0) need.set(zone, -difference)
  }
  const giving = new Map<string, number>()
  const receiving = new Map<string, number>()
  for (;;) {
    const [giver, toGive] = most(surplus)
    const [receiver, toReceive] = most(need)
    if ((toGive < 1 && toReceive < 1) || toGive < 0.5 || toReceive < 0.5) return { giving, receiving }
    giving.set(giver, (giving.get(giver) ?? 0) + 1)
    surplus.set(giver, toGive - 1)
    receiving.set(receiver, (receiving.get(receiver) ?? 0) + 1)
    need.set(receiver, toReceive - 1)
  }
}

const most = (zones: ReadonlyMap<string, number>): readonly [string, number] => {
  let best: readonly [string, number] = ['', 0]
  for (const entry of zones) if (entry[1] > best[1]) best = entry
  return best
}

/** The zone that an endpoint of `zone` is for: one that still gets endpoints while its own still gives some away, else its own. */
function takeExchange(zone: string, giving: Map<string, number>, receiving: Map<string, number>): string {
  const left = giving.get(zone) ?? 0
  if (left === 0) return zone
  const receiver = receiving.keys().find(z => receiving.get(z)! > 0)
  if (receiver === undefined) return zone
  giving.set(zone, left - 1)
  receiving.set(receiver, receiving.get(receiver)! - 1)
  return receiver
}

function withoutHints(drafts: readonly SliceDraft[], unchanged: readonly EndpointSlice[]): readonly SliceDraft[] {
  const hinted = unchanged.filter(s => s.endpoints.some(hasHints))
  return [...drafts, ...hinted.map(draftOf)].map(d =>
    d.endpoints.some(hasHints) ? { ...d, endpoints: d.endpoints.map(bare) } : d,
  )
}

const draftOf = (slice: EndpointSlice): SliceDraft => ({ slice, ports: slice.ports, endpoints: slice.endpoints })

const hasHints = (e: Endpoint): boolean => e.hintZones !== undefined || e.hintNodes !== undefined

function bare(endpoint: Endpoint): Endpoint {
  const { hintZones: _, hintNodes: __, ...rest } = endpoint
  return rest
}

const hintedFor = (endpoint: Endpoint, zone: string): Endpoint => ({ ...bare(endpoint), hintZones: [zone] })

/** Endpoints that are not ready keep what they have. */
function closeHint(endpoint: Endpoint, forNodes: boolean): Endpoint {
  if (!endpoint.ready) return endpoint
  return {
    ...bare(endpoint),
    ...(endpoint.zone === '' ? {} : { hintZones: [endpoint.zone] }),
    ...(forNodes && endpoint.nodeName !== '' ? { hintNodes: [endpoint.nodeName] } : {}),
  }
}

const sameHints = (a: Endpoint, b: Endpoint): boolean =>
  a.hintZones?.join('\n') === b.hintZones?.join('\n') && a.hintNodes?.join('\n') === b.hintNodes?.join('\n')
