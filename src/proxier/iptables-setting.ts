/** Everything that the iptables rules of all Service ports on one node have in common. */
import type { ClusterNode } from '../cluster/objects.ts'
import type { IpFamily } from '../net/ip.ts'
import { formatPrefix } from '../net/ip.ts'
import { printRules } from '../ruleset/print-iptables.ts'
import type { Rule } from '../ruleset/ruleset.ts'
import { localTraffic } from './local-traffic.ts'
import { nodePortJumps } from './nodeport-jumps.ts'
import type { NodeSetting } from './port-on-node.ts'
import type { ProxierConfig } from './proxier-config.ts'
import { proxierNode } from './proxier-node.ts'
import type { ServicePort } from './service-ports.ts'

export interface IptablesSetting extends NodeSetting {
  /** Jumps to KUBE-NODEPORTS that end nat KUBE-SERVICES. */
  readonly nodePortJumps: readonly Rule[]
}

/** `endpoints`: how many all Service ports have together, ready or not. */
export function iptablesSetting(
  object: ClusterNode,
  config: ProxierConfig,
  family: IpFamily,
  endpoints: number,
): IptablesSetting {
  const node = proxierNode(object, family, config.bindAddress)
  const { localhost, jumps } = nodePortJumps(config, node, family)
  const podPrefix = config.detectLocalMode === 'NodeCIDR' && node.podPrefix ? formatPrefix(node.podPrefix) : ''
  return {
    portKey: `${podPrefix} ${localhost}`,
    fixedKey: printed(jumps, family),
    node,
    config,
    comments: endpoints <= config.largeClusterEndpoints,
    localTraffic: localTraffic(config, node, family),
    localhostNodePorts: localhost,
    nodePortJumps: jumps,
  }
}

function printed(jumps: readonly Rule[], family: IpFamily): string {
  let text = texts.get(jumps)
  if (text === undefined) {
    text = printRules('', jumps, family)
    texts.set(jumps, text)
  }
  return text
}

/** Most clusters have the same jumps, one object, on all nodes. */
const texts = new WeakMap<readonly Rule[], string>()

export const endpointCount = (ports: readonly ServicePort[]): number =>
  ports.reduce((sum, p) => sum + p.endpoints.length, 0)
