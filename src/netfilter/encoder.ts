/** What the encoding pass has written so far: the Program in the making, still growing. */
import type { IpFamily } from '../net/ip.ts'
import type { PortSpan } from '../ruleset/ruleset.ts'
import { OP } from './opcode.ts'
import type { RareMatch } from './rare-match.ts'
import { runThresholds } from './statistic-run.ts'
import type { Translation } from './translation.ts'
import type { WordList } from './word-list.ts'
import { newWordList, push } from './word-list.ts'

export interface Encoder {
  readonly family: IpFamily
  readonly code: WordList
  /** Per block: first word of its code. Empty chains share EMPTY_PC. */
  readonly blockPc: WordList
  readonly blockRuleStart: WordList
  readonly ruleEnds: WordList
  readonly ruleTarget: WordList
  readonly dnatAddress: WordList
  readonly dnatPort: WordList
  readonly dnatRule: WordList
  /** Runs by their probabilities: kube-proxy writes the same ones for every Service of the same size. */
  readonly thresholdRuns: Map<string, { readonly start: number; readonly values: Float64Array }>
  thresholdCount: number
  readonly dispatch: WordList
  dispatchCount: number
  dispatchSlotCount: number
  readonly dispatchEntries: WordList
  readonly interfacePatterns: Map<string, number>
  readonly rare: RareMatch[]
  /** Start of each nth match's counter, of each limit's credit; lists of recent clients by name. */
  readonly nthStarts: number[]
  readonly limitCredits: number[]
  readonly recentLists: Map<string, { readonly index: number; stamps: number }>
  /** Three words each: random, from, to. */
  readonly natPorts: WordList
  readonly translations: Translation[]
}

export function newEncoder(family: IpFamily): Encoder {
  const code = newWordList()
  push(code, OP.END)
  return {
    family,
    code,
    blockPc: newWordList(),
    blockRuleStart: newWordList(),
    ruleEnds: newWordList(),
    ruleTarget: newWordList(),
    dnatAddress: newWordList(),
    dnatPort: newWordList(),
    dnatRule: newWordList(),
    thresholdRuns: new Map(),
    thresholdCount: 0,
    dispatch: newWordList(),
    dispatchCount: 0,
    dispatchSlotCount: 0,
    dispatchEntries: newWordList(),
    interfacePatterns: new Map(),
    rare: [],
    nthStarts: [],
    limitCredits: [],
    recentLists: new Map(),
    natPorts: newWordList(),
    translations: [],
  }
}

/** Index of the run's first threshold in Program.thresholds. */
export function thresholdStart(encoder: Encoder, probabilities: readonly number[]): number {
  const key = probabilities.join()
  const known = encoder.thresholdRuns.get(key)
  if (known !== undefined) return known.start
  const start = encoder.thresholdCount
  encoder.thresholdRuns.set(key, { start, values: runThresholds(probabilities) })
  encoder.thresholdCount += probabilities.length
  return start
}

/** Index of these source ports in Program.natPorts; few rules name any. */
export function natPortsIndex({ natPorts }: Encoder, random: boolean, span: PortSpan | undefined): number {
  const wanted = [random ? 1 : 0, span?.from ?? 0, span?.to ?? 0]
  for (let at = 0; at < natPorts.length; at += 3)
    if (wanted.every((word, i) => natPorts.words[at + i] === word)) return at / 3
  for (const word of wanted) push(natPorts, word)
  return natPorts.length / 3 - 1
}

export function interfacePattern(encoder: Encoder, pattern: string): number {
  const known = encoder.interfacePatterns.get(pattern)
  if (known !== undefined) return known
  encoder.interfacePatterns.set(pattern, encoder.interfacePatterns.size)
  return encoder.interfacePatterns.size - 1
}
