/** Lines of `kubectl get services` (printService). The host name of a load balancer is not cut, as the API server does not. */
import type { ClusterState } from './cluster-state.ts'
import { humanDuration } from './human-duration.ts'
import type { TableRow } from './kubectl-tables.ts'
import type { Labels, Service, ServicePort } from './objects.ts'

export const serviceRows = (state: ClusterState): readonly TableRow[] =>
  [...state.services.values()].map(({ object: service, createdUs }) => ({
    namespace: service.namespace,
    name: service.name,
    cells: nowUs => [
      service.type,
      service.clusterIPs[0] ?? '<none>',
      externalAddresses(service),
      service.ports.map(portText).join(',') || '<none>',
      humanDuration(nowUs - createdUs),
      selectorText(service.selector),
    ],
  }))

function externalAddresses(service: Service): string {
  if (service.type === 'ExternalName') return service.externalName
  if (service.type !== 'LoadBalancer') return service.externalIPs.join(',') || '<none>'
  const ingress = new Set(service.loadBalancerIngress.map(i => i.ip ?? i.hostname ?? ''))
  return [...[...ingress].sort(), ...service.externalIPs].join(',') || '<pending>'
}

const portText = (port: ServicePort): string =>
  `${port.port}${port.nodePort === 0 ? '' : `:${port.nodePort}`}/${port.protocol}`

const selectorText = (selector: Labels | undefined): string =>
  Object.entries(selector ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',') || '<none>'
