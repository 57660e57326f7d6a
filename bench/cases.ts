/** Every benchmark, in the order of the line from objects to results. */
import type { BenchCase } from './bench-case.ts'
import { burstCases } from './cases/burst.ts'
import { appendCase, foldCase } from './cases/event-log.ts'
import { liveCases } from './cases/live-program.ts'
import { compileCases, evaluateCases, traceCase } from './cases/netfilter.ts'
import { nftablesCases } from './cases/nftables.ts'
import { replayCases } from './cases/replay.ts'
import { arrowCase, mergeCase, scenarioCase } from './cases/results.ts'
import { ruleCases } from './cases/rules.ts'
import { readTextCase } from './cases/ruleset-text.ts'
import { simulateCase } from './cases/simulate.ts'
import { timerCases } from './cases/timer-queue.ts'

export const CASES: readonly BenchCase[] = [
  ...timerCases,
  simulateCase,
  appendCase,
  foldCase,
  ...ruleCases,
  readTextCase,
  ...compileCases,
  ...liveCases,
  ...evaluateCases,
  ...nftablesCases,
  traceCase,
  ...replayCases,
  ...burstCases,
  mergeCase,
  arrowCase,
  scenarioCase,
]
