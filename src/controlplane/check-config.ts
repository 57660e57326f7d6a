/**
 * Refuses a configuration that no cluster could be run with. The service CIDRs are checked where they are read (service-ranges.ts).
 */
import { parsePrefix } from '../net/ip.ts'
import type { Problem } from '../problem/problem.ts'
import { badInput, quoted } from '../problem/problem.ts'
import type { ControlPlaneConfig } from './control-plane-config.ts'

/** undefined when all is well; fields are named as in a scenario. */
export function checkConfig(config: ControlPlaneConfig): Problem | undefined {
  for (const list of ['clusterCidrs', 'nodeCidrs'] as const) {
    for (const [i, cidr] of config[list].entries())
      if (parsePrefix(cidr) === undefined) return noPrefix(`cluster.${list}[${i}]`, cidr)
    if (config[list].length === 0)
      return badInput({ field: `cluster.${list}` }, 'is an empty list', 'name at least one range')
  }
  const { ingress, ipRange } = config.loadBalancer
  if (ingress === 'ip' && parsePrefix(ipRange) === undefined) return noPrefix('cluster.loadBalancer.ipRange', ipRange)
  const { first, last } = config.nodePortRange
  if (!(Number.isInteger(first) && Number.isInteger(last) && 1 <= first && first <= last && last <= 65_535))
    return badInput({ field: 'cluster.nodePortRange' }, `${first}-${last} is no range of ports`, 'write 30000-32767')
  if (!Number.isInteger(config.maxPodsPerNode) || config.maxPodsPerNode < 1)
    return badInput({ field: 'cluster.maxPodsPerNode' }, `${config.maxPodsPerNode} is no count`, 'use 1 or more')
  return undefined
}

const noPrefix = (field: string, cidr: string): Problem =>
  badInput({ field }, `${quoted(cidr)} is no address/length`, 'write it as 10.244.0.0/16')
