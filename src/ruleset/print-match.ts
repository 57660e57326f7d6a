/** One match as iptables-save 1.8.9 writes it, with a leading blank; as an older release wrote it where the match remembers that. */
import type { IpAddress, IpFamily, IpPrefix } from '../net/ip.ts'
import { formatIp } from '../net/ip.ts'
import type { AddressRange, AddressTypes, CtState, Match, PortRange, PortSpan, Side, TcpFlags } from './ruleset.ts'
import { ADDRESS_TYPES, CT_STATES, TCP_FLAG } from './ruleset.ts'

/** The family matters to the mask of a `recent` list alone. */
export function printMatch(match: Match, family: IpFamily): string {
  switch (match.kind) {
    case 'source':
      return printPrefix('-s', match.prefix, match.negated)
    case 'destination':
      return printPrefix('-d', match.prefix, match.negated)
    case 'maskedAddress':
      return `${not(match.negated)} ${ADDRESS_OPTION[match.side]} ${formatIp(match.value)}/${formatIp(match.mask)}`
    case 'inInterface':
      return `${not(match.negated)} -i ${match.name}`
    case 'outInterface':
      return `${not(match.negated)} -o ${match.name}`
    case 'protocol':
      return `${not(match.negated)} -p ${match.protocol}`
    case 'fragment':
      return `${not(match.negated)} -f`
    case 'comment':
      return ` -m comment --comment${quote(match.text)}`
    case 'ports':
      return ` -m ${match.protocol}${printPortOption('--sport', match.source)}${printPortOption('--dport', match.destination)}${printFlags(match.flags)}`
    case 'multiport':
      return ` -m multiport${not(match.negated)} ${PORTS_OPTION[match.side]} ${match.ports.map(printPorts).join(',')}`
    case 'icmp':
      return printIcmp(match)
    case 'iprange':
      return ` -m iprange${printAddresses('--src-range', match.source)}${printAddresses('--dst-range', match.destination)}`
    case 'addrtype':
      return ` -m addrtype${printTypes('--src-type', match.source)}${printTypes('--dst-type', match.destination)}${match.limitInterface === undefined ? '' : ` --limit-iface-${match.limitInterface}`}`
    case 'conntrack':
      return match.module === undefined
        ? ` -m conntrack${not(match.negated)} --ctstate ${printStates(match.states)}`
        : ` -m state${not(match.negated)} --state ${printStates(match.states)}`
    case 'mark':
    case 'connmark':
      return ` -m ${match.kind}${not(match.negated)} --mark ${printMark(match.value, match.mask)}`
    case 'statistic':
      return ` -m statistic --mode random${not(match.negated)} --probability ${printProbability(match.threshold, match.decimals)}`
    case 'nth':
      return ` -m statistic --mode nth${not(match.negated)} --every ${match.every} --packet ${match.packet}`
    case 'recent':
      return printRecent(match, family)
    case 'limit':
      return ` -m limit --limit ${match.rate}/${match.per}${match.burst === DEFAULT_BURST ? '' : ` --limit-burst ${match.burst}`}`
    case 'mac':
      return ` -m mac${not(match.negated)} --mac-source ${match.address}`
    case 'set':
      return ` -m set${not(match.negated)} --match-set ${match.name} ${match.directions.join(',')}${match.returnNomatch === true ? ' --return-nomatch' : ''}`
    case 'physdev':
      return ` -m physdev${match.options.map(o => `${not(o.negated)} --physdev-${o.option}${'name' in o ? ` ${o.name}` : ''}`).join('')}`
    case 'nfacct':
      return ` -m nfacct --nfacct-name ${quote(match.name)}`
    case 'unknown':
      return ` -m ${match.module}${match.options === '' ? '' : ` ${match.options}`}`
  }
}

/** `0.33333333349`: the kernel's rounded probability, ties to even as C's printf has them. */
export function printProbability(threshold: number, decimals = 11): string {
  if (decimals !== 11) return roundedProbability(threshold, decimals)
  let text = probabilities.get(threshold)
  if (text === undefined) {
    text = roundedProbability(threshold, decimals)
    probabilities.set(threshold, text)
  }
  return text
}

/** A Service has few sizes of endpoint lists: the same probabilities come again and again. */
const probabilities = new Map<number, string>()

function roundedProbability(threshold: number, decimals: number): string {
  const scale = 10n ** BigInt(decimals)
  const scaled = BigInt(threshold) * scale
  let digits = scaled >> 31n
  const rest = scaled - (digits << 31n)
  const half = 1n << 30n
  if (rest > half || (rest === half && digits % 2n === 1n)) digits += 1n
  return `${digits / scale}.${(digits % scale).toString().padStart(decimals, '0')}`
}

/** States in the order of iptables' own list. */
export const printStates = (states: readonly CtState[]): string => CT_STATES.filter(s => states.includes(s)).join(',')

/** `443`, `8000:8080`. */
export const printPorts = (span: PortSpan): string =>
  span.from === span.to ? `${span.from}` : `${span.from}:${span.to}`

/** `0x4000/0x4000`; the value alone when the mask is whole. */
export const printMark = (value: number, mask: number): string =>
  mask >>> 0 === FULL_MASK ? hexadecimal(value) : `${hexadecimal(value)}/${hexadecimal(mask)}`

export const hexadecimal = (word: number): string => `0x${(word >>> 0).toString(16)}`

export const FULL_MASK = 0xffff_ffff

/** Bucket of a `limit` that names none. */
export const DEFAULT_BURST = 5

/** Mask of a `recent` list that tells every single address apart. */
export const printRecentMask = (mask: IpAddress | undefined, family: IpFamily): string =>
  mask === undefined ? WHOLE_MASK[family] : formatIp(mask)

const WHOLE_MASK: Readonly<Record<IpFamily, string>> = {
  4: '255.255.255.255',
  6: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
}

/** xtables_save_string: quoted unless every character is plain. */
export const quote = (text: string): string =>
  /^[\w-]+$/.test(text) ? ` ${text}` : ` "${text.replace(/["\\']/g, '\\$&')}"`

const ADDRESS_OPTION: Readonly<Record<Side, string>> = { source: '-s', destination: '-d' }

const PORTS_OPTION: Readonly<Record<Side | 'either', string>> = {
  source: '--sports',
  destination: '--dports',
  either: '--ports',
}

const not = (negated: boolean): string => (negated ? ' !' : '')

/** iptables prints no option for a prefix that every address is in. */
function printPrefix(option: string, prefix: IpPrefix, negated: boolean): string {
  if (prefix.length === 0 && !negated) return ''
  return `${not(negated)} ${option} ${formatIp(prefix)}/${prefix.length}`
}

const printPortOption = (option: string, range: PortRange | undefined): string =>
  range === undefined ? '' : `${not(range.negated)} ${option} ${printPorts(range)}`

const printFlags = (flags: TcpFlags | undefined): string =>
  flags === undefined ? '' : `${not(flags.negated)} --tcp-flags ${flagNames(flags.mask)} ${flagNames(flags.set)}`

const flagNames = (bits: number): string =>
  bits === 0
    ? 'NONE'
    : Object.entries(TCP_FLAG)
        .flatMap(([name, bit]) => ((bits & bit) === 0 ? [] : [name]))
        .join(',')

function printIcmp(match: Extract<Match, { kind: 'icmp' }>): string {
  const code = match.code === undefined ? '' : `/${match.code}`
  const option = match.version === 4 ? '-m icmp' : '-m icmp6'
  const name = match.version === 4 ? '--icmp-type' : '--icmpv6-type'
  return ` ${option}${not(match.negated)} ${name} ${match.type === undefined ? 'any' : `${match.type}${code}`}`
}

const printAddresses = (option: string, range: AddressRange | undefined): string =>
  range === undefined ? '' : `${not(range.negated)} ${option} ${formatIp(range.from)}-${formatIp(range.to)}`

const printTypes = (option: string, side: AddressTypes | undefined): string =>
  side === undefined
    ? ''
    : `${not(side.negated)} ${option} ${ADDRESS_TYPES.filter(t => side.types.includes(t)).join(',')}`

function printRecent(match: Extract<Match, { kind: 'recent' }>, family: IpFamily): string {
  const seconds = match.seconds === undefined ? '' : ` --seconds ${match.seconds}`
  const reap = match.reap === true ? ' --reap' : ''
  const hitcount = match.hitcount === undefined ? '' : ` --hitcount ${match.hitcount}`
  const rttl = match.rttl === true ? ' --rttl' : ''
  const mask = match.withoutMask === true ? '' : ` --mask ${printRecentMask(match.mask, family)}`
  const side = match.side === 'source' ? '--rsource' : '--rdest'
  return ` -m recent${not(match.negated)} --${match.operation}${seconds}${reap}${hitcount}${rttl} --name ${match.name}${mask} ${side}`
}
