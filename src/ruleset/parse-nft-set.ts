/** Sets, maps and their elements from nftables text. */
import { quoted } from '../problem/problem.ts'
import { nftKeyText } from './nft-key-text.ts'
import type { NftElement, NftKeyType, NftSet } from './nft-ruleset.ts'
import type { NftTokens } from './nft-tokens.ts'
import { parseNftVerdict } from './parse-nft-rule.ts'
import { readKey, readNumber, readTime } from './parse-nft-values.ts'

/** The block of a set or map, elements included. */
export function parseNftSet(tokens: NftTokens, kind: NftSet['kind'], name: string): NftSet {
  const start = tokens.peek()
  let set: NftSet = { kind, name, keyType: [], flags: [], elements: new Map() }
  const seen = new Set<string>()
  for (const token of tokens.block()) {
    const property = tokens.word('a property')
    if (seen.has(property)) tokens.fail(token, `${property} stands twice in ${kind} ${quoted(name)}`, 'write it once')
    seen.add(property)
    set = { ...set, ...readProperty(tokens, property, set, token) }
  }
  if (set.keyType.length === 0) tokens.fail(start, `${kind} ${quoted(name)} has no type`, 'write its type first')
  return set
}

/** `{ KEY, KEY comment "…" : VERDICT, … }`, by key as text. */
export function parseNftElements(tokens: NftTokens, { kind, keyType }: NftSet): Map<string, NftElement> {
  const elements = new Map<string, NftElement>()
  tokens.expect('{', 'write the elements in braces')
  for (;;) {
    tokens.skipLines()
    if (tokens.take('}')) return elements
    const element = readElement(tokens, kind, keyType)
    if (tokens.fault !== undefined) return elements
    elements.set(nftKeyText(element.key), element)
    tokens.skipLines()
    if (!tokens.take(',')) {
      tokens.expect('}', 'close the elements, or put a comma before the next one')
      return elements
    }
  }
}

/** Keys alone, as a deletion names them. */
export const parseNftKeys = (tokens: NftTokens, set: NftSet): string[] => [
  ...parseNftElements(tokens, { ...set, kind: 'set' }).keys(),
]

function readProperty(
  tokens: NftTokens,
  property: string,
  set: NftSet,
  at: ReturnType<NftTokens['peek']>,
): Partial<NftSet> {
  switch (property) {
    case 'type':
      return { keyType: readType(tokens, set.kind) }
    case 'size':
      return { size: readNumber(tokens, 'a size', 0xffff_ffff) }
    case 'flags':
      return { flags: readFlags(tokens) }
    case 'timeout':
      return { timeoutSeconds: readTime(tokens) / 1000 }
    case 'comment':
      return { comment: tokens.string('a comment') }
    case 'elements':
      tokens.expect('=', 'write elements = { … }')
      return { elements: parseNftElements(tokens, set) }
    default:
      tokens.fail(at, `${quoted(property)} of a ${set.kind} is not modelled`, `known are ${PROPERTIES}`)
      return {}
  }
}

const PROPERTIES = 'type, size, flags, timeout, comment and elements'

function readType(tokens: NftTokens, kind: NftSet['kind']): NftKeyType[] {
  const type: NftKeyType[] = []
  do {
    const token = tokens.peek()
    const text = tokens.word('a type')
    const known = KEY_TYPES.find(t => t === text)
    if (known === undefined)
      tokens.fail(token, `type ${quoted(text)} is not modelled`, `known are ${KEY_TYPES.join(', ')}`)
    else type.push(known)
  } while (tokens.take('.'))
  if (kind === 'map') {
    tokens.expect(':', 'write what the map gives, as : verdict')
    tokens.expect('verdict', 'maps that give something else are not modelled')
  }
  return type
}

const KEY_TYPES: readonly NftKeyType[] = ['ipv4_addr', 'ipv6_addr', 'inet_proto', 'inet_service']

function readFlags(tokens: NftTokens): NftSet['flags'] {
  const flags: ('dynamic' | 'timeout')[] = []
  do {
    const token = tokens.peek()
    const text = tokens.word('a flag')
    if (text === 'dynamic' || text === 'timeout') flags.push(text)
    else tokens.fail(token, `flag ${quoted(text)} is not modelled`, 'known are dynamic and timeout')
  } while (tokens.take(','))
  return flags
}

function readElement(tokens: NftTokens, kind: NftSet['kind'], type: readonly NftKeyType[]): NftElement {
  if (type.length === 0) tokens.unexpected('elements follow the type of their set', 'write the type first')
  let element: NftElement = { key: readKey(tokens, type) }
  for (;;) {
    if (tokens.take('comment')) element = { ...element, comment: tokens.string('a comment') }
    else if (tokens.take('expires')) element = { ...element, expiresMs: readTime(tokens) }
    else break
  }
  if (kind === 'set') return element
  tokens.expect(':', 'write KEY : VERDICT')
  return { ...element, verdict: parseNftVerdict(tokens) }
}
