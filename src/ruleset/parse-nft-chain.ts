/** The block of a chain in nftables text: its hook, comment and rules. */
import type { IpFamily } from '../net/ip.ts'
import { quoted } from '../problem/problem.ts'
import type { ChainDraft } from './nft-draft.ts'
import { standardPriorities } from './nft-priority.ts'
import type { NftHook } from './nft-ruleset.ts'
import type { NftTokens } from './nft-tokens.ts'
import { parseNftRule } from './parse-nft-rule.ts'

export function parseNftChain(tokens: NftTokens, family: IpFamily, chain: ChainDraft): void {
  for (const token of tokens.block()) {
    if (tokens.take('comment')) chain.comment = tokens.string('a comment')
    else if (tokens.take('type')) chain.hook = readHook(tokens)
    else if (tokens.take('policy')) {
      if (chain.hook === undefined) tokens.fail(token, 'a policy without a hook', 'write type … hook … before it')
      else chain.hook = { ...chain.hook, policy: oneOf(tokens, 'policy', POLICIES) }
    } else chain.rules.push(parseNftRule(tokens, family, 'listed'))
  }
}

function readHook(tokens: NftTokens): NftHook {
  const type = oneOf(tokens, 'type', TYPES)
  tokens.expect('hook', 'write type … hook … priority …')
  const hook = oneOf(tokens, 'hook', HOOKS)
  tokens.expect('priority', 'write type … hook … priority …')
  return { type, hook, priority: readPriority(tokens, hook), policy: 'accept' }
}

const TYPES: readonly NftHook['type'][] = ['filter', 'nat']
const HOOKS: readonly NftHook['hook'][] = ['prerouting', 'input', 'forward', 'output', 'postrouting']
const POLICIES: readonly NftHook['policy'][] = ['accept', 'drop']

/** `-110`, `filter`, `dstnat - 10`. */
function readPriority(tokens: NftTokens, hook: NftHook['hook']): number {
  const token = tokens.peek()
  let text = ''
  while (tokens.peek().kind === 'word') text += tokens.word('a priority')
  const parts = /^([a-z]*)([+-]?\d{1,10})?$/.exec(text)
  const standard = parts?.[1] === '' ? 0 : standardPriorities(hook).find(([name]) => name === parts?.[1])?.[1]
  const priority = (standard ?? Number.NaN) + Number(parts?.[2] ?? 0)
  if (text !== '' && priority >= -0x8000_0000 && priority <= 0x7fff_ffff) return priority
  const names = standardPriorities(hook).map(([name]) => name)
  tokens.fail(token, `${quoted(text)} is no priority at hook ${hook}`, `write a number, or ${names.join(', ')}`)
  return 0
}

function oneOf<T extends string>(tokens: NftTokens, what: string, known: readonly T[]): T {
  const token = tokens.peek()
  const text = tokens.word(`a ${what}`)
  const value = known.find(k => k === text)
  if (value === undefined)
    tokens.fail(token, `${what} ${quoted(text)} is not modelled`, `known are ${known.join(', ')}`)
  return value ?? known[0]
}
