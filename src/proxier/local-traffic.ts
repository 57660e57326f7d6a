/**
 * How kube-proxy tells traffic of the node's own (or the cluster's) pods from the rest, for one node: a match that holds for it and
 * one that holds for the rest. Models LocalTrafficDetector (pkg/proxy/util/localdetector.go) and the modes of `--detect-local-mode`.
 */
import type { IpFamily } from '../net/ip.ts'
import { networkAddress } from '../net/ip.ts'
import type { Match } from '../ruleset/ruleset.ts'
import type { ProxierConfig } from './proxier-config.ts'
import type { ProxierNode } from './proxier-node.ts'
import { firstPrefix } from './proxier-node.ts'

export interface LocalTraffic {
  readonly isLocal: Match
  readonly isNotLocal: Match
}

/** undefined: nothing to tell by, and the rules that would need it are not written. */
export function localTraffic(config: ProxierConfig, node: ProxierNode, family: IpFamily): LocalTraffic | undefined {
  const match = localMatch(config, node, family)
  return match && { isLocal: match, isNotLocal: { ...match, negated: true } }
}

function localMatch(
  config: ProxierConfig,
  node: ProxierNode,
  family: IpFamily,
): Extract<Match, { kind: 'source' | 'inInterface' }> | undefined {
  switch (config.detectLocalMode) {
    case 'ClusterCIDR':
      return sourceIn(firstPrefix(config.clusterCidrs, family))
    case 'NodeCIDR':
      return sourceIn(node.podPrefix)
    case 'BridgeInterface':
      return comesBy(config.podBridgeInterface)
    case 'InterfaceNamePrefix':
      return comesBy(config.podInterfaceNamePrefix === '' ? '' : `${config.podInterfaceNamePrefix}+`)
  }
}

const sourceIn = (prefix: ReturnType<typeof firstPrefix>) =>
  prefix && ({ kind: 'source', prefix: { ...prefix, value: networkAddress(prefix) }, negated: false } as const)

const comesBy = (name: string) => (name === '' ? undefined : ({ kind: 'inInterface', name, negated: false } as const))
