/**
 * A replay that goes as a kernel is known to have gone: random choices are that kernel's, so that every counter must be too. Choices that are
 * not told by what became of their packets are searched for in further runs (choice-search.ts); the last run is the result.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { FlowFile } from '../../net/flow.ts'
import type { HostView } from '../../netfilter/host.ts'
import type { DrawCounts } from '../../netfilter/steered-draws.ts'
import type { Problem } from '../../problem/problem.ts'
import type { StreamSeed } from '../../sim/random.ts'
import { choiceCounts } from './choice-counts.ts'
import { countSpread, type Spread } from './count-spread.ts'
import type { FlowResult } from './flow-result.ts'
import type { ChainCounters } from './node-evaluator.ts'
import type { NodeRules } from './node-rules.ts'
import { replayFlows } from './replay-flows.ts'
import type { Known } from './steered-dice.ts'
import { steeredEvaluator } from './steered-evaluator.ts'

export interface SteeredReplay {
  readonly flows: readonly FlowResult[]
  readonly chains: readonly ChainCounters[]
  /** What was drawn, where. */
  readonly draws: readonly DrawCounts[]
  /** By rule and policy, how far off the kernel may be: by choices that several ways agree with. */
  readonly spread: ReadonlyMap<string, Spread>
  /** Choices that were made up: of packets that may have gone several ways. */
  readonly madeUpCount: number
  /** Connections for whose choices no way was found, of more than could be tried. */
  readonly unresolved: ReadonlySet<number>
}

/** Packets and rules of all runs together: a minute or two. Fewer runs than this are never too many. */
const MOST_WORK = 1_000_000
const LEAST_RUNS = 8

export function steeredReplay(
  rules: NodeRules,
  host: HostView,
  flowFile: FlowFile,
  seed: StreamSeed,
  known: Known,
): E.Either<Problem, SteeredReplay> {
  const made = steeredEvaluator(rules, host, seed, known)
  if (E.isLeft(made)) return made
  const { dice, fresh } = made.right
  const work = workOf(rules, flowFile)
  for (let run = 1; ; run++) {
    const evaluator = fresh()
    dice.again()
    const flows = replayFlows(evaluator, host, flowFile)
    if (dice.search.next()) {
      if (run >= LEAST_RUNS && run * work > MOST_WORK) dice.search.giveUp()
      continue
    }
    const packets = dice.search.packets()
    return E.right({
      flows,
      chains: evaluator.counters(),
      draws: choiceCounts(dice.draws.counts(), packets),
      spread: countSpread(packets),
      madeUpCount: packets.reduce((sum, p) => (p.ways.length === 1 && !p.isGivenUp ? sum : sum + p.choiceCount), 0),
      unresolved: new Set(packets.filter(p => p.ways.length === 0 && p.isGivenUp).map(p => p.connection)),
    })
  }
}

function workOf({ ruleset }: NodeRules, { flows }: FlowFile): number {
  let work = flows.reduce((sum, flow) => sum + flow.connectionCount * flow.packetCount, 0)
  for (const { chains } of ruleset.tables) for (const { rules } of chains.values()) work += rules.length
  return work
}
