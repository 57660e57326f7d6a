/** `svcsim calibrate`: the calibration file on stdout or in a file, how far it is from what was measured on stderr. */
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { COST_BACKENDS, type CostProfile } from '../../netfilter/cost/cost-profile.ts'
import { badUsage, type Problem } from '../../problem/problem.ts'
import { writeWhole } from '../files.ts'
import { calibrate } from './calibrate.ts'
import { kernelCostLacks } from './kernel-cost.ts'

export interface CalibrateFlags {
  readonly output?: string
  readonly quiet: boolean
}

export const calibrateCommand = ({ output, quiet }: CalibrateFlags): TE.TaskEither<Problem, void> => {
  const say = (line: string): void => {
    if (!quiet) process.stderr.write(`${line}\n`)
  }
  return pipe(
    kernelCostLacks(COST_BACKENDS),
    TE.chainEitherK(missing =>
      missing.length === 0
        ? E.right(undefined)
        : E.left(
            badUsage(`calibration needs ${missing.join(', ')}`, 'run it where they are, or use a shipped profile'),
          ),
    ),
    TE.chain(() => {
      say("measuring this machine's kernel, in network namespaces without a way out: about two minutes")
      return calibrate({
        backends: COST_BACKENDS,
        unseen: [],
        rounds: ROUNDS,
        mostSeconds: MOST_SECONDS,
        date: today(),
      })
    }),
    TE.chain(({ profiles }) => {
      for (const profile of profiles) say(fitLine(profile))
      return put(`${JSON.stringify({ profiles }, null, 2)}\n`, output)
    }),
  )
}

const ROUNDS = 6
const MOST_SECONDS = 180

const today = (): string => new Date().toISOString().slice(0, 10)

const fitLine = ({ backend, fit }: CostProfile): string =>
  `${backend}: ${fit!.cases} cases, fitted to ${percent(fit!.medianError)} in the median, ${percent(fit!.worstError)} at worst`

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

const put = (text: string, file: string | undefined): TE.TaskEither<Problem, void> =>
  file === undefined
    ? TE.fromIO(() => {
        process.stdout.write(text)
      })
    : writeWhole(file, new TextEncoder().encode(text))
