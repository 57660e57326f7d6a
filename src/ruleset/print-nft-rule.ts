/**
 * One nftables rule as text, in two notations: `listed`, as `nft list` shows it, and `written`, as kube-proxy puts it into a
 * transaction. nft reads both; they differ in the rows of NOTATIONS.
 */

import type { IpFamily } from '../net/ip.ts'
import { formatIp } from '../net/ip.ts'
import { nftIntervals, nftPrefix } from './nft-intervals.ts'
import type { NftElement, NftRule, NftSelector, NftSide, NftStatement, NftVerdict } from './nft-ruleset.ts'
import { NFT_CT_STATES } from './nft-ruleset.ts'

export type NftNotation = 'listed' | 'written'

/** Without indent and end of line. */
export function printNftRule(rule: NftRule, family: IpFamily, notation: NftNotation = 'listed'): string {
  let text = ''
  const { statements, verdict } = rule
  const implied = notation === 'listed' ? impliedByReset(rule) : -1
  const shown = statements.filter((_, i) => i !== implied)
  for (const statement of shown) text += `${printStatement(statement, family, notation)} `
  if (verdict !== undefined) text += `${printNftVerdict(verdict)} `
  if (rule.comment !== undefined) text += `comment "${rule.comment}" `
  return text.slice(0, -1)
}

/** Place of a match on TCP that nft does not show, as a reset with only matches before it implies it. */
function impliedByReset({ statements, verdict }: NftRule): number {
  if (verdict?.kind !== 'reject' || verdict.with === undefined) return -1
  const lastAction = statements.findLastIndex(s => ACTIONS.has(s.kind))
  return statements.findIndex((s, i) => i > lastAction && s.kind === 'protocol' && s.protocol === 'tcp' && !s.negated)
}

const ACTIONS: ReadonlySet<NftStatement['kind']> = new Set(['setMark', 'update', 'counter'])

/** All rules of a chain, one a line. */
export const printNftRules = (rules: readonly NftRule[], family: IpFamily): string =>
  rules.map(rule => printNftRule(rule, family)).join('\n')

/** `10.96.0.1 . tcp . 443 comment "ns/name" : drop`. */
export function printNftElement(keyText: string, element: NftElement): string {
  let text = keyText
  if (element.expiresMs !== undefined) text += ` expires ${printNftTime(element.expiresMs)}`
  if (element.comment !== undefined) text += ` comment "${element.comment}"`
  if (element.verdict !== undefined) text += ` : ${printNftVerdict(element.verdict)}`
  return text
}

/** `3h`, `1d2h3m4s`, `2h59m55s812ms`. */
export function printNftTime(timeMs: number): string {
  let text = ''
  let left = timeMs
  for (const [unit, unitMs] of TIME_UNITS) {
    const count = Math.floor(left / unitMs)
    if (count > 0) text += `${count}${unit}`
    left -= count * unitMs
  }
  return text === '' ? '0s' : text
}

export const TIME_UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const

export function printNftVerdict(verdict: NftVerdict): string {
  switch (verdict.kind) {
    case 'jump':
    case 'goto':
      return `${verdict.kind} ${verdict.chain}`
    case 'dnat':
      return `dnat to ${printSocket(verdict)}`
    case 'masquerade':
      return verdict.fullyRandom ? 'masquerade fully-random' : 'masquerade'
    case 'reject':
      return verdict.with === undefined ? 'reject' : `reject with ${verdict.with}`
    case 'accept':
    case 'drop':
    case 'return':
      return verdict.kind
  }
}

interface Notation {
  readonly comma: string
  /** Around the name of an interface. */
  readonly quote: string
  /** Packet mark, read and set. */
  readonly mark: string
  readonly or: string
  readonly xor: string
  readonly and: string
}

const NOTATIONS: Readonly<Record<NftNotation, Notation>> = {
  listed: { comma: ', ', quote: '"', mark: 'meta mark', or: '|', xor: '^', and: '&' },
  written: { comma: ' , ', quote: '', mark: 'mark', or: 'or', xor: 'xor', and: 'and' },
}

function printStatement(statement: NftStatement, family: IpFamily, notation: NftNotation): string {
  const { comma, mark, quote } = NOTATIONS[notation]
  switch (statement.kind) {
    case 'address':
      return `${address(statement.side, family)} ${not(statement)}${printAddresses(statement, notation)}`
    case 'lookup':
      return `${printKey(statement.key, family)} ${not(statement)}@${statement.set}`
    case 'vmap':
      return `${printKey(statement.key, family)} vmap @${statement.map}`
    case 'numgen': {
      let choices = ''
      statement.verdicts.forEach((verdict, i) => {
        choices += `${i === 0 ? '' : comma}${i} : ${printNftVerdict(verdict)}`
      })
      return `numgen ${statement.mode} mod ${statement.modulus} vmap { ${choices} }`
    }
    case 'ctState':
      return `ct state ${not(statement)}${NFT_CT_STATES.filter(s => statement.states.includes(s)).join(',')}`
    case 'protocol':
      return `meta l4proto ${not(statement)}${statement.protocol}`
    case 'destinationPort':
      return `${statement.protocol} dport ${not(statement)}${statement.port}`
    case 'inInterface':
      return `iifname ${not(statement)}${quote}${statement.name}${quote}`
    case 'fibLocal':
      return `fib ${SIDES[statement.side]} type ${not(statement)}local`
    case 'mark':
      return notation === 'listed'
        ? printMark(statement)
        : `mark and ${markWord(statement.mask)} ${statement.negated ? '!=' : '=='} ${statement.value}`
    case 'setMark':
      return statement.operation === 'set'
        ? `${mark} set ${markWord(statement.value)}`
        : `${mark} set ${mark} ${NOTATIONS[notation][statement.operation]} ${markWord(statement.value)}`
    case 'update':
      return `update @${statement.set} { ${printKey(statement.key, family)} }`
    case 'counter':
      return `counter packets ${statement.packets} bytes ${statement.bytes}`
  }
}

const not = ({ negated }: { readonly negated: boolean }): string => (negated ? '!= ' : '')

const SIDES: Readonly<Record<NftSide, string>> = { source: 'saddr', destination: 'daddr' }

const address = (side: NftSide, family: IpFamily): string => `${family === 4 ? 'ip' : 'ip6'} ${SIDES[side]}`

function printKey(key: readonly NftSelector[], family: IpFamily): string {
  return key
    .map(part =>
      part === 'protocol' ? 'meta l4proto' : part === 'destinationPort' ? 'th dport' : address(part, family),
    )
    .join(' . ')
}

function printAddresses(
  { prefixes, braces, writtenAs }: Extract<NftStatement, { kind: 'address' }>,
  notation: NftNotation,
): string {
  if (notation === 'written' && writtenAs !== undefined) return `{ ${writtenAs} }`
  return braces === undefined ? nftPrefix(prefixes[0]) : `{ ${nftIntervals(prefixes, braces).join(', ')} }`
}

/** A mask of leading ones is shown as the length of a prefix, a whole mask not at all. */
function printMark({ mask, value, negated }: Extract<NftStatement, { kind: 'mark' }>): string {
  const ones = Math.clz32(~mask)
  const isPrefix = mask !== 0 && (mask << ones) >>> 0 === 0
  if (ones === 32) return `meta mark ${negated ? '!= ' : ''}${markWord(value)}`
  if (isPrefix) return `meta mark ${negated ? '!= ' : ''}${markWord(value)}/${ones}`
  return `meta mark & ${markWord(mask)} ${negated ? '!=' : '=='} ${markWord(value)}`
}

const markWord = (word: number): string => `0x${(word >>> 0).toString(16).padStart(8, '0')}`

function printSocket({ address: ip, port }: Extract<NftVerdict, { kind: 'dnat' }>): string {
  const text = formatIp(ip)
  if (port === 0) return text
  return ip.family === 4 ? `${text}:${port}` : `[${text}]:${port}`
}
