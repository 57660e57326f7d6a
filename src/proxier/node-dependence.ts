/**
 * What of a node the rules of a Service port depend on, as a short text: nodes that give the same text get the same rules.
 * Most Service ports depend on nothing and give no function at all. The text may tell two nodes apart whose rules turn out
 * the same, never the other way round. One map look-up a call.
 */
import type { Endpoint } from '../cluster/objects.ts'
import { isUsable } from './categorize-endpoints.ts'
import { isInSourceRanges } from './port-on-node.ts'
import type { ProxierNode } from './proxier-node.ts'
import type { ServicePort } from './service-ports.ts'
import { usesLocalEndpoints } from './service-ports.ts'

export type NodeDependence = (node: ProxierNode) => string

export function nodeDependence(servicePort: ServicePort): NodeDependence | undefined {
  const { names, zones } = placesNamed(servicePort)
  const ranges = servicePort.sourceRanges.length > 0
  if (names.size === 0 && zones.size === 0 && !ranges) return undefined
  return node => {
    const name = names.has(node.name) ? node.name : ''
    const zone = zones.has(node.zone) ? node.zone : ''
    return `${name} ${zone} ${ranges && isInSourceRanges(servicePort, node)}`
  }
}

/** Nodes and zones that the endpoints name in a way that matters. */
function placesNamed(servicePort: ServicePort): { names: ReadonlySet<string>; zones: ReadonlySet<string> } {
  const names = new Set<string>()
  const zones = new Set<string>()
  const local = usesLocalEndpoints(servicePort)
  const note = (e: Endpoint, isRepeated: boolean): void => {
    if (isRepeated || (local && isUsable(e))) names.add(e.nodeName)
    for (const name of e.hintNodes ?? []) names.add(name)
    for (const zone of e.hintZones ?? []) zones.add(zone)
  }
  for (const { endpoint, repeats } of servicePort.endpoints) {
    note(endpoint, repeats !== undefined)
    for (const repeat of repeats ?? []) note(repeat, true)
  }
  return { names, zones }
}
