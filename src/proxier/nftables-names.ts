/**
 * Names of the chains of a Service port in nftables mode: a prefix, eight characters of base32(sha256(…)), and what was hashed, in
 * plain text. Models servicePortChainNameBase, servicePortEndpointChainNameBase and hashAndTruncate (pkg/proxy/nftables/proxier.go).
 */
import { formatIp } from '../net/ip.ts'
import type { ServicePortNames } from './chain-names.ts'
import { hash16 } from './chain-names.ts'
import type { ServiceEndpoint } from './service-endpoints.ts'
import type { ServicePort } from './service-ports.ts'

export function nftablesNames(servicePort: ServicePort): ServicePortNames {
  const { namespace, name, portName, protocol } = servicePort
  const base = `${namespace}/${name}/${protocol.toLowerCase()}/${portName}`
  const id = hashed(base)
  return {
    label: portName === '' ? `${namespace}/${name}` : `${namespace}/${name}:${portName}`,
    cluster: `service-${id}`,
    local: `local-${id}`,
    external: `external-${id}`,
    firewall: `firewall-${id}`,
    endpoints: servicePort.endpoints.map(e => `endpoint-${hashed(`${base}__${endpointName(e)}`)}`),
  }
}

/** The set of an endpoint's clients, by the name of its chain. */
export const affinitySetName = (endpointChain: string): string => `affinity-${endpointChain.slice('endpoint-'.length)}`

/** `10.0.0.1/80`; a name may hold no colon. */
const endpointName = ({ address, port }: ServiceEndpoint): string => `${formatIp(address).replaceAll(':', '.')}/${port}`

/** Eight characters of the hash of a text, and the text, as far as nft takes it. */
export function hashed(text: string): string {
  const name = `${hash16(text).slice(0, 8)}-${text}`
  return name.length > LONGEST ? `${name.slice(0, LONGEST - 3)}...` : name
}

/** nft takes 256 characters, 16 are kept for the prefix. */
const LONGEST = 240
