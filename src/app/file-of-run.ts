/** Whether a file is the very one that a run wrote: its bytes have the SHA-256 that run.json names. A flipped bit in a value is found by nothing else. */
import { basename } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { RunJson } from '../output/run-json.ts'
import { badInput, type Problem } from '../problem/problem.ts'

export const fileOfRun = ({ files }: RunJson, file: string, sha256: string): E.Either<Problem, void> =>
  files.find(({ name }) => name === basename(file))?.sha256 === sha256
    ? E.right(undefined)
    : E.left(badInput({ file }, 'its bytes are not those that run.json names', 'run the scenario again'))
