/** Objects of the golden cases 57 and 58: a Service of 1,000 endpoints and a small one, with one endpoint or with none. */
import type { ClusterNode, EndpointSlice, Service } from '../src/cluster/objects.ts'
import { makeEndpoint, makeNode, makePort, makeService, makeSlice } from '../src/proxier/testing/make-objects.ts'

export function makeThousandEndpoints(smallHasOne: boolean): (ClusterNode | Service | EndpointSlice)[] {
  const endpoints = Array.from({ length: 1000 }, (_, i) =>
    makeEndpoint(`10.244.${4 + Math.floor(i / 250)}.${1 + (i % 250)}`),
  )
  const port = smallHasOne ? makePort() : makePort({ name: 'x', port: 81, targetPort: 8081 })
  return [
    makeNode('node-a', { zone: 'zone-a', ip: '172.18.0.2' }),
    makeService({ clusterIPs: ['10.96.10.10'] }),
    makeSlice(endpoints),
    makeService({ name: 'small', clusterIPs: ['10.96.10.12'], ports: [port] }),
    makeSlice(smallHasOne ? ['10.244.1.5'] : [], { serviceName: 'small' }),
  ]
}
