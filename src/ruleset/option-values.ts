/**
 * Reads the values of a rule's options: one object per text, moved from rule to rule. The first fault is kept, and the values read after
 * it mean nothing; so the readers of matches and targets are straight lines.
 */
import type { IpAddress, IpFamily, IpPrefix } from '../net/ip.ts'
import { familyBits, formatIp, parseIp, parsePrefix } from '../net/ip.ts'
import { quoted } from '../problem/problem.ts'
import type { Words } from './iptables-words.ts'
import { newWords } from './iptables-words.ts'
import { parseProtocol } from './protocol-number.ts'
import type { AddressRange, L4Protocol, PortRange, PortSpan } from './ruleset.ts'

export interface Fault {
  /** From 1. */
  readonly column: number
  readonly what: string
  readonly mend: string
}

/** An option as a rule gives it: `negated` by a `!`, its arguments in the words from `word` on. */
export interface GivenOption {
  readonly name: string
  readonly negated: boolean
  readonly word: number
}

/** `value/mask`; the mask is whole where none is written. */
export interface MarkValue {
  readonly value: number
  readonly mask: number
}

export class OptionValues {
  readonly words: Words = newWords()
  fault: Fault | undefined
  /** Known once an address, or anything else of one family alone, was read. */
  family: IpFamily | undefined

  /** Whether something was read as of IPv4 before the family was known. */
  assumed = false

  constructor(family: IpFamily | undefined) {
    this.family = family
  }

  /** Notes a fault at a word, unless there is one already. */
  fail(word: number, what: string, mend: string): void {
    const { count, starts, ends } = this.words
    this.fault ??= { column: 1 + (word < count ? starts[word] : (ends[count - 1] ?? 0)), what, mend }
  }

  text(word: number): string {
    return this.words.texts[word]
  }

  /** The text, for keeping. */
  kept(word: number): string {
    return kept(this.text(word))
  }

  /** A name that prints as it stands: no blank or quote in it. */
  name(word: number): string {
    const text = this.text(word)
    if (!isName(text)) this.fail(word, `${quoted(text)} is no name`, 'write one without blanks and quotes')
    return text
  }

  /** The text is of this family: a fault when it is of the other already. */
  settleFamily(word: number, family: IpFamily): void {
    this.family ??= family
    if (this.family !== family)
      this.fail(
        word,
        `${quoted(this.text(word))} belongs to IPv${family}, the text before it to IPv${this.family}`,
        'give the rules of each family as a text of their own',
      )
  }

  /** The family, for what is written without saying it. */
  assumeFamily(): IpFamily {
    if (this.family === undefined) this.assumed = true
    return this.family ?? 4
  }

  prefix(word: number): IpPrefix {
    const text = this.text(word)
    const found = parsePrefix(text) ?? hostOf(text)
    if (found === undefined) return this.failAddress(word, { family: 4, value: 0n, length: 0 })
    this.settleFamily(word, found.family)
    return found
  }

  address(word: number, text = this.text(word)): IpAddress {
    const found = parseIp(text)
    if (found === undefined) return this.failAddress(word, { family: 4, value: 0n })
    this.settleFamily(word, found.family)
    return found
  }

  /** `10.0.0.1-10.0.0.9`; one address is a range of itself. */
  addressRange({ word, negated }: GivenOption): AddressRange {
    const [from, to = from] = this.text(word).split('-', 2)
    return { from: this.address(word, from), to: this.address(word, to), negated }
  }

  protocol(word: number): L4Protocol {
    const found = parseProtocol(this.text(word))
    if (found !== undefined) return found
    this.fail(word, `protocol ${quoted(this.text(word))} is not known`, 'write its number, from 1 to 255')
    return 'tcp'
  }

  /** Decimal, hexadecimal (0x) or octal (0), as C's strtoul reads it. */
  whole(word: number, max: number, text = this.text(word)): number {
    const value = /^0x[\da-f]{1,12}$/i.test(text)
      ? Number.parseInt(text.slice(2), 16)
      : /^0[0-7]{1,15}$/.test(text)
        ? Number.parseInt(text, 8)
        : /^\d{1,15}$/.test(text)
          ? Number(text)
          : Number.NaN
    if (value <= max) return value
    this.fail(word, `${quoted(text)} is no whole number from 0 to ${max}`, 'write one')
    return 0
  }

  mark(word: number): MarkValue {
    const [value, mask = '0xffffffff'] = this.text(word).split('/', 2)
    return { value: this.whole(word, 0xffff_ffff, value), mask: this.whole(word, 0xffff_ffff, mask) }
  }

  /** `80`, `80:90`, `80:`, `:90`; `separator` stands between the two. */
  ports(word: number, separator = ':', text = this.text(word)): PortSpan {
    const cut = text.indexOf(separator)
    const from = this.port(word, cut < 0 ? text : text.slice(0, cut) || '0')
    const to = cut < 0 ? from : this.port(word, text.slice(cut + 1) || '65535')
    if (from > to) this.fail(word, `port range ${quoted(text)} runs backwards`, 'write the lower port first')
    return { from, to }
  }

  portRange({ word, negated }: GivenOption): PortRange {
    const { from, to } = this.ports(word)
    return { from, to, negated }
  }

  /** A list of words between commas, each one of `known`. */
  list<T extends string>(word: number, known: readonly T[], what: string): T[] {
    const found: T[] = []
    for (const text of this.text(word).split(',')) {
      const item = known.find(k => k === text)
      if (item !== undefined) found.push(item)
      else this.fail(word, `${what} ${quoted(text)} is not known`, `write some of ${known.join(', ')}`)
    }
    return found
  }

  private port(word: number, text: string): number {
    const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
    if (port <= 0xffff) return port
    this.fail(
      word,
      `port ${quoted(text)} is no number from 0 to 65535`,
      'write ports as numbers, as iptables-save does',
    )
    return 0
  }

  private failAddress<T>(word: number, instead: T): T {
    const text = this.text(word)
    this.fail(word, `${quoted(text)} is no IP address`, 'write addresses as numbers, one a rule, as iptables-save does')
    return instead
  }
}

/** A copy: a part of a line would keep all of the line in memory. */
export const kept = (text: string): string => JSON.parse(JSON.stringify(text))

export const isName = (text: string): boolean => /^[^\s"]+$/.test(text) && text !== '!'

/** `255.255.255.0` as a prefix length; undefined when the mask is no prefix. */
export function maskLength(mask: IpAddress): number | undefined {
  const bits = familyBits(mask.family)
  const hostBits = (1n << BigInt(bits)) - 1n - mask.value
  return (hostBits & (hostBits + 1n)) === 0n ? bits - hostBits.toString(2).replace(/^0$/, '').length : undefined
}

/** An address alone, or with a dotted mask that is a prefix. */
function hostOf(text: string): IpPrefix | undefined {
  if (text === '0/0') return { family: 4, value: 0n, length: 0 }
  const slash = text.indexOf('/')
  const address = parseIp(slash < 0 ? text : text.slice(0, slash))
  if (address === undefined) return undefined
  if (slash < 0) return { ...address, length: familyBits(address.family) }
  const mask = parseIp(text.slice(slash + 1))
  const length = mask?.family === address.family ? maskLength(mask) : undefined
  return length === undefined ? undefined : { ...address, length }
}

/** Whether the mask tells every single address of its family apart. */
export const isWholeMask = (mask: IpAddress): boolean => formatIp(mask) === formatIp(wholeMask(mask.family))

const wholeMask = (family: IpFamily): IpAddress => ({ family, value: (1n << BigInt(familyBits(family))) - 1n })
