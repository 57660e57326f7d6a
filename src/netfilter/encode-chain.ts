/**
 * Encodes one block: its segments in order, then END (grammar: program.ts). Statistic runs and dispatch segments are written so that a
 * packet comes back behind its rule when the rule's jump returns.
 */
import type { Rule } from '../ruleset/ruleset.ts'
import { encodeDispatch } from './encode-dispatch.ts'
import { demandsSomething, encodeMatch } from './encode-match.ts'
import { encodeVerdict, leads } from './encode-verdict.ts'
import type { Encoder } from './encoder.ts'
import { thresholdStart } from './encoder.ts'
import type { EncodedBlock, TargetBlock } from './intern-chains.ts'
import { OP } from './opcode.ts'
import { EMPTY_PC } from './program.ts'
import type { Segment } from './segment-chain.ts'
import { nextSegment } from './segment-chain.ts'
import { ruleProbability } from './statistic-run.ts'
import { push } from './word-list.ts'

export function encodeChain(encoder: Encoder, block: EncodedBlock): void {
  const { rules } = block.chain
  push(encoder.blockRuleStart, block.firstRule)
  push(encoder.blockPc, rules.length === 0 ? EMPTY_PC : encoder.code.length)
  if (rules.length === 0) return
  // A block's targets stand in the order of the rules that go there.
  let targetsTaken = 0
  for (let next = 0; next < rules.length; ) {
    const segment = nextSegment(rules, next)
    const { kind, first, count } = segment
    next = first + count
    if (kind === 'dispatch') {
      targetsTaken = encodeDispatch(encoder, block, segment, targetsTaken)
      continue
    }
    if (kind === 'run') encodeRunHead(encoder, block, segment)
    for (let i = first; i < next; i++) {
      const rule = rules[i]
      encodeRule(encoder, block.firstRule + i, rule, leads(rule) ? block.targets[targetsTaken++] : undefined)
    }
  }
  push(encoder.code, OP.END)
}

function encodeRule(encoder: Encoder, ruleId: number, rule: Rule, target: TargetBlock | undefined): void {
  const { code } = encoder
  const start = code.length
  push(code, OP.RULE)
  push(code, ruleId)
  push(code, 0)
  for (const match of rule.matches) if (demandsSomething(match)) encodeMatch(encoder, match)
  encodeVerdict(encoder, ruleId, rule.verdict, target)
  code.words[start + 2] = code.length
}

function encodeRunHead(encoder: Encoder, block: EncodedBlock, { first, count }: Segment): void {
  const probabilities = block.chain.rules.slice(first, first + count).map(ruleProbability)
  push(encoder.code, OP.RUN)
  push(encoder.code, block.firstRule + first)
  push(encoder.code, count)
  push(encoder.code, thresholdStart(encoder, probabilities))
}
