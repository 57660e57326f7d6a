/**
 * Where every command ends: a Problem becomes one sentence on stderr and an exit code. CLI.md's contract: 0 done, 1 a threshold or
 * comparison failed, 2 bad usage or input, 3 I/O failure, 130 interrupted. The exit code is set, not forced: buffered output drains first.
 */
import process from 'node:process'
import { styleText } from 'node:util'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { describeProblem, type Problem } from '../problem/problem.ts'

const EXIT_CODE: Readonly<Record<Problem['_tag'], number>> = {
  ThresholdFailed: 1,
  Differs: 1,
  Damaged: 1,
  BadUsage: 2,
  BadInput: 2,
  IoFailed: 3,
  Interrupted: 130,
}

export async function finish(task: TaskEither<Problem, void>): Promise<void> {
  const result = await task()
  if (result._tag === 'Left') report(result.left)
}

export function report(problem: Problem): void {
  const name = styleText(['bold', 'red'], 'svcsim:', { stream: process.stderr })
  process.stderr.write(`${name} ${describeProblem(problem)}\n`)
  process.exitCode = EXIT_CODE[problem._tag]
}
