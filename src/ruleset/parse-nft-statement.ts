/** One match or action of an nftables rule from text. What the data model does not hold is refused by name. */
import type { IpFamily, IpPrefix } from '../net/ip.ts'
import { quoted } from '../problem/problem.ts'
import type { NftSelector, NftSide, NftStatement, NftVerdict } from './nft-ruleset.ts'
import { NFT_CT_STATES } from './nft-ruleset.ts'
import type { NftTokens } from './nft-tokens.ts'
import { readInterval, readNumber, readPort, readPrefix, readProtocol } from './parse-nft-values.ts'
import type { NftNotation } from './print-nft-rule.ts'

/** Where a statement stands. */
export interface StatementContext {
  readonly family: IpFamily
  /** What a transaction writes in braces nft may keep without them; what nft lists is kept as it is. */
  readonly notation: NftNotation
  readonly readVerdict: (tokens: NftTokens) => NftVerdict
}

/** Empty: a fault. */
export function parseNftStatement(tokens: NftTokens, context: StatementContext): NftStatement[] {
  const token = tokens.peek()
  const read = token.kind === 'word' ? STATEMENTS.get(token.text) : undefined
  if (read === undefined) {
    tokens.unexpected('a match or verdict that is modelled is expected', 'give the table of kube-proxy alone')
    return []
  }
  const statement = read(tokens, context)
  return statement === undefined ? [] : [statement]
}

type ReadStatement = (tokens: NftTokens, context: StatementContext) => NftStatement | undefined

/** By first word. */
const STATEMENTS: ReadonlyMap<string, ReadStatement> = new Map<string, ReadStatement>([
  ['ip', readKeyed],
  ['ip6', readKeyed],
  ['th', readKeyed],
  ['meta', readMeta],
  ['mark', readMark],
  ['tcp', readPortMatch],
  ['udp', readPortMatch],
  ['sctp', readPortMatch],
  ['ct', readCtState],
  ['iifname', readInterface],
  ['fib', readFib],
  ['numgen', readNumgen],
  ['update', readUpdate],
  ['counter', readCounter],
])

function readMeta(tokens: NftTokens, context: StatementContext): NftStatement | undefined {
  tokens.next()
  if (tokens.peek().text === 'mark') return readMark(tokens)
  tokens.expect('l4proto', 'known are meta l4proto and meta mark')
  return readComparison(tokens, context, moreParts(tokens, context.family, 'protocol'))
}

function readKeyed(tokens: NftTokens, context: StatementContext): NftStatement | undefined {
  return readComparison(tokens, context, readKeyParts(tokens, context.family))
}

const readKeyParts = (tokens: NftTokens, family: IpFamily): NftSelector[] =>
  moreParts(tokens, family, readSelector(tokens, family))

function moreParts(tokens: NftTokens, family: IpFamily, first: NftSelector): NftSelector[] {
  const key = [first]
  while (tokens.take('.')) key.push(readSelector(tokens, family))
  return key
}

/** What a key of one part or several is compared with or looked up in. */
function readComparison(
  tokens: NftTokens,
  context: StatementContext,
  key: readonly NftSelector[],
): NftStatement | undefined {
  if (tokens.take('vmap')) return { kind: 'vmap', key, map: readReference(tokens) }
  const negated = readNot(tokens)
  if (tokens.peek().text.startsWith('@')) return { kind: 'lookup', key, set: readReference(tokens), negated }
  const [part] = key
  if (key.length === 1 && (part === 'source' || part === 'destination'))
    return readAddresses(tokens, context, part, negated)
  if (key.length === 1 && part === 'destinationPort')
    return { kind: 'destinationPort', protocol: 'th', negated, port: readPort(tokens) }
  if (key.length === 1 && part === 'protocol') return { kind: 'protocol', protocol: readProtocol(tokens), negated }
  tokens.unexpected('a named set or map is expected', 'write @NAME, or vmap @NAME')
  return undefined
}

function readSelector(tokens: NftTokens, family: IpFamily): NftSelector {
  const token = tokens.peek()
  const text = `${tokens.word('a part of the packet')} ${tokens.word('a part of the packet')}`
  const selector = SELECTORS[family].get(text)
  if (selector === undefined)
    tokens.fail(token, `${quoted(text)} is not modelled here`, `known are ${[...SELECTORS[family].keys()].join(', ')}`)
  return selector ?? 'source'
}

const SELECTORS: Readonly<Record<IpFamily, ReadonlyMap<string, NftSelector>>> = {
  4: selectors('ip'),
  6: selectors('ip6'),
}

function selectors(ip: string): ReadonlyMap<string, NftSelector> {
  return new Map<string, NftSelector>([
    [`${ip} saddr`, 'source'],
    [`${ip} daddr`, 'destination'],
    ['meta l4proto', 'protocol'],
    ['th dport', 'destinationPort'],
  ])
}

/** `@NAME`. */
function readReference(tokens: NftTokens): string {
  const token = tokens.peek()
  const text = tokens.word('the name of a set or map')
  if (!/^@./.test(text)) tokens.fail(token, `${quoted(text)} names no set or map`, 'write @NAME')
  return text.slice(1)
}

/** Also takes the `==` that may stand for the absence of `!=`. */
function readNot(tokens: NftTokens): boolean {
  if (tokens.take('!=')) return true
  tokens.take('==')
  return false
}

function readAddresses(
  tokens: NftTokens,
  { family, notation }: StatementContext,
  side: NftSide,
  negated: boolean,
): NftStatement {
  if (!tokens.take('{')) return { kind: 'address', side, prefixes: [readPrefix(tokens, family)], negated }
  const prefixes: IpPrefix[] = []
  const first = tokens.peek().text
  let hasInterval = false
  do {
    const { prefixes: some, isInterval } = readInterval(tokens, family)
    prefixes.push(...some)
    hasInterval ||= isInterval
  } while (tokens.take(','))
  tokens.expect('}', 'close the set of addresses')
  const set = { kind: 'address', side, prefixes, negated } as const
  if (notation === 'written' && prefixes.length === 1) return { ...set, writtenAs: first }
  return { ...set, braces: hasInterval ? 'intervals' : 'addresses' }
}

function readMark(tokens: NftTokens): NftStatement {
  tokens.next()
  if (tokens.take('set')) return readSetMark(tokens)
  if (tokens.take('&') || tokens.take('and')) {
    const mask = readWord(tokens)
    return { kind: 'mark', mask, negated: readNot(tokens), value: readWord(tokens) }
  }
  const negated = readNot(tokens)
  const token = tokens.peek()
  const parts = /^(0x[\da-f]{1,8}|\d{1,9})(?:\/([12]?\d|3[0-2]))?$/i.exec(tokens.word('a mark'))
  if (parts === null) tokens.fail(token, `${quoted(token.text)} is no mark`, 'write one as 0x00004000, or 0x80000000/1')
  const ones = Number(parts?.[2] ?? 32)
  const mask = ones === 0 ? 0 : (0xffff_ffff << (32 - ones)) >>> 0
  return { kind: 'mark', mask, value: Number(parts?.[1]), negated }
}

function readSetMark(tokens: NftTokens): NftStatement {
  const isAlone = !['meta', 'mark'].includes(tokens.peek().text)
  if (isAlone) return { kind: 'setMark', operation: 'set', value: readWord(tokens) }
  tokens.take('meta')
  tokens.expect('mark', 'write meta mark set meta mark | VALUE, or meta mark set VALUE')
  const token = tokens.peek()
  const operation = MARK_OPERATIONS.get(tokens.word('|, ^ or &'))
  if (operation === undefined)
    tokens.fail(
      token,
      `${quoted(token.text)} of a mark is not modelled`,
      `known are ${[...MARK_OPERATIONS.keys()].join(', ')}`,
    )
  return { kind: 'setMark', operation: operation ?? 'or', value: readWord(tokens) }
}

const MARK_OPERATIONS: ReadonlyMap<string, 'or' | 'xor' | 'and'> = new Map([
  ['|', 'or'],
  ['^', 'xor'],
  ['&', 'and'],
  ['or', 'or'],
  ['xor', 'xor'],
  ['and', 'and'],
])

const readWord = (tokens: NftTokens): number => readNumber(tokens, 'a mark', 0xffff_ffff)

function readPortMatch(tokens: NftTokens): NftStatement {
  const protocol = readProtocol(tokens)
  tokens.expect('dport', 'write a destination port; source ports are not modelled')
  return { kind: 'destinationPort', protocol, negated: readNot(tokens), port: readPort(tokens) }
}

function readCtState(tokens: NftTokens): NftStatement {
  tokens.next()
  tokens.expect('state', 'write ct state; nothing else of a connection is modelled')
  const negated = readNot(tokens)
  const states: (typeof NFT_CT_STATES)[number][] = []
  do {
    const token = tokens.peek()
    const text = tokens.word('a state')
    const state = NFT_CT_STATES.find(s => s === text)
    if (state === undefined)
      tokens.fail(token, `state ${quoted(text)} is not known`, `write ${NFT_CT_STATES.join(', ')}`)
    else if (!states.includes(state)) states.push(state)
  } while (tokens.take(','))
  return { kind: 'ctState', states, negated }
}

/** In quotes as nft lists it, or bare as kube-proxy writes it. */
function readInterface(tokens: NftTokens): NftStatement {
  tokens.next()
  const negated = readNot(tokens)
  const name = tokens.peek().kind === 'string' ? tokens.string('a name') : tokens.word('the name of an interface')
  return { kind: 'inInterface', name, negated }
}

function readFib(tokens: NftTokens): NftStatement {
  tokens.next()
  const token = tokens.peek()
  const side = tokens.word('saddr or daddr')
  if (side !== 'saddr' && side !== 'daddr')
    tokens.fail(token, `"fib" of ${quoted(side)} is not modelled`, 'known are saddr and daddr')
  tokens.expect('type', 'write fib daddr type local')
  const negated = readNot(tokens)
  tokens.expect('local', 'no other type of address is modelled')
  return { kind: 'fibLocal', side: side === 'saddr' ? 'source' : 'destination', negated }
}

function readNumgen(tokens: NftTokens, { readVerdict }: StatementContext): NftStatement {
  tokens.next()
  const token = tokens.peek()
  const mode = tokens.word('random or inc')
  if (mode !== 'random' && mode !== 'inc')
    tokens.fail(token, `"numgen" of ${quoted(mode)} is not modelled`, 'it is random or inc')
  tokens.expect('mod', 'write numgen random mod N')
  const modulus = readNumber(tokens, 'a modulus', 0xffff_ffff)
  tokens.expect('vmap', 'write vmap { 0 : goto CHAIN, … }')
  tokens.expect('{', 'write vmap { 0 : goto CHAIN, … }')
  const verdicts: NftVerdict[] = []
  do {
    const at = tokens.peek()
    const number = readNumber(tokens, 'a number', 0xffff_ffff)
    if (number !== verdicts.length || number >= modulus)
      tokens.fail(
        at,
        `number ${number} is out of turn below ${modulus}`,
        'number the verdicts from 0, one after another',
      )
    tokens.expect(':', 'write NUMBER : VERDICT')
    verdicts.push(readVerdict(tokens))
  } while (tokens.take(','))
  tokens.expect('}', 'close the map')
  return { kind: 'numgen', mode: mode === 'inc' ? 'inc' : 'random', modulus, verdicts }
}

function readUpdate(tokens: NftTokens, { family }: StatementContext): NftStatement {
  tokens.next()
  const set = readReference(tokens)
  tokens.expect('{', 'write update @SET { ip saddr }')
  const key = readKeyParts(tokens, family)
  tokens.expect('}', 'close the element; a timeout of its own is not modelled')
  return { kind: 'update', key, set }
}

function readCounter(tokens: NftTokens): NftStatement {
  tokens.next()
  if (!tokens.take('packets')) return { kind: 'counter', packets: 0, bytes: 0 }
  const packets = readNumber(tokens, 'a count', Number.MAX_SAFE_INTEGER)
  tokens.expect('bytes', 'write counter packets N bytes N')
  return { kind: 'counter', packets, bytes: readNumber(tokens, 'a count', Number.MAX_SAFE_INTEGER) }
}
