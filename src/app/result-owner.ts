/** Whose result stands in a folder: a run must not replace another scenario's without being told to. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { badInput, type Problem, quoted } from '../problem/problem.ts'
import { readInput } from './files.ts'
import { RESULT_FILES } from './result-dir.ts'

/** Right when `dir` is free for a result of `scenario`: absent, its own, or `force`. */
export const checkOwner = (dir: string, scenario: string, force: boolean): TE.TaskEither<Problem, void> => {
  const path = RESULT_FILES.map(name => join(dir, name)).find(existsSync)
  if (force || path === undefined) return TE.right(undefined)
  return pipe(
    readInput(path),
    TE.chainEitherK(({ bytes }) => {
      const owner = scenarioOf(bytes)
      return owner === scenario
        ? E.right(undefined)
        : E.left(
            badInput(
              { file: dir },
              `the folder holds a result of ${owner === undefined ? 'something else' : quoted(owner)}`,
              'replace it with --force, or choose another folder with --out',
            ),
          )
    }),
  )
}

function scenarioOf(json: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(json)).scenario
  } catch {
    return undefined
  }
}
