/**
 * The chains kube-proxy keeps on every node, and the jumps that hang them on the built-in chains, as data.
 * Models iptablesJumpChains, iptablesKubeletJumpChains and the top of syncProxyRules (pkg/proxy/iptables/proxier.go). kube-proxy
 * prepends each jump, so its own list reads backwards in iptables-save; this one is in the order of iptables-save.
 */
import type { IpFamily } from '../net/ip.ts'
import { parsePrefix } from '../net/ip.ts'
import type { Chain, Match, Rule, TableName } from '../ruleset/ruleset.ts'
import { BUILTIN_CHAINS } from '../ruleset/ruleset.ts'
import type { ProxierConfig } from './proxier-config.ts'
import { ACCEPT, comment, DROP, destination, jump, RETURN, rule } from './rule-parts.ts'

/** Chains that Services add rules to; all other chains are fixed, or belong to one Service port. */
export const DISPATCH_CHAINS = {
  /** nat: by clusterIP, externalIP and load balancer address to the Service port's chain. */
  services: { table: 'nat', name: 'KUBE-SERVICES' },
  /** nat: by nodePort. */
  nodePorts: { table: 'nat', name: 'KUBE-NODEPORTS' },
  /** filter: clusterIPs without endpoints. */
  refusedServices: { table: 'filter', name: 'KUBE-SERVICES' },
  /** filter: external addresses and nodePorts without endpoints. */
  refusedExternal: { table: 'filter', name: 'KUBE-EXTERNAL-SERVICES' },
  /** filter: health check node ports. */
  healthChecks: { table: 'filter', name: 'KUBE-NODEPORTS' },
  /** filter: load balancer traffic from outside its source ranges. */
  firewall: { table: 'filter', name: 'KUBE-PROXY-FIREWALL' },
} as const satisfies Record<string, { table: TableName; name: string }>

export type DispatchChain = keyof typeof DISPATCH_CHAINS

export const DISPATCH_NAMES = Object.keys(DISPATCH_CHAINS) as DispatchChain[]

/** What a Service port adds to each. */
export type DispatchRules = Readonly<Record<DispatchChain, readonly Rule[]>>

/** Fixed chains of a table with their rules: built-in ones with jumps, then kube-proxy's own. Dispatch chains are left out. */
export function baseChains(table: TableName, family: IpFamily, config: ProxierConfig, localhost: boolean): Chain[] {
  const builtin = BUILTIN_CHAINS[table].map(
    (name): Chain => ({
      name,
      policy: 'ACCEPT',
      rules: JUMPS.filter(j => j.table === table && j.from === name).map(jumpRule),
    }),
  )
  const own = OWN_CHAINS.filter(c => c.table === table).map(
    (c): Chain => ({ name: c.name, rules: c.rules?.(config, family, localhost) ?? [] }),
  )
  return [...builtin, ...own]
}

interface Jump {
  readonly table: TableName
  readonly from: string
  readonly to: string
  /** Only the first packet of a connection goes there. */
  readonly onlyNew?: boolean
  /** The kubelet's chain comes without. */
  readonly comment?: string
}

const FIREWALL = {
  table: 'filter',
  to: 'KUBE-PROXY-FIREWALL',
  onlyNew: true,
  comment: 'kubernetes load balancer firewall',
} as const
const PORTALS = { table: 'filter', to: 'KUBE-SERVICES', onlyNew: true, comment: 'kubernetes service portals' } as const
const EXTERNAL = {
  table: 'filter',
  to: 'KUBE-EXTERNAL-SERVICES',
  onlyNew: true,
  comment: 'kubernetes externally-visible service portals',
} as const

const JUMPS: readonly Jump[] = [
  { table: 'filter', from: 'INPUT', to: 'KUBE-FIREWALL' },
  { from: 'INPUT', ...FIREWALL },
  { table: 'filter', from: 'INPUT', to: 'KUBE-NODEPORTS', comment: 'kubernetes health check service ports' },
  { from: 'INPUT', ...EXTERNAL },
  { from: 'FORWARD', ...FIREWALL },
  { table: 'filter', from: 'FORWARD', to: 'KUBE-FORWARD', comment: 'kubernetes forwarding rules' },
  { from: 'FORWARD', ...PORTALS },
  { from: 'FORWARD', ...EXTERNAL },
  { table: 'filter', from: 'OUTPUT', to: 'KUBE-FIREWALL' },
  { from: 'OUTPUT', ...FIREWALL },
  { from: 'OUTPUT', ...PORTALS },
  { table: 'nat', from: 'PREROUTING', to: 'KUBE-SERVICES', comment: 'kubernetes service portals' },
  { table: 'nat', from: 'OUTPUT', to: 'KUBE-SERVICES', comment: 'kubernetes service portals' },
  { table: 'nat', from: 'POSTROUTING', to: 'KUBE-POSTROUTING', comment: 'kubernetes postrouting rules' },
]

interface OwnChain {
  readonly table: TableName
  readonly name: string
  readonly rules?: (config: ProxierConfig, family: IpFamily, localhost: boolean) => Rule[]
}

const OWN_CHAINS: readonly OwnChain[] = [
  /** Only there to be missed: when a firewall reload flushes it, kube-proxy writes everything anew. */
  { table: 'mangle', name: 'KUBE-PROXY-CANARY' },
  { table: 'filter', name: 'KUBE-PROXY-CANARY' },
  { table: 'nat', name: 'KUBE-PROXY-CANARY' },
  /** Keeps other hosts from loopback addresses, which nodePorts on 127.0.0.0/8 (route_localnet) would open to them. */
  {
    table: 'filter',
    name: 'KUBE-FIREWALL',
    rules: (_config, _family, localhost) => (localhost ? [LOCALNET_DROP] : []),
  },
  /** Lets through what a Service sent on, against a FORWARD policy of DROP. */
  { table: 'filter', name: 'KUBE-FORWARD', rules: forwardRules },
  /** Marks a packet for KUBE-POSTROUTING. */
  {
    table: 'nat',
    name: 'KUBE-MARK-MASQ',
    rules: config => [rule([], { kind: 'mark', value: mark(config), mask: mark(config) })],
  },
  /** Masquerades marked packets, and takes the mark off. */
  { table: 'nat', name: 'KUBE-POSTROUTING', rules: postroutingRules },
]

const LOCALHOST = parsePrefix('127.0.0.0/8')!

const LOCALNET_DROP: Rule = rule(
  [
    { kind: 'source', prefix: LOCALHOST, negated: true },
    destination(LOCALHOST),
    comment('block incoming localnet connections'),
    { kind: 'conntrack', states: ['RELATED', 'ESTABLISHED', 'DNAT'], negated: true },
  ],
  DROP,
)

function forwardRules(config: ProxierConfig): Rule[] {
  const counted: Match[] = config.nfacct ? [{ kind: 'nfacct', name: 'ct_state_invalid_dropped_pkts' }] : []
  return [
    rule([{ kind: 'conntrack', states: ['INVALID'], negated: false }, ...counted], DROP),
    rule([comment('kubernetes forwarding rules'), marked(config, false)], ACCEPT),
    rule(
      [
        comment('kubernetes forwarding conntrack rule'),
        { kind: 'conntrack', states: ['RELATED', 'ESTABLISHED'], negated: false },
      ],
      ACCEPT,
    ),
  ]
}

function postroutingRules(config: ProxierConfig): Rule[] {
  return [
    rule([marked(config, true)], RETURN),
    rule([], { kind: 'mark', value: mark(config), mask: 0 }),
    rule([comment('kubernetes service traffic requiring SNAT')], { kind: 'masquerade', randomFully: true }),
  ]
}

const mark = (config: ProxierConfig): number => (1 << config.masqueradeBit) >>> 0

const marked = (config: ProxierConfig, negated: boolean): Match => ({
  kind: 'mark',
  value: mark(config),
  mask: mark(config),
  negated,
})

function jumpRule(j: Jump): Rule {
  const onlyNew: Match[] = j.onlyNew === true ? [{ kind: 'conntrack', states: ['NEW'], negated: false }] : []
  return rule([...onlyNew, ...(j.comment === undefined ? [] : [comment(j.comment)])], jump(j.to))
}
