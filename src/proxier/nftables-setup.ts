/**
 * What kube-proxy keeps on every node in nftables mode: base chains, chains, sets and maps, and the rules that do not depend on
 * Services, as the steps in which a full sync makes them. The table as data and the transaction as text both follow from these steps.
 * Models nftablesBaseChains, nftablesJumpChains and setupNFTables (pkg/proxy/nftables/proxier.go).
 */
import type { IpAddress, IpFamily, IpPrefix } from '../net/ip.ts'
import { formatIp, formatPrefix, prefixContains } from '../net/ip.ts'
import type {
  NftChain,
  NftElement,
  NftHook,
  NftKeyType,
  NftRule,
  NftSet,
  NftStatement,
} from '../ruleset/nft-ruleset.ts'
import {
  byAddress,
  byPort,
  DROP,
  inPrefix,
  inPrefixes,
  inSet,
  jumpTo,
  nftRule,
  onlyNew,
  REJECT,
  RETURN,
  toNode,
} from './nftables-parts.ts'
import { LOOPBACK, type NodePortAddresses } from './nodeport-addresses.ts'

export interface SetupInput {
  readonly family: IpFamily
  readonly masqueradeBit: number
  readonly nodePorts: NodePortAddresses
  /** Of all ServiceCIDR objects, of the family. */
  readonly serviceCidrs: readonly IpPrefix[]
}

export type SetupStep =
  /** Makes a chain, and empties it. */
  | { readonly kind: 'chain'; readonly name: string; readonly hook?: NftHook; readonly comment?: string }
  | { readonly kind: 'rule'; readonly chain: string; readonly rule: NftRule }
  /** A set whose elements come with the Services. */
  | { readonly kind: 'set'; readonly set: NftSet }
  /** A set that is emptied and filled anew by each full sync. */
  | { readonly kind: 'filledSet'; readonly set: NftSet }
  /** A set that must not be there: it is made, so that it can be deleted. */
  | { readonly kind: 'noSet'; readonly set: NftSet }

/** Sets and maps that Services add elements to. Maps give verdicts. */
export const SERVICE_SETS = {
  'cluster-ips': { kind: 'set', key: 'address', comment: 'Active ClusterIPs' },
  'no-endpoint-services': {
    kind: 'map',
    key: 'addressAndPort',
    comment: 'vmap to drop or reject packets to services with no endpoints',
  },
  'no-endpoint-nodeports': {
    kind: 'map',
    key: 'port',
    comment: 'vmap to drop or reject packets to service nodeports with no endpoints',
  },
  'firewall-ips': {
    kind: 'map',
    key: 'addressAndPort',
    comment: 'destinations that are subject to LoadBalancerSourceRanges',
  },
  'service-ips': {
    kind: 'map',
    key: 'addressAndPort',
    comment: 'ClusterIP, ExternalIP and LoadBalancer IP traffic',
  },
  'service-nodeports': { kind: 'map', key: 'port', comment: 'NodePort traffic' },
} as const

export type ServiceSet = keyof typeof SERVICE_SETS

export const SERVICE_SET_NAMES = Object.keys(SERVICE_SETS) as ServiceSet[]

export const BASE_CHAINS: readonly (readonly [name: string, NftHook['type'], NftHook['hook'], priority: number])[] = [
  // Source ranges are of the address the client used, so they are looked at before DNAT.
  ['filter-prerouting-pre-dnat', 'filter', 'prerouting', -110],
  ['filter-output-pre-dnat', 'filter', 'output', -110],
  // What was not DNATed still has the Service's address: it has no endpoints, or nobody serves the port.
  ['filter-input', 'filter', 'input', 0],
  ['filter-forward', 'filter', 'forward', 0],
  ['filter-output', 'filter', 'output', 0],
  ['nat-prerouting', 'nat', 'prerouting', -100],
  ['nat-output', 'nat', 'output', -100],
  ['nat-postrouting', 'nat', 'postrouting', 100],
]

export function setupSteps(input: SetupInput): SetupStep[] {
  const { family, nodePorts, serviceCidrs } = input
  const mark = (1 << input.masqueradeBit) >>> 0
  const nodePortIps = nodePortSet(nodePorts, family)
  return [
    ...BASE_CHAINS.map(
      ([name, type, hook, priority]): SetupStep => chain(name, { type, hook, priority, policy: 'accept' }),
    ),
    ...JUMPS.flatMap(({ to, from, statements }) => [
      chain(to),
      ...from.map((name): SetupStep => step(name, nftRule(statements, jumpTo(to)))),
    ]),
    chain('mark-for-masquerade'),
    step('mark-for-masquerade', nftRule([{ kind: 'setMark', operation: 'or', value: mark }])),
    step('masquerading', nftRule([{ kind: 'mark', mask: mark, value: 0, negated: false }], RETURN)),
    step('masquerading', nftRule([{ kind: 'setMark', operation: 'xor', value: mark }])),
    step('masquerading', nftRule([], { kind: 'masquerade', fullyRandom: true })),
    serviceSet('cluster-ips', family),
    step(
      'cluster-ips-check',
      nftRule([inSet('destination', 'cluster-ips')], REJECT, 'Reject traffic to invalid ports of ClusterIPs'),
    ),
    ...(serviceCidrs.length === 0 ? [] : [step('cluster-ips-check', unallocatedDrop(serviceCidrs))]),
    nodePorts.all ? { kind: 'noSet', set: nodePortIps } : { kind: 'filledSet', set: nodePortIps },
    serviceSet('no-endpoint-services', family),
    serviceSet('no-endpoint-nodeports', family),
    chain('reject-chain', undefined, 'helper for @no-endpoint-services / @no-endpoint-nodeports'),
    step('reject-chain', nftRule([], REJECT)),
    step('service-endpoints-check', nftRule([byAddress('no-endpoint-services')])),
    // Input chains see nothing but the node's own addresses.
    step('nodeport-endpoints-check', nftRule([...toNodePorts(nodePorts, family), byPort('no-endpoint-nodeports')])),
    serviceSet('firewall-ips', family),
    step('firewall-check', nftRule([byAddress('firewall-ips')])),
    serviceSet('service-ips', family),
    serviceSet('service-nodeports', family),
    step('services', nftRule([byAddress('service-ips')])),
    step(
      'services',
      nftRule([...(nodePorts.all ? [toNode] : []), ...toNodePorts(nodePorts, family), byPort('service-nodeports')]),
    ),
  ]
}

/** Chains that base chains jump to, in the order they are made; a base chain jumps in this order too. */
const JUMPS: readonly {
  readonly to: string
  readonly from: readonly string[]
  readonly statements: readonly NftStatement[]
}[] = [
  { to: 'nodeport-endpoints-check', from: ['filter-input'], statements: [onlyNew] },
  { to: 'service-endpoints-check', from: ['filter-input', 'filter-forward', 'filter-output'], statements: [onlyNew] },
  { to: 'firewall-check', from: ['filter-prerouting-pre-dnat', 'filter-output-pre-dnat'], statements: [onlyNew] },
  { to: 'services', from: ['nat-output', 'nat-prerouting'], statements: [] },
  { to: 'masquerading', from: ['nat-postrouting'], statements: [] },
  { to: 'cluster-ips-check', from: ['filter-forward', 'filter-output'], statements: [onlyNew] },
]

const chain = (name: string, hook?: NftHook, comment?: string): SetupStep => ({
  kind: 'chain',
  name,
  ...(hook && { hook }),
  ...(comment !== undefined && { comment }),
})

const step = (name: string, rule: NftRule): SetupStep => ({ kind: 'rule', chain: name, rule })

const unallocatedDrop = (cidrs: readonly IpPrefix[]): NftRule =>
  nftRule(
    [inPrefixes('destination', cidrs, false, cidrs.map(formatPrefix).join(','))],
    DROP,
    'Drop traffic to unallocated ClusterIPs',
  )

const toNodePorts = (nodePorts: NodePortAddresses, family: IpFamily): NftStatement[] => [
  nodePorts.all ? inPrefix('destination', LOOPBACK[family], true) : inSet('destination', 'nodeport-ips'),
]

/** Loopback is left out: nftables mode has no nodePorts there. */
function nodePortSet({ addresses }: NodePortAddresses, family: IpFamily): NftSet {
  const taking = addresses.filter(a => !prefixContains(LOOPBACK[family], a))
  return {
    kind: 'set',
    name: 'nodeport-ips',
    keyType: [ADDRESS_TYPE[family]],
    comment: 'IPs that accept NodePort traffic',
    flags: [],
    elements: new Map(taking.map(a => [formatIp(a), addressElement(a)])),
  }
}

const addressElement = (address: IpAddress): NftElement => ({ key: [address] })

function serviceSet(name: ServiceSet, family: IpFamily): SetupStep {
  const { kind, key, comment } = SERVICE_SETS[name]
  return { kind: 'set', set: { kind, name, keyType: KEY_TYPES[key](family), comment, flags: [], elements: new Map() } }
}

export const ADDRESS_TYPE: Readonly<Record<IpFamily, NftKeyType>> = { 4: 'ipv4_addr', 6: 'ipv6_addr' }

const KEY_TYPES: Readonly<Record<'address' | 'port' | 'addressAndPort', (family: IpFamily) => NftKeyType[]>> = {
  address: family => [ADDRESS_TYPE[family]],
  port: () => ['inet_proto', 'inet_service'],
  addressAndPort: family => [ADDRESS_TYPE[family], 'inet_proto', 'inet_service'],
}

/** The chains that steps make, with their rules, in the order they are made. */
export function setupChains(steps: readonly SetupStep[]): NftChain[] {
  const rules = new Map<string, NftRule[]>()
  for (const s of steps) if (s.kind === 'chain') rules.set(s.name, [])
  for (const s of steps) if (s.kind === 'rule') rules.get(s.chain)!.push(s.rule)
  return steps.flatMap(s => {
    if (s.kind !== 'chain') return []
    const { kind: _, ...head } = s
    return [{ ...head, rules: rules.get(s.name)! }]
  })
}
