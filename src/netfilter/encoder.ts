/** What the encoding pass has written so far: the Program in the making, still growing. */
import type { IpFamily } from '../net/ip.ts'
import type { PortSpan } from '../ruleset/ruleset.ts'
import { OP } from './opcode.ts'
import type { RareMatch } from './rare-match.ts'
import { runThresholds } from './statistic-run.ts'
import type { Translation } from './translation.ts'
import type { NumberList, WordList } from './word-list.ts'
import { newNumberList, newWordList, push, reserve } from './word-list.ts'

export interface Encoder {
  readonly family: IpFamily
  readonly code: WordList
  /** Per block: first word of its code. Empty chains share EMPTY_PC. */
  readonly blockPc: WordList
  readonly blockRuleStart: WordList
  readonly ruleEnds: NumberList<Uint8Array>
  readonly ruleTarget: WordList
  /** Per rule: where its verdict's code begins; for those who change it later. */
  readonly verdictPc: WordList | undefined
  readonly dnatAddress: WordList
  readonly dnatPort: NumberList<Uint16Array>
  readonly dnatRule: WordList
  /** Runs by their probabilities: kube-proxy writes the same ones for every Service of the same size. */
  readonly thresholdRuns: Map<string, number>
  readonly thresholds: NumberList<Float64Array>
  readonly dispatch: WordList
  dispatchCount: number
  dispatchSlotCount: number
  readonly dispatchEntries: WordList
  readonly interfacePatterns: Map<string, number>
  readonly rare: RareMatch[]
  /** Places there that no code names any more. */
  readonly freeRare: number[]
  /** Start of each nth match's counter, of each limit's credit; lists of recent clients by name. */
  readonly nthStarts: number[]
  readonly limitCredits: number[]
  readonly recentLists: Map<string, { readonly index: number; stamps: number }>
  /** Three words each: random, from, to. */
  readonly natPorts: WordList
  readonly translations: Translation[]
}

export function newEncoder(family: IpFamily, { notesVerdicts = false } = {}): Encoder {
  const code = newWordList()
  push(code, OP.END)
  return {
    family,
    code,
    blockPc: newWordList(),
    blockRuleStart: newWordList(),
    ruleEnds: newNumberList(Uint8Array),
    ruleTarget: newWordList(),
    verdictPc: notesVerdicts ? newWordList() : undefined,
    dnatAddress: newWordList(),
    dnatPort: newNumberList(Uint16Array),
    dnatRule: newWordList(),
    thresholdRuns: new Map(),
    thresholds: newNumberList(Float64Array),
    dispatch: newWordList(),
    dispatchCount: 0,
    dispatchSlotCount: 0,
    dispatchEntries: newWordList(),
    interfacePatterns: new Map(),
    rare: [],
    freeRare: [],
    nthStarts: [],
    limitCredits: [],
    recentLists: new Map(),
    natPorts: newWordList(),
    translations: [],
  }
}

/** Index of the run's first threshold in Program.thresholds. */
export function thresholdStart({ thresholds, thresholdRuns }: Encoder, probabilities: readonly number[]): number {
  const key = probabilities.join()
  const known = thresholdRuns.get(key)
  if (known !== undefined) return known
  const start = thresholds.length
  reserve(thresholds, probabilities.length)
  thresholds.words.set(runThresholds(probabilities), start)
  thresholds.length += probabilities.length
  thresholdRuns.set(key, start)
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
