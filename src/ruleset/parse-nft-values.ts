/** Values in nftables text: addresses, prefixes, numbers, times, and the keys of elements. A fault ends the reading. */
import type { IpFamily, IpPrefix } from '../net/ip.ts'
import { hostPrefix, networkAddress, parseIp, parsePrefix } from '../net/ip.ts'
import { quoted } from '../problem/problem.ts'
import { prefixesOfInterval } from './nft-intervals.ts'
import { NFT_PROTOCOLS, type NftKeyType, type NftKeyValue, type NftProtocol } from './nft-ruleset.ts'
import type { NftToken, NftTokens } from './nft-tokens.ts'
import { TIME_UNITS } from './print-nft-rule.ts'

/** `10.0.0.0/8`, `10.0.0.1`. */
export function readPrefix(tokens: NftTokens, family: IpFamily): IpPrefix {
  const token = tokens.peek()
  const text = tokens.word('an address or prefix')
  const prefix = toPrefix(text, family)
  if (prefix === undefined)
    tokens.fail(token, `${quoted(text)} is no IPv${family} address or prefix`, 'write one, as 10.0.0.1 or fd00::/64')
  return prefix ?? { family, value: 0n, length: 0 }
}

/** A prefix, or an interval `first-last` as the prefixes that make it up. */
export function readInterval(tokens: NftTokens, family: IpFamily): { prefixes: IpPrefix[]; isInterval: boolean } {
  const token = tokens.peek()
  const dash = token.text.indexOf('-')
  if (dash < 0) {
    const prefix = readPrefix(tokens, family)
    return { prefixes: [prefix], isInterval: token.text.includes('/') }
  }
  tokens.next()
  const first = parseIp(token.text.slice(0, dash))
  const last = parseIp(token.text.slice(dash + 1))
  if (first?.family !== family || last?.family !== family || first.value > last.value) {
    tokens.fail(token, `${quoted(token.text)} is no interval of IPv${family} addresses`, 'write first-last')
    return { prefixes: [], isInterval: true }
  }
  return { prefixes: prefixesOfInterval(first.value, last.value, family), isInterval: true }
}

function toPrefix(text: string, family: IpFamily): IpPrefix | undefined {
  const address = parseIp(text)
  const prefix = address === undefined ? parsePrefix(text) : hostPrefix(address)
  return prefix?.family === family ? { ...prefix, value: networkAddress(prefix) } : undefined
}

/** Decimal or hexadecimal. */
export function readNumber(tokens: NftTokens, what: string, most: number): number {
  const token = tokens.peek()
  const text = tokens.word(what)
  const value = /^(?:\d{1,16}|0x[0-9a-f]{1,8})$/i.test(text) ? Number(text) : Number.NaN
  if (value <= most) return value
  tokens.fail(token, `${quoted(text)} is no ${what.replace(/^an? /, '')}`, `write a number from 0 to ${most}`)
  return 0
}

/** `3h`, `1d2h3m4s`, `3600s`, in milliseconds. */
export function readTime(tokens: NftTokens): number {
  const token = tokens.peek()
  const text = tokens.word('a time')
  let timeMs = 0
  const rest = text.replace(/(\d{1,15})(ms|[dhms])/g, (_, count: string, unit: string) => {
    timeMs += Number(count) * TIME_UNITS.find(([name]) => name === unit)![1]
    return ''
  })
  if (rest === '' && text !== '' && Number.isSafeInteger(timeMs)) return timeMs
  tokens.fail(token, `${quoted(text)} is no time`, 'write one as 3h or 1d2h3m4s')
  return 0
}

export function readProtocol(tokens: NftTokens): NftProtocol {
  const token = tokens.peek()
  const text = tokens.word('a protocol')
  const protocol = NFT_PROTOCOLS.find(p => p === text)
  if (protocol === undefined) tokens.fail(token, `protocol ${quoted(text)} is not known`, 'it is tcp, udp or sctp')
  return protocol ?? 'tcp'
}

export const readPort = (tokens: NftTokens): number => readNumber(tokens, 'a port', 65_535)

/** `10.96.0.1 . tcp . 443`. */
export function readKey(tokens: NftTokens, type: readonly NftKeyType[]): NftKeyValue[] {
  const key: NftKeyValue[] = []
  for (const part of type) {
    if (key.length > 0) tokens.expect('.', `write a key of ${type.join(' . ')}`)
    key.push(KEY_READERS[part](tokens))
  }
  return key
}

const KEY_READERS: Readonly<Record<NftKeyType, (tokens: NftTokens) => NftKeyValue>> = {
  ipv4_addr: tokens => readAddress(tokens, 4),
  ipv6_addr: tokens => readAddress(tokens, 6),
  inet_proto: readProtocol,
  inet_service: readPort,
}

function readAddress(tokens: NftTokens, family: IpFamily): NftKeyValue {
  const token: NftToken = tokens.peek()
  const text = tokens.word('an address')
  const address = parseIp(text)
  if (address?.family === family) return address
  tokens.fail(token, `${quoted(text)} is no IPv${family} address`, 'write one, as 10.0.0.1 or fd00::1')
  return { family, value: 0n }
}
