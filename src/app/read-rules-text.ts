/** A file of iptables-save or nft text. What is read of it takes several times its size, so it may be smaller than other inputs. */
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { Problem } from '../problem/problem.ts'
import { type InputFile, readInputOr } from './files.ts'

const MOST_BYTES = 2 ** 28

export const readRulesText = (path: string): TE.TaskEither<Problem, InputFile> =>
  readInputOr(path, 'leave tables or chains out', MOST_BYTES)
