/** The comments kube-proxy writes: fixed words around the name of a Service port, at times an endpoint or a chain. */
import { renamedEndpoint } from './chain-hashes.ts'
import type { Renamer } from './renamer.ts'

const LABEL = /(?<![^\s])([a-z0-9][a-z0-9.-]*\/[a-z0-9][a-z0-9.-]*(?::[a-z0-9-]*)?)(?![^\s])/

/** `namespace/name:port` in a comment. */
export const servicePortIn = (comment: string): string | undefined => LABEL.exec(comment)?.[1]

/** A comment that holds any other word than kube-proxy's is replaced as a whole. */
export function renamedComment(comment: string, renamer: Renamer, chain: (name: string) => string): string {
  const words = comment.split(' ').map(word => {
    if (WORDS.has(word)) return word
    if (LABEL.test(word)) return renamer.servicePort(word)
    if (/^KUBE-[A-Z]+-[A-Z2-7]{16}$/.test(word)) return chain(word)
    const endpoint = renamedEndpoint(word, renamer)
    return endpoint === word ? undefined : endpoint
  })
  return words.some(word => word === undefined) ? renamer.name('comment', comment) : words.join(' ')
}

const WORDS: ReadonlySet<string> = new Set(
  [
    'kubernetes service portals',
    'kubernetes externally-visible service portals',
    'kubernetes load balancer firewall',
    'kubernetes health check service ports',
    'kubernetes forwarding rules',
    'kubernetes forwarding conntrack rule',
    'kubernetes postrouting rules',
    'kubernetes service traffic requiring SNAT',
    'kubernetes service nodeports; NOTE: this must be the last rule in this chain',
    'kubernetes firewall for dropping marked packets',
    'block incoming localnet connections',
    'cluster IP',
    'external IP',
    'loadbalancer IP',
    'has no endpoints',
    'has no local endpoints',
    'health check node port',
    'masquerade traffic for external destinations',
    'masquerade LOCAL traffic for external destinations',
    'route LOCAL traffic for external destinations',
    'pod traffic for external destinations',
    'other traffic to will be dropped by KUBE-PROXY-FIREWALL',
    'traffic not accepted by',
    '-> ',
    'rules for kube-proxy',
    'Active ClusterIPs',
    'IPs that accept NodePort traffic',
    'vmap to drop or reject packets to services with no endpoints',
    'vmap to drop or reject packets to service nodeports with no endpoints',
    'destinations that are subject to LoadBalancerSourceRanges',
    'ClusterIP, ExternalIP and LoadBalancer IP traffic',
    'NodePort traffic',
    'helper for @no-endpoint-services / @no-endpoint-nodeports',
    'Reject traffic to invalid ports of ClusterIPs',
    'Drop traffic to unallocated ClusterIPs',
    'short-circuit local traffic',
    'short-circuit pod traffic',
    'masquerade local traffic',
    'masquerade',
  ].flatMap(text => text.split(' ')),
)
