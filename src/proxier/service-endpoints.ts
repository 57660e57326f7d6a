/**
 * Endpoints of every Service port of one IP family, merged from its EndpointSlices: only `addresses[0]`, one entry for each
 * `address:port`, sorted by that text (so 10.244.2.10:80 comes before 10.244.2.9:80).
 * Models kube-proxy's EndpointSliceCache (pkg/proxy/endpointslicecache.go). Where slices repeat an address, kube-proxy takes them in
 * random order; here slices go by name.
 */
import type { ClusterState } from '../cluster/cluster-state.ts'
import type { Endpoint, EndpointSlice } from '../cluster/objects.ts'
import type { IpAddress, IpFamily } from '../net/ip.ts'
import { parseIp } from '../net/ip.ts'
import type { Protocol } from '../net/protocol.ts'

export interface ServiceEndpoint {
  readonly address: IpAddress
  readonly port: number
  /** `10.0.0.1:80`, `[fd00::1]:80`. */
  readonly label: string
  /** Readiness, node, zone, hints, pod. */
  readonly endpoint: Endpoint
  /** Further entries of the same address and port, in order; absent as a rule. */
  readonly repeats?: readonly Endpoint[]
}

/** By `servicePortKey`. */
export type EndpointsByPort = ReadonlyMap<string, readonly ServiceEndpoint[]>

export const serviceEndpoints = (state: ClusterState, family: IpFamily): EndpointsByPort =>
  mergeSlices(
    [...state.endpointSlices.values()].map(s => s.object),
    family,
  )

/** The endpoints of all slices that kube-proxy looks at, of any Services. */
export function mergeSlices(slices: readonly EndpointSlice[], family: IpFamily): EndpointsByPort {
  const byPort = new Map<string, Map<string, ServiceEndpoint>>()
  for (const slice of [...slices].sort(byName)) {
    if (!isProxied(slice, family)) continue
    for (const port of slice.ports) {
      if (port.name === null || port.port === null || port.port === 0) continue
      const key = servicePortKey(`${slice.namespace}/${slice.serviceName}`, port.name, port.protocol)
      let merged = byPort.get(key)
      if (merged === undefined) {
        merged = new Map()
        byPort.set(key, merged)
      }
      for (const endpoint of slice.endpoints) mergeEndpoint(merged, endpoint, port.port, family)
    }
  }
  const sorted = new Map<string, readonly ServiceEndpoint[]>()
  for (const [key, merged] of byPort)
    sorted.set(
      key,
      [...merged.values()].sort((a, b) => (a.label < b.label ? -1 : 1)),
    )
  return sorted
}

/** The entry of an endpoint that a node's kube-proxy keeps: the last one that is on the node, else the first. */
export function entryOnNode(e: ServiceEndpoint, nodeName: string): Endpoint {
  return e.repeats?.findLast(r => r.nodeName === nodeName) ?? e.endpoint
}

/** Identity of a Service port across Services and EndpointSlices: names of ports and protocols have no `|`. */
export const servicePortKey = (service: string, portName: string, protocol: Protocol): string =>
  `${service}|${portName}|${protocol}`

/** kube-proxy's informers leave out Services and EndpointSlices that carry one of these labels, whatever its value. */
export const isLeftToOthers = (labels: Readonly<Record<string, string>>): boolean =>
  labels['service.kubernetes.io/service-proxy-name'] !== undefined ||
  labels['service.kubernetes.io/headless'] !== undefined

/** kube-proxy of this family takes the slice in. */
export const isProxied = (slice: EndpointSlice, family: IpFamily): boolean =>
  slice.addressType === `IPv${family}` && slice.serviceName !== '' && !isLeftToOthers(slice.labels)

const byName = (a: EndpointSlice, b: EndpointSlice): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)

function mergeEndpoint(merged: Map<string, ServiceEndpoint>, endpoint: Endpoint, port: number, family: IpFamily): void {
  const text = endpoint.addresses[0]
  const address = text === undefined ? undefined : parseIp(text)
  if (address?.family !== family) return
  const label = family === 4 ? `${text}:${port}` : `[${text}]:${port}`
  const first = merged.get(label)
  merged.set(
    label,
    first === undefined
      ? { address, port, label, endpoint }
      : { ...first, repeats: [...(first.repeats ?? []), endpoint] },
  )
}
