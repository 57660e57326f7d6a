/**
 * A ruleset as text, byte for byte what iptables-save 1.8.9 (ip6tables-save for IPv6) prints of it, without the comment lines with
 * date and version. iptables-restore reads it back. Options come in iptables' own order and notation: host prefixes with their
 * length, marks in hexadecimal, probabilities as the kernel rounded them.
 * About 1 µs a rule.
 */
import type { IpFamily, IpPrefix } from '../net/ip.ts'
import { formatIp } from '../net/ip.ts'
import type { Chain, CtState, Match, PortRange, Rule, Ruleset, TableName, Verdict } from './ruleset.ts'

/** What a rule, or a built-in chain's policy, has counted. */
export interface Counter {
  readonly packets: number
  readonly bytes: number
}

/** Counter of a rule by its place in the chain; of the chain's policy for index -1. */
export type CounterOf = (table: TableName, chain: string, index: number) => Counter

/** With `counterOf`, as `iptables-save -c`: each rule behind its `[packets:bytes]`. */
export function printRuleset(ruleset: Ruleset, counterOf?: CounterOf): string {
  let text = ''
  for (const table of ruleset.tables) {
    text += `*${table.name}\n`
    for (const chain of table.chains.values()) text += printChainHead(chain, counterOf?.(table.name, chain.name, -1))
    for (const chain of table.chains.values()) {
      const { name, rules } = chain
      for (let i = 0; i < rules.length; i++) {
        if (counterOf !== undefined) text += `${printCounter(counterOf(table.name, name, i))} `
        text += `${printRule(name, rules[i], ruleset.family)}\n`
      }
    }
    text += 'COMMIT\n'
  }
  return text
}

/** One rule as `-A CHAIN …`, without the end of line. The family matters to the mask of a `recent` list alone. */
export function printRule(chainName: string, rule: Rule, family: IpFamily = 4): string {
  let text = `-A ${chainName}`
  for (const match of rule.matches) text += printMatch(match, family)
  return rule.verdict === undefined ? text : text + printVerdict(rule.verdict)
}

/** All rules of a chain, one a line. Two chains of one name and family do the same when these texts are equal. */
export const printRules = (chainName: string, rules: readonly Rule[], family: IpFamily): string =>
  rules.map(rule => printRule(chainName, rule, family)).join('\n')

/** `0.33333333349`: the kernel's rounded probability to 11 decimals, ties to even as C's printf has them. */
export function printProbability(threshold: number): string {
  let text = probabilities.get(threshold)
  if (text === undefined) {
    const scaled = BigInt(threshold) * 100_000_000_000n
    let digits = scaled >> 31n
    const rest = scaled - (digits << 31n)
    const half = 1n << 30n
    if (rest > half || (rest === half && digits % 2n === 1n)) digits += 1n
    text = `${digits / 100_000_000_000n}.${(digits % 100_000_000_000n).toString().padStart(11, '0')}`
    probabilities.set(threshold, text)
  }
  return text
}

/** States in the order of iptables' own list. */
export const printStates = (states: readonly CtState[]): string => STATES.filter(s => states.includes(s)).join(',')

/** `443`, `8000:8080`. */
export const printPorts = (range: PortRange): string =>
  range.from === range.to ? `${range.from}` : `${range.from}:${range.to}`

export const hexadecimal = (word: number): string => `0x${(word >>> 0).toString(16)}`

/** Mask of a `recent` list that tells every single address apart. */
export const RECENT_MASK: Readonly<Record<IpFamily, string>> = {
  4: '255.255.255.255',
  6: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
}

const STATES: readonly CtState[] = ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED', 'SNAT', 'DNAT']

export const FULL_MASK = 0xffff_ffff

/** A Service has few sizes of endpoint lists: the same probabilities come again and again. */
const probabilities = new Map<number, string>()

const printChainHead = (chain: Chain, counter: Counter = NOTHING): string =>
  `:${chain.name} ${chain.policy ?? '-'} ${printCounter(chain.policy === undefined ? NOTHING : counter)}\n`

const NOTHING: Counter = { packets: 0, bytes: 0 }

const printCounter = (counter: Counter): string => `[${counter.packets}:${counter.bytes}]`

function printMatch(match: Match, family: IpFamily): string {
  switch (match.kind) {
    case 'source':
      return printPrefix('-s', match.prefix, match.negated)
    case 'destination':
      return printPrefix('-d', match.prefix, match.negated)
    case 'inInterface':
      return `${not(match.negated)} -i ${match.name}`
    case 'outInterface':
      return `${not(match.negated)} -o ${match.name}`
    case 'protocol':
      return `${not(match.negated)} -p ${match.protocol}`
    case 'comment':
      return ` -m comment --comment${quote(match.text)}`
    case 'ports':
      return ` -m ${match.protocol}${printPortOption('--sport', match.source)}${printPortOption('--dport', match.destination)}`
    case 'addrtype':
      return ` -m addrtype${not(match.negated)} --${match.side === 'source' ? 'src' : 'dst'}-type ${match.type}`
    case 'conntrack':
      return ` -m conntrack${not(match.negated)} --ctstate ${printStates(match.states)}`
    case 'mark':
      return ` -m mark${not(match.negated)} --mark ${printMark(match.value, match.mask)}`
    case 'statistic':
      return ` -m statistic --mode random --probability ${printProbability(match.threshold)}`
    case 'recent':
      return printRecent(match, family)
    case 'nfacct':
      return ` -m nfacct --nfacct-name ${quote(match.name)}`
  }
}

function printVerdict(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'accept':
      return ' -j ACCEPT'
    case 'drop':
      return ' -j DROP'
    case 'return':
      return ' -j RETURN'
    case 'jump':
      return ` -j ${verdict.chain}`
    case 'goto':
      return ` -g ${verdict.chain}`
    case 'reject':
      return ` -j REJECT --reject-with ${verdict.with}`
    case 'dnat':
      return ` -j DNAT --to-destination ${printSocket(verdict)}`
    case 'masquerade':
      return ` -j MASQUERADE${verdict.randomFully ? ' --random-fully' : ''}`
    case 'snat':
      return ` -j SNAT --to-source ${formatIp(verdict.address)}`
    case 'mark':
      return ` -j MARK --set-xmark ${hexadecimal(verdict.value)}/${hexadecimal(verdict.mask)}`
  }
}

/** `10.0.0.1:80`, `[fd00::1]:80`; the address alone when the port is kept. */
export function printSocket(verdict: Extract<Verdict, { kind: 'dnat' }>): string {
  const address = formatIp(verdict.address)
  if (verdict.port === 0) return address
  return verdict.address.family === 4 ? `${address}:${verdict.port}` : `[${address}]:${verdict.port}`
}

const not = (negated: boolean): string => (negated ? ' !' : '')

/** iptables prints no option for a prefix that every address is in. */
function printPrefix(option: string, prefix: IpPrefix, negated: boolean): string {
  if (prefix.length === 0 && !negated) return ''
  return `${not(negated)} ${option} ${formatIp(prefix)}/${prefix.length}`
}

const printPortOption = (option: string, range: PortRange | undefined): string =>
  range === undefined ? '' : `${not(range.negated)} ${option} ${printPorts(range)}`

/** `0x4000/0x4000`; the value alone when the mask is whole. */
export const printMark = (value: number, mask: number): string =>
  mask >>> 0 === FULL_MASK ? hexadecimal(value) : `${hexadecimal(value)}/${hexadecimal(mask)}`

function printRecent(match: Extract<Match, { kind: 'recent' }>, family: IpFamily): string {
  const seconds = match.seconds === undefined ? '' : ` --seconds ${match.seconds}`
  const reap = match.reap === true ? ' --reap' : ''
  const mask = RECENT_MASK[family]
  return ` -m recent${not(match.negated)} --${match.operation}${seconds}${reap} --name ${match.name} --mask ${mask} --rsource`
}

/** xtables_save_string: quoted unless every character is plain. */
const quote = (text: string): string => (/^[\w-]+$/.test(text) ? ` ${text}` : ` "${text.replace(/["\\']/g, '\\$&')}"`)
