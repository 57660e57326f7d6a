/** Services that ask for topology hints, and those of them that have them: every ready endpoint in their EndpointSlices says for whom it is. */
import type { ClusterState } from '../cluster/cluster-state.ts'
import { objectKey } from '../cluster/objects.ts'

export interface HintedServices {
  readonly asking: number
  readonly hinted: number
}

export function hintedServices({ services, endpointSlices }: ClusterState): HintedServices {
  const asking = new Map<string, { ready: number; hinted: number }>()
  for (const [key, { object }] of services)
    if (object.topologyMode !== undefined || object.trafficDistribution !== undefined)
      asking.set(key, { ready: 0, hinted: 0 })
  if (asking.size === 0) return { asking: 0, hinted: 0 }
  for (const { object } of endpointSlices.values()) {
    const counts = asking.get(objectKey({ namespace: object.namespace, name: object.serviceName }))
    if (counts === undefined) continue
    for (const { ready, hintZones, hintNodes } of object.endpoints) {
      if (!ready) continue
      counts.ready++
      if (hintZones !== undefined || hintNodes !== undefined) counts.hinted++
    }
  }
  const hinted = [...asking.values()].filter(c => c.ready > 0 && c.hinted === c.ready).length
  return { asking: asking.size, hinted }
}
