/**
 * What the KUBE-SEP chains stand for: whoever reads a counter of one finds the Service port and the endpoint again.
 * Global over nodes: it holds the chain of every endpoint, whether or not some node uses it.
 */
import type { ServicePortNames } from './chain-names.ts'

export interface EndpointPlace {
  /** Index into the Service ports, in their order. */
  readonly servicePort: number
  /** Index into that Service port's endpoints. */
  readonly endpoint: number
}

/** By chain name; `names` in the order of the Service ports. */
export function endpointChains(names: readonly ServicePortNames[]): ReadonlyMap<string, EndpointPlace> {
  const places = new Map<string, EndpointPlace>()
  names.forEach(({ endpoints }, servicePort) => {
    endpoints.forEach((chain, endpoint) => {
      places.set(chain, { servicePort, endpoint })
    })
  })
  return places
}
