/**
 * How kube-proxy tells traffic of the node's own (or the cluster's) pods from the rest, for one node; each proxy mode makes a match
 * of it. Models LocalTrafficDetector (pkg/proxy/util/localdetector.go) and the modes of `--detect-local-mode`.
 */
import type { IpFamily, IpPrefix } from '../net/ip.ts'
import { networkAddress } from '../net/ip.ts'
import type { ProxierConfig } from './proxier-config.ts'
import type { ProxierNode } from './proxier-node.ts'
import { firstPrefix } from './proxier-node.ts'

/** What holds for local traffic. */
export type LocalTraffic =
  /** Its source address lies there. */
  | { readonly kind: 'source'; readonly prefix: IpPrefix }
  /** It comes in by that interface, or by one whose name begins so. */
  | { readonly kind: 'interface'; readonly name: string; readonly isPrefix: boolean }

/** undefined: nothing to tell by, and the rules that would need it are not written. */
export function localTraffic(config: ProxierConfig, node: ProxierNode, family: IpFamily): LocalTraffic | undefined {
  switch (config.detectLocalMode) {
    case 'ClusterCIDR':
      return sourceIn(firstPrefix(config.clusterCidrs, family))
    case 'NodeCIDR':
      return sourceIn(node.podPrefix)
    case 'BridgeInterface':
      return comesBy(config.podBridgeInterface, false)
    case 'InterfaceNamePrefix':
      return comesBy(config.podInterfaceNamePrefix, true)
  }
}

const sourceIn = (prefix: IpPrefix | undefined): LocalTraffic | undefined =>
  prefix && { kind: 'source', prefix: { ...prefix, value: networkAddress(prefix) } }

const comesBy = (name: string, isPrefix: boolean): LocalTraffic | undefined =>
  name === '' ? undefined : { kind: 'interface', name, isPrefix }
