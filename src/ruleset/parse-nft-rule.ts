/**
 * One nftables rule from text, in the words of `nft list` or of kube-proxy's transactions. What the data model does not hold is
 * refused by name: a rule that is left out would change what packets meet.
 */
import type { IpFamily } from '../net/ip.ts'
import { parseIp } from '../net/ip.ts'
import { quoted } from '../problem/problem.ts'
import type { NftRule, NftStatement, NftVerdict } from './nft-ruleset.ts'
import type { NftTokens } from './nft-tokens.ts'
import { parseNftStatement } from './parse-nft-statement.ts'
import type { NftNotation } from './print-nft-rule.ts'

/** Up to the end of the line. */
export function parseNftRule(tokens: NftTokens, family: IpFamily, notation: NftNotation): NftRule {
  const context = { family, notation, readVerdict: parseNftVerdict }
  const statements: NftStatement[] = []
  let verdict: NftVerdict | undefined
  let comment: string | undefined
  while (!tokens.atEnd()) {
    if (verdict === undefined && VERDICTS.has(tokens.peek().text)) verdict = readRuleVerdict(tokens, statements)
    else if (comment === undefined && tokens.take('comment')) comment = tokens.string('a comment')
    else if (verdict === undefined && comment === undefined) statements.push(...parseNftStatement(tokens, context))
    else tokens.unexpected('the end of the rule is expected', 'put the verdict last, and only a comment after it')
  }
  if (statements.length === 0 && verdict === undefined)
    tokens.unexpected('a rule asks or does something', 'write a statement or a verdict')
  return { statements, ...(verdict && { verdict }), ...(comment !== undefined && { comment }) }
}

/** A rule's own verdict, which may be a reset; one that does not ask for TCP gets a match on it, put first as nft does. */
function readRuleVerdict(tokens: NftTokens, statements: NftStatement[]): NftVerdict {
  const verdict = parseNftVerdict(tokens)
  if (verdict.kind !== 'reject' || !tokens.take('with')) return verdict
  const token = tokens.peek()
  tokens.expect('tcp', 'the rule may reject, or reject with tcp reset')
  tokens.expect('reset', 'the rule may reject, or reject with tcp reset')
  const protocols = statements.flatMap(s =>
    (s.kind === 'protocol' || s.kind === 'destinationPort') && s.protocol !== 'th' ? [s] : [],
  )
  const others = protocols.filter(s => s.protocol !== 'tcp' || (s.kind === 'protocol' && s.negated))
  if (others.length > 0)
    tokens.fail(token, 'what is not TCP cannot be reset', 'match tcp, or reject without more words')
  if (protocols.length === 0) statements.unshift({ kind: 'protocol', protocol: 'tcp', negated: false })
  return { kind: 'reject', with: 'tcp reset' }
}

const VERDICTS: ReadonlySet<string> = new Set([
  'accept',
  'drop',
  'return',
  'jump',
  'goto',
  'reject',
  'dnat',
  'masquerade',
])

export function parseNftVerdict(tokens: NftTokens): NftVerdict {
  const token = tokens.peek()
  const kind = tokens.word('a verdict')
  switch (kind) {
    case 'accept':
    case 'drop':
    case 'return':
    case 'reject':
      return { kind }
    case 'jump':
    case 'goto':
      return { kind, chain: tokens.word('the name of a chain') }
    case 'masquerade':
      return { kind, fullyRandom: tokens.take('fully-random') }
    case 'dnat':
      tokens.expect('to', 'write dnat to ADDRESS:PORT')
      return readDnat(tokens)
    default:
      tokens.fail(token, `verdict ${quoted(kind)} is not modelled`, `known are ${[...VERDICTS].join(', ')}`)
      return { kind: 'drop' }
  }
}

/** `10.0.0.1:80`, `[fd00::1]:80`, or an address alone. */
function readDnat(tokens: NftTokens): NftVerdict {
  const token = tokens.peek()
  const text = tokens.word('an address')
  const parts = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text)
  const address = parseIp(parts === null ? text : (parts[1] ?? parts[2]))
  const port = parts === null ? 0 : Number(parts[3])
  if (address === undefined || port > 65_535)
    tokens.fail(token, `${quoted(text)} is no address to send to`, 'write 10.0.0.1:80 or [fd00::1]:80')
  return { kind: 'dnat', address: address ?? { family: 4, value: 0n }, port }
}
