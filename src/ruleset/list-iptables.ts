/**
 * A table as `iptables -t TABLE -L -n` shows it up to release 1.8.8: protocols by name (`tcp`, `all`), interfaces left out. Release
 * 1.8.9 writes protocol numbers instead, and `--` under `opt` for IPv6 too; the rest is the same. What kube-proxy never writes stands
 * in iptables-save's own words.
 */
import type { IpFamily, IpPrefix } from '../net/ip.ts'
import { familyBits, formatIp } from '../net/ip.ts'
import {
  FULL_MASK,
  hexadecimal,
  printMark,
  printMatch,
  printPorts,
  printProbability,
  printRecentMask,
  printStates,
} from './print-match.ts'
import { printNatTarget, printVerdict } from './print-verdict.ts'
import type { AddressTypes, Match, PortRange, Rule, Table, Verdict } from './ruleset.ts'

export function listTable(table: Table, family: IpFamily): string {
  const references = countReferences(table)
  const chains: string[] = []
  for (const { name, policy, rules } of table.chains.values()) {
    const note = policy === undefined ? `${references.get(name) ?? 0} references` : `policy ${policy}`
    const lines = rules.map(rule => `${listRule(rule, family)}\n`)
    chains.push(`Chain ${name} (${note})\n${HEADER}\n${lines.join('')}`)
  }
  return chains.join('\n')
}

const HEADER = 'target     prot opt source               destination         '

function countReferences(table: Table): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { rules } of table.chains.values())
    for (const { verdict } of rules)
      if (verdict?.kind === 'jump' || verdict?.kind === 'goto')
        counts.set(verdict.chain, (counts.get(verdict.chain) ?? 0) + 1)
  return counts
}

function listRule(rule: Rule, family: IpFamily): string {
  const { matches, verdict } = rule
  const protocol = matches.find(m => m.kind === 'protocol')
  const columns = [
    `${targetName(verdict).padEnd(9)} `,
    (protocol?.negated ? '!' : ' ') + (protocol === undefined ? 'all' : protocolName(protocol)).padEnd(5),
    family === 4 ? '-- ' : '   ',
    addressColumn(
      matches.find(m => m.kind === 'source'),
      family,
    ),
    addressColumn(
      matches.find(m => m.kind === 'destination'),
      family,
    ),
  ]
  const goto = verdict?.kind === 'goto' ? '[goto] ' : ''
  return columns.join('') + goto + matches.map(m => listMatch(m, family)).join('') + listTargetOptions(verdict)
}

const protocolName = (match: Extract<Match, { kind: 'protocol' }>): string =>
  match.protocol === 'ipv6-icmp' ? 'icmpv6' : `${match.protocol}`

function addressColumn(match: Extract<Match, { prefix: IpPrefix }> | undefined, family: IpFamily): string {
  if (match === undefined) return ` ${(family === 4 ? '0.0.0.0/0' : '::/0').padEnd(19)} `
  const { prefix, negated } = match
  const length = prefix.length === familyBits(family) ? '' : `/${prefix.length}`
  return `${negated ? '!' : ' '}${(formatIp(prefix) + length).padEnd(19)} `
}

function targetName(verdict: Verdict | undefined): string {
  if (verdict === undefined) return ''
  switch (verdict.kind) {
    case 'jump':
    case 'goto':
      return verdict.chain
    case 'unknown':
      return verdict.target
    default:
      return verdict.kind.toUpperCase()
  }
}

/** What the match adds behind the columns; nothing for one that is a column, or an interface. */
function listMatch(match: Match, family: IpFamily): string {
  switch (match.kind) {
    case 'source':
    case 'destination':
    case 'inInterface':
    case 'outInterface':
    case 'protocol':
      return ''
    case 'comment':
      return ` /* ${match.text} */`
    case 'ports':
      return ` ${match.protocol}${listPorts('spt', match.source)}${listPorts('dpt', match.destination)}`
    case 'addrtype':
      return ` ADDRTYPE match${listTypes('src', match.source)}${listTypes('dst', match.destination)}`
    case 'conntrack':
      return `${not(match.negated)} ctstate ${printStates(match.states)}`
    case 'mark':
      return ` mark match${not(match.negated)} ${printMark(match.value, match.mask)}`
    case 'statistic':
      return ` statistic mode random probability ${printProbability(match.threshold)}`
    case 'recent':
      return listRecent(match, family)
    case 'nfacct':
      return ` nfacct-name  ${match.name}`
    default:
      return printMatch(match, family)
  }
}

function listTargetOptions(verdict: Verdict | undefined): string {
  if (verdict === undefined) return ''
  switch (verdict.kind) {
    case 'dnat':
    case 'snat':
      return ` to:${printNatTarget(verdict)}`
    case 'masquerade':
      return verdict.randomFully ? ' random-fully' : ''
    case 'reject':
      return ` reject-with ${verdict.with}`
    case 'mark':
      return ` MARK ${markOperation(verdict.value, verdict.mask)}`
    case 'accept':
    case 'drop':
    case 'return':
    case 'jump':
    case 'goto':
      return ''
    default:
      return printVerdict(verdict).replace(/^ -j \S+/, '')
  }
}

const not = (negated: boolean): string => (negated ? ' !' : '')

const listPorts = (name: string, range: PortRange | undefined): string =>
  range === undefined
    ? ''
    : ` ${name}${range.from === range.to ? '' : 's'}:${range.negated ? '!' : ''}${printPorts(range)}`

const listTypes = (name: string, side: AddressTypes | undefined): string =>
  side === undefined ? '' : ` ${name}-type ${side.negated ? '!' : ''}${side.types.join(',')}`

const RECENT_WORD = { set: 'SET', rcheck: 'CHECK', update: 'UPDATE', remove: 'REMOVE' } as const

function listRecent(match: Extract<Match, { kind: 'recent' }>, family: IpFamily): string {
  const seconds = match.seconds === undefined ? '' : ` seconds: ${match.seconds}`
  const reap = match.reap === true ? ' reap' : ''
  const list = `name: ${match.name} side: ${match.side === 'source' ? 'source' : 'dest'} mask: ${printRecentMask(match.mask, family)}`
  return `${not(match.negated)} recent: ${RECENT_WORD[match.operation]}${seconds}${reap} ${list}`
}

/** MARK's set-xmark by the name of what it comes to. */
function markOperation(value: number, mask: number): string {
  if (value === 0) return `and ${hexadecimal(~mask)}`
  if (mask === value) return `or ${hexadecimal(value)}`
  if (mask === 0) return `xor ${hexadecimal(value)}`
  if (mask >>> 0 === FULL_MASK) return `set ${hexadecimal(value)}`
  return `xset ${hexadecimal(value)}/${hexadecimal(mask)}`
}
