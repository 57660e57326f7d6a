/**
 * NodePorts in iptables mode: the jumps to KUBE-NODEPORTS that end nat KUBE-SERVICES, and whether 127.0.0.0/8 takes nodePorts too
 * (`--iptables-localhost-nodeports`, IPv4 only).
 */
import type { IpFamily } from '../net/ip.ts'
import { hostPrefix, prefixContains } from '../net/ip.ts'
import type { Match, Rule } from '../ruleset/ruleset.ts'
import { LOOPBACK, nodePortAddresses } from './nodeport-addresses.ts'
import type { ProxierConfig } from './proxier-config.ts'
import type { ProxierNode } from './proxier-node.ts'
import { comment, destination, jump, rule, toNode } from './rule-parts.ts'

export interface NodePortJumps {
  readonly localhost: boolean
  readonly jumps: readonly Rule[]
}

export function nodePortJumps(config: ProxierConfig, node: ProxierNode, family: IpFamily): NodePortJumps {
  const { all, addresses, containsLoopback } = nodePortAddresses(config, node, family)
  const loopback = LOOPBACK[family]
  const localhost = family === 4 && config.localhostNodePorts && containsLoopback
  if (all) {
    return { localhost, jumps: localhost ? FROM_ALL : FROM_ALL_BUT_LOOPBACK[family] }
  }
  const taking = addresses.filter(a => localhost || !prefixContains(loopback, a))
  return {
    localhost,
    jumps: taking.map(a => rule([destination(hostPrefix(a)), comment(LAST_RULE)], jump('KUBE-NODEPORTS'))),
  }
}

const LAST_RULE = 'kubernetes service nodeports; NOTE: this must be the last rule in this chain'

const jumpToNode = (...spared: readonly Match[]): readonly Rule[] => [
  rule([...spared, comment(LAST_RULE), toNode], jump('KUBE-NODEPORTS')),
]

/** The same objects on all nodes: whoever prints them need not do it for each. */
const FROM_ALL = jumpToNode()
const FROM_ALL_BUT_LOOPBACK = {
  4: jumpToNode(destination(LOOPBACK[4], true)),
  6: jumpToNode(destination(LOOPBACK[6], true)),
} as const
