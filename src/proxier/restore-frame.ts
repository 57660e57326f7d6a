/**
 * The parts of a sync's text that hang on no Service: kube-proxy declares (and so empties) and fills its top chains anew at every
 * sync, in iptables mode. The order is that of syncProxyRules (pkg/proxy/iptables/proxier.go).
 */
import type { IpFamily } from '../net/ip.ts'
import type { Rule, TableName } from '../ruleset/ruleset.ts'
import { baseChains } from './base-chains.ts'
import type { IptablesSetting } from './iptables-setting.ts'
import type { RuleLines } from './restore-block.ts'
import { hasComment, restoreRule } from './restore-rule.ts'

export interface RestoreFrame {
  readonly filter: TableFrame
  readonly nat: TableFrame
}

export interface TableFrame {
  readonly chains: readonly string[]
  /** Before and after the rules of Services. */
  readonly first: RuleLines
  readonly last: RuleLines
}

export function restoreFrame(setting: IptablesSetting, family: IpFamily): RestoreFrame {
  const { config, localhostNodePorts, nodePortJumps } = setting
  const linesOf = (table: TableName, ...names: readonly string[]): RuleLines => {
    const chains = new Map(baseChains(table, family, config, localhostNodePorts).map(c => [c.name, c.rules]))
    return joinLines(names.map(name => lines(name, chains.get(name)!)))
  }
  const firewall = localhostNodePorts ? ['KUBE-FIREWALL'] : []
  return {
    filter: {
      chains: [...FILTER_CHAINS, ...firewall],
      first: linesOf('filter', ...firewall),
      last: linesOf('filter', 'KUBE-FORWARD'),
    },
    nat: {
      chains: NAT_CHAINS,
      first: linesOf('nat', 'KUBE-POSTROUTING', 'KUBE-MARK-MASQ'),
      last: lines('KUBE-SERVICES', nodePortJumps),
    },
  }
}

const FILTER_CHAINS = [
  'KUBE-SERVICES',
  'KUBE-EXTERNAL-SERVICES',
  'KUBE-FORWARD',
  'KUBE-NODEPORTS',
  'KUBE-PROXY-FIREWALL',
]

const NAT_CHAINS = ['KUBE-SERVICES', 'KUBE-NODEPORTS', 'KUBE-POSTROUTING', 'KUBE-MARK-MASQ']

const lines = (chain: string, rules: readonly Rule[]): RuleLines => ({
  text: rules.map(rule => restoreRule(chain, rule)).join(''),
  count: rules.length,
  comments: rules.filter(hasComment).length,
})

const joinLines = (parts: readonly RuleLines[]): RuleLines => ({
  text: parts.map(p => p.text).join(''),
  count: parts.reduce((sum, p) => sum + p.count, 0),
  comments: parts.reduce((sum, p) => sum + p.comments, 0),
})
