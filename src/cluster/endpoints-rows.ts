/**
 * Lines of `kubectl get endpoints` and `kubectl get endpointslices`. There are no Endpoints objects here: their lines are derived from the
 * EndpointSlices of a Service's primary family, as the Endpoints controller would fill them (ready addresses only, at most 1,000).
 * Deviation: it orders several ports by a hash, these stand in the order of the slices.
 */
import type { ClusterState, Stored } from './cluster-state.ts'
import { humanDuration } from './human-duration.ts'
import type { TableRow } from './kubectl-tables.ts'
import type { EndpointSlice, Service } from './objects.ts'
import { objectKey } from './objects.ts'

const SHOWN = 3
const MOST_ADDRESSES = 1000

export const endpointSliceRows = (state: ClusterState): readonly TableRow[] =>
  [...state.endpointSlices.values()].map(({ object: slice, createdUs }) => ({
    namespace: slice.namespace,
    name: slice.name,
    cells: nowUs => [
      slice.addressType,
      shortList(slice.ports.map(port => String(port.port ?? port.name ?? '*'))) || '<unset>',
      shortList(slice.endpoints.flatMap(endpoint => endpoint.addresses)) || '<unset>',
      humanDuration(nowUs - createdUs),
    ],
  }))

export function endpointsRows(state: ClusterState): readonly TableRow[] {
  const slicesOf = new Map<string, Stored<EndpointSlice>[]>()
  for (const [key, { object }] of state.services) if (object.selector !== undefined) slicesOf.set(key, [])
  for (const stored of state.endpointSlices.values()) {
    const { namespace, serviceName } = stored.object
    if (serviceName === '') continue
    const key = objectKey({ namespace, name: serviceName })
    const slices = slicesOf.get(key)
    if (slices === undefined) slicesOf.set(key, [stored])
    else slices.push(stored)
  }
  return [...slicesOf].map(([key, slices]) => {
    const service = state.services.get(key)
    const { namespace, name } = service?.object ?? {
      namespace: slices[0].object.namespace,
      name: slices[0].object.serviceName,
    }
    const createdUs = service?.createdUs ?? Math.min(...slices.map(slice => slice.createdUs))
    return {
      namespace,
      name,
      cells: nowUs => [
        endpointsText(
          slices.map(slice => slice.object),
          service?.object,
        ),
        humanDuration(nowUs - createdUs),
      ],
    }
  })
}

function endpointsText(all: readonly EndpointSlice[], service: Service | undefined): string {
  const family = service?.ipFamilies[0] ?? (all.some(slice => slice.addressType === 'IPv4') ? 'IPv4' : 'IPv6')
  const slices = all.filter(slice => slice.addressType === family)
  if (!slices.some(slice => slice.endpoints.some(endpoint => !endpoint.terminating))) return '<none>'
  const subsets = new Map<string, { readonly ports: readonly (number | null)[]; readonly addresses: Set<string> }>()
  for (const slice of slices) {
    const ports = slice.ports.map(port => port.port)
    const key = ports.join()
    const subset = subsets.get(key) ?? { ports, addresses: new Set() }
    subsets.set(key, subset)
    for (const endpoint of slice.endpoints) if (endpoint.ready) subset.addresses.add(endpoint.addresses[0])
  }
  return shortList(
    [...subsets.values()].flatMap(({ ports, addresses }) => {
      const kept = [...addresses].sort().slice(0, MOST_ADDRESSES)
      return ports.length === 0 ? kept : ports.flatMap(port => kept.map(address => hostPort(address, port)))
    }),
  )
}

const hostPort = (address: string, port: number | null): string =>
  `${address.includes(':') ? `[${address}]` : address}${port === null ? '' : `:${port}`}`

const shortList = (list: readonly string[]): string =>
  list.length > SHOWN ? `${list.slice(0, SHOWN).join(',')} + ${list.length - SHOWN} more...` : list.join(',')
