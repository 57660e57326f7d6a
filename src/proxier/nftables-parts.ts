/** The statements and verdicts kube-proxy's nftables rules are made of, so that a rule reads like the line `nft list` prints. */
import type { IpPrefix } from '../net/ip.ts'
import type { Protocol } from '../net/protocol.ts'
import type { NftProtocol, NftRule, NftSelector, NftSide, NftStatement, NftVerdict } from '../ruleset/nft-ruleset.ts'
import type { LocalTraffic } from './local-traffic.ts'

export function nftRule(statements: readonly NftStatement[], verdict?: NftVerdict, comment?: string): NftRule {
  return { statements, ...(verdict && { verdict }), ...(comment !== undefined && { comment }) }
}

/** `ip saddr PREFIX`, `ip daddr != PREFIX`. */
export const inPrefix = (side: NftSide, prefix: IpPrefix, negated = false): NftStatement => ({
  kind: 'address',
  side,
  prefixes: [prefix],
  negated,
})

/** `ip saddr != { … }`: kube-proxy writes braces around a single one too, which nft takes away. */
export const inPrefixes = (
  side: NftSide,
  prefixes: readonly IpPrefix[],
  negated: boolean,
  writtenAs: string,
): NftStatement => ({
  kind: 'address',
  side,
  prefixes,
  negated,
  writtenAs,
  ...(prefixes.length > 1 && { braces: 'intervals' }),
})

/** Local traffic, or when negated all other. */
export const isLocalTraffic = (local: LocalTraffic, negated: boolean): NftStatement =>
  local.kind === 'source'
    ? inPrefix('source', local.prefix, negated)
    : { kind: 'inInterface', name: local.isPrefix ? `${local.name}*` : local.name, negated }

/** `ip saddr @SET`. */
export const inSet = (side: NftSide, set: string): NftStatement => ({
  kind: 'lookup',
  key: [side],
  set,
  negated: false,
})

/** `ip daddr . meta l4proto . th dport vmap @MAP`. */
export const byAddress = (map: string): NftStatement => ({ kind: 'vmap', key: ADDRESS_KEY, map })

/** `meta l4proto . th dport vmap @MAP`. */
export const byPort = (map: string): NftStatement => ({ kind: 'vmap', key: PORT_KEY, map })

const ADDRESS_KEY: readonly NftSelector[] = ['destination', 'protocol', 'destinationPort']
const PORT_KEY: readonly NftSelector[] = ['protocol', 'destinationPort']

export const fromNode: NftStatement = { kind: 'fibLocal', side: 'source', negated: false }

export const toNode: NftStatement = { kind: 'fibLocal', side: 'destination', negated: false }

export const onlyNew: NftStatement = { kind: 'ctState', states: ['new'], negated: false }

export const nftProtocol = (protocol: Protocol): NftProtocol => PROTOCOLS[protocol]

const PROTOCOLS = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' } as const satisfies Record<Protocol, NftProtocol>

export const jumpTo = (chain: string): NftVerdict => ({ kind: 'jump', chain })

export const goTo = (chain: string): NftVerdict => ({ kind: 'goto', chain })

export const DROP: NftVerdict = { kind: 'drop' }
export const REJECT: NftVerdict = { kind: 'reject' }
export const RETURN: NftVerdict = { kind: 'return' }

export const markMasquerade: NftVerdict = jumpTo('mark-for-masquerade')
