/**
 * The matches and verdicts kube-proxy's rules are made of, so that a rule reads like the line iptables-save prints.
 * Parts that many rules have in common are one object each.
 */
import type { IpAddress, IpPrefix } from '../net/ip.ts'
import { hostPrefix } from '../net/ip.ts'
import type { Protocol } from '../net/protocol.ts'
import type { AddressTypes, L4Protocol, Match, Rule, Verdict } from '../ruleset/ruleset.ts'
import { statisticThreshold } from '../ruleset/ruleset.ts'
import type { LocalTraffic } from './local-traffic.ts'

/** A rule from its parts, put in iptables' order: addresses, interfaces and protocol first, `-m` matches as written. */
export function rule(matches: readonly (Match | readonly Match[])[], verdict?: Verdict): Rule {
  const flat = matches.flat()
  const ordered = flat.sort((a, b) => place(a) - place(b))
  return verdict === undefined ? { matches: ordered } : { matches: ordered, verdict }
}

export const source = (prefix: IpPrefix): Match => ({ kind: 'source', prefix, negated: false })

export const destination = (prefix: IpPrefix, negated = false): Match => ({ kind: 'destination', prefix, negated })

export const comment = (text: string): Match => ({ kind: 'comment', text })

/** `-p tcp … -m tcp --dport PORT`: the protocol's option stands before the comment, the port's after it. */
export const protocol = (name: Protocol): Match => PROTOCOL[name]

export const port = (name: Protocol, number: number): Match => ({
  kind: 'ports',
  protocol: L4[name],
  destination: { from: number, to: number, negated: false },
})

/** `-m tcp` alone. */
export const anyPort = (name: Protocol): Match => ANY_PORT[name]

const LOCAL: AddressTypes = { types: ['LOCAL'], negated: false }

export const fromNode: Match = { kind: 'addrtype', source: LOCAL }

export const toNode: Match = { kind: 'addrtype', destination: LOCAL }

/** Local traffic, or when negated all other. */
export const isLocal = (local: LocalTraffic, negated: boolean): Match =>
  local.kind === 'source'
    ? { kind: 'source', prefix: local.prefix, negated }
    : { kind: 'inInterface', name: local.isPrefix ? `${local.name}+` : local.name, negated }

/** Traffic to one address and port of a Service, with the comment that says why. */
export const toService = (address: IpAddress, name: Protocol, number: number, why: string): Match[] => [
  destination(hostPrefix(address)),
  protocol(name),
  comment(why),
  port(name, number),
]

/**
 * The rule takes one in `choices`. kube-proxy writes the probability with ten decimals, from which iptables makes the
 * kernel's integer.
 */
export function oneIn(choices: number): Match {
  let match = SHARES[choices]
  if (match === undefined) {
    match = { kind: 'statistic', threshold: statisticThreshold(Number((1 / choices).toFixed(10))), negated: false }
    SHARES[choices] = match
  }
  return match
}

export const jump = (chain: string): Verdict => ({ kind: 'jump', chain })

export const ACCEPT: Verdict = { kind: 'accept' }
export const DROP: Verdict = { kind: 'drop' }
export const RETURN: Verdict = { kind: 'return' }

export const markMasquerade: Verdict = jump('KUBE-MARK-MASQ')

/** By number of choices. */
const SHARES: Match[] = []

const L4 = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' } as const satisfies Record<Protocol, L4Protocol>

const PROTOCOL: Readonly<Record<Protocol, Match>> = {
  TCP: { kind: 'protocol', protocol: 'tcp', negated: false },
  UDP: { kind: 'protocol', protocol: 'udp', negated: false },
  SCTP: { kind: 'protocol', protocol: 'sctp', negated: false },
}

const ANY_PORT: Readonly<Record<Protocol, Match>> = {
  TCP: { kind: 'ports', protocol: 'tcp' },
  UDP: { kind: 'ports', protocol: 'udp' },
  SCTP: { kind: 'ports', protocol: 'sctp' },
}

const HEAD: readonly Match['kind'][] = ['source', 'destination', 'inInterface', 'outInterface', 'protocol']

const place = (match: Match): number => {
  const i = HEAD.indexOf(match.kind)
  return i < 0 ? HEAD.length : i
}
