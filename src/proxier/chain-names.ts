/**
 * Names of the chains of a Service port: a prefix and 16 characters of base32(sha256(…)), as kube-proxy's iptables proxier makes
 * them (servicePortChainName and servicePortEndpointChainName). The same name serves both IP families.
 * About 1 µs a name; a cluster of 82,000 endpoints needs 90,000.
 */
import { hash } from 'node:crypto'
import type { ChainNameStyle } from './proxier-config.ts'
import type { ServicePort } from './service-ports.ts'

export interface ServicePortNames {
  /** `namespace/name:port` as comments and hashes have it; the colon is left out for an unnamed port, except in `legacy` style. */
  readonly label: string
  /** KUBE-SVC-: traffic policy Cluster. */
  readonly cluster: string
  /** KUBE-SVL-: traffic policy Local. */
  readonly local: string
  /** KUBE-EXT-: traffic from outside. */
  readonly external: string
  /** KUBE-FW-: load balancer source ranges. */
  readonly firewall: string
  /** KUBE-SEP-, one for each endpoint of the Service port, in order. */
  readonly endpoints: readonly string[]
}

export function servicePortNames(servicePort: ServicePort, style: ChainNameStyle): ServicePortNames {
  const { namespace, name, portName } = servicePort
  const label = portName === '' && style === 'current' ? `${namespace}/${name}` : `${namespace}/${name}:${portName}`
  const seed = label + servicePort.protocol.toLowerCase()
  const id = hash16(seed)
  return {
    label,
    cluster: `KUBE-SVC-${id}`,
    local: `KUBE-SVL-${id}`,
    external: `KUBE-EXT-${id}`,
    firewall: `KUBE-FW-${id}`,
    endpoints: servicePort.endpoints.map(e => `KUBE-SEP-${hash16(seed + e.label)}`),
  }
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** First 16 characters of the RFC 4648 base32 of the SHA-256 of `text`: its first 80 bits, five a character. */
export function hash16(text: string): string {
  const bytes = hash('sha256', text, 'buffer')
  let name = ''
  for (let i = 0; i < 10; i += 5) {
    const high = (bytes[i] << 12) | (bytes[i + 1] << 4) | (bytes[i + 2] >> 4)
    const low = ((bytes[i + 2] & 15) << 16) | (bytes[i + 3] << 8) | bytes[i + 4]
    name += BASE32[high >> 15] + BASE32[(high >> 10) & 31] + BASE32[(high >> 5) & 31] + BASE32[high & 31]
    name += BASE32[low >> 15] + BASE32[(low >> 10) & 31] + BASE32[(low >> 5) & 31] + BASE32[low & 31]
  }
  return name
}
