/**
 * One element of an `add` line: what `ipset save` prints (`10.0.0.0/8,tcp:80`), and the ranges that ipset takes in IPv4 and of ports, which
 * stand for all that is in them.
 */
import { familyBits, type IpFamily, type IpPrefix, networkAddress, parseIp, parsePrefix } from '../net/ip.ts'
import { quoted } from '../problem/problem.ts'
import { parseIcmpType } from './icmp-types.ts'
import { type FilledIpSet, IP_SET_PARTS, type IpSetElement, type IpSetPart, pairValue } from './ip-set.ts'
import { prefixesOfInterval } from './nft-intervals.ts'
import { parseProtocol, protocolNumber } from './protocol-number.ts'

export interface ElementFault {
  readonly what: string
  readonly mend: string
}

type SetHead = Omit<FilledIpSet, 'elements'>

/** Values of one part, and lengths where they are networks. */
type Spread = readonly { readonly value: bigint; readonly length?: number }[]

export function parseElement(set: SetHead, text: string): readonly IpSetElement[] | ElementFault {
  const parts: readonly IpSetPart[] = IP_SET_PARTS[set.type]
  const texts = text.split(',')
  if (texts.length !== parts.length)
    return {
      what: `${quoted(text)} has ${texts.length} parts, and an element of ${set.type} ${parts.length}`,
      mend: SAVED,
    }
  let elements: readonly IpSetElement[] = [{ values: [] }]
  for (const [i, part] of parts.entries()) {
    const spread = readPart(part, texts[i], set, i)
    if ('what' in spread) return spread
    if (elements.length * spread.length > MOST_OF_ONE)
      return { what: `${quoted(text)} stands for more than ${MOST_OF_ONE} elements`, mend: 'write fewer a line' }
    elements = elements.flatMap(({ values, length }) =>
      spread.map(({ value, length: own = length }) => ({
        values: [...values, value],
        ...(own === undefined ? {} : { length: own }),
      })),
    )
  }
  return elements
}

/** Tells elements of one set apart. */
export const elementKey = ({ values, length }: IpSetElement): string => `${values.join()}/${length ?? ''}`

const MOST_OF_ONE = 0x1_0000
const SAVED = 'write it as ipset save does'

function readPart(part: IpSetPart, text: string, set: SetHead, index: number): Spread | ElementFault {
  const family = set.family ?? 4
  switch (part) {
    case 'net':
      return readNetworks(text, family)
    case 'pair':
      return readPair(text, family)
    case 'port': {
      const ports = /^(?:tcp:)?(\d{1,5})(?:-(\d{1,5}))?$/.exec(text)
      return ports === null
        ? { what: `${quoted(text)} is no port`, mend: SAVED }
        : within(interval(BigInt(ports[1]), BigInt(ports[2] ?? ports[1])), set, text)
    }
    case 'address': {
      // Of two addresses ipset spreads the first alone.
      const found = index === 0 ? readAddresses(text, family) : readOneAddress(text, family)
      if ('what' in found) return found
      const { mask } = set
      const values = new Set(mask === undefined ? found : found.map(value => value & mask))
      return within([...values], set, text)
    }
  }
}

function within(values: readonly bigint[], { range, type }: SetHead, text: string): Spread | ElementFault {
  if (range !== undefined && values.some(value => value < range.first || value > range.last))
    return { what: `${quoted(text)} is out of the range of the set`, mend: 'widen the range in its create line' }
  if (values.length === 0) return { what: `${quoted(text)} runs backwards`, mend: 'write the lower end first' }
  if (range === undefined && values.includes(0n))
    return { what: `${quoted(text)} has an address of zeros`, mend: `ipset takes none in ${type}` }
  return values.map(value => ({ value }))
}

function readAddresses(text: string, family: IpFamily): readonly bigint[] | ElementFault {
  const bounds = family === 4 ? intervalOf(text) : undefined
  return bounds === undefined ? readOneAddress(text, family) : interval(bounds.first, bounds.last)
}

function readOneAddress(text: string, family: IpFamily): readonly bigint[] | ElementFault {
  const address = parseIp(text)
  return address?.family === family ? [address.value] : notOf(text, family)
}

const notOf = (text: string, family: IpFamily): ElementFault => ({
  what: `${quoted(text)} is no address of IPv${family}`,
  mend: SAVED,
})

function readNetworks(text: string, family: IpFamily): Spread | ElementFault {
  const one = family === 4 && text.includes('-') ? intervalOf(text) : undefined
  const address = parseIp(text)
  const prefix: IpPrefix | undefined =
    address === undefined ? parsePrefix(text) : { ...address, length: familyBits(address.family) }
  const prefixes = one !== undefined ? prefixesOfInterval(one.first, one.last, 4) : prefix === undefined ? [] : [prefix]
  if (prefixes.length === 0 || prefixes[0].family !== family) return notOf(text, family)
  if (prefixes.some(p => p.length === 0))
    return { what: `${quoted(text)} is every address`, mend: 'ipset takes no network of length 0: write two halves' }
  return prefixes.map(p => ({ value: networkAddress(p), length: p.length }))
}

/** Of a range or a network of IPv4 with more addresses than one. */
function intervalOf(text: string): { readonly first: bigint; readonly last: bigint } | undefined {
  const prefix = parsePrefix(text)
  if (prefix?.family === 4 && prefix.length > 0) {
    const first = networkAddress(prefix)
    return { first, last: first + (1n << BigInt(32 - prefix.length)) - 1n }
  }
  const [from, to] = text.split('-', 2).map(parseIp)
  return from?.family === 4 && to?.family === 4 ? { first: from.value, last: to.value } : undefined
}

/** Cut behind MOST_OF_ONE, which is refused. */
function interval(first: bigint, last: bigint): bigint[] {
  const values: bigint[] = []
  for (let value = first; value <= last && values.length <= MOST_OF_ONE; value++) values.push(value)
  return values
}

const PORTED: ReadonlySet<number> = new Set([6, 17, 132, 136])
const ICMP: Readonly<Record<number, IpFamily | undefined>> = { 1: 4, 58: 6 }

/** `80`, `udp:53-55`, `icmp:8/0`, `vrrp:0`. */
function readPair(text: string, family: IpFamily): Spread | ElementFault {
  const colon = text.indexOf(':')
  const name = colon < 0 ? 'tcp' : text.slice(0, colon)
  const rest = text.slice(colon + 1)
  const protocol = parseProtocol(name)
  if (protocol === undefined || protocol === 0)
    return { what: `protocol ${quoted(name)} of ${quoted(text)} is not known`, mend: SAVED }
  const number = protocolNumber(protocol)
  const version = ICMP[number]
  if (version !== undefined) {
    if (version !== family)
      return {
        what: `${quoted(text)} is of IPv${version}, the set of IPv${family}`,
        mend: 'ipset takes no such element',
      }
    const { type, code = 0 } = parseIcmpType(version, rest) ?? {}
    return type === undefined
      ? { what: `${quoted(rest)} is no type of ${name}`, mend: 'write TYPE/CODE' }
      : [{ value: pairValue(number, 256 * type + code) }]
  }
  const ports = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(rest)
  const [from, to] = ports === null ? [1, 0] : [Number(ports[1]), Number(ports[2] ?? ports[1])]
  if (from > to || to > (PORTED.has(number) ? 0xffff : 0))
    return {
      what: `${quoted(rest)} is no port of ${name}`,
      mend: 'write a port from 0 to 65535, and 0 for protocols without ports',
    }
  return interval(pairValue(number, from), pairValue(number, to)).map(value => ({ value }))
}
