/**
 * `svcsim calibrate`: measures this machine's kernel and writes a cost profile for each backend. Samples of all cases take turns; of
 * each case the fastest counts, as what shares the machine's caches and memory only ever adds, and so does an unlucky place in memory:
 * rules are loaded twice.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { CostBackend, CostProfile, CostProvenance } from '../../netfilter/cost/cost-profile.ts'
import { type CurveSizes, fitPrices } from '../../netfilter/cost/fit-prices.ts'
import type { Problem } from '../../problem/problem.ts'
import { calibrationCases } from './calibration-cases.ts'
import type { CostCase } from './cost-case.ts'
import { type KernelCost, kernelCost } from './kernel-cost.ts'

export interface Calibration {
  /** One a backend. */
  readonly profiles: readonly CostProfile[]
  readonly seen: readonly MeasuredCase[]
  readonly unseen: readonly MeasuredCase[]
}

export interface MeasuredCase {
  readonly costCase: CostCase
  /** Of the fastest sample. */
  readonly ns: number
}

export interface CalibrationRequest {
  readonly backends: readonly CostBackend[]
  /** Measured along with the others, and not fitted. */
  readonly unseen: readonly CostCase[]
  readonly rounds: number
  readonly mostSeconds: number
  /** ISO 8601. */
  readonly date: string
}

export const calibrate = (request: CalibrationRequest): TE.TaskEither<Problem, Calibration> => {
  const seen = request.backends.flatMap(calibrationCases)
  const cases = [...seen, ...request.unseen]
  return pipe(
    kernelCost({ cases, rounds: request.rounds, mostSeconds: request.mostSeconds }),
    TE.map(cost => {
      const measured = cases.map((costCase, i) => ({ costCase, ns: Math.min(...cost.cases[i].ns) }))
      const profiles = request.backends.map(backend =>
        fitPrices(
          backend,
          provenanceOf(cost, request),
          measured
            .slice(0, seen.length)
            .flatMap(({ costCase, ns }) => (costCase.backend === backend ? [{ items: costCase.items, ns }] : [])),
          CURVES,
        ),
      )
      return { profiles, seen: measured.slice(0, seen.length), unseen: measured.slice(seen.length) }
    }),
  )
}

const CURVES: CurveSizes = {
  rule: [1000, 3000, 10_000, 30_000],
  ports: [200, 2000],
  statistic: [200, 4000],
  // 1, 20, 300 and 5,000 backends.
  spread: [0, Math.log2(20), Math.log2(300), Math.log2(5000)],
}

const provenanceOf = ({ kernel, cpu, tools }: KernelCost, { date, rounds }: CalibrationRequest): CostProvenance => ({
  kernel,
  cpu,
  tools: Object.values(tools).join(', '),
  date,
  method: `svcsim calibrate: thread processor time a packet, fastest of ${2 * rounds} samples in turn, of rules loaded twice`,
})
