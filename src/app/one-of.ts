/** A flag whose value is one of a few words, as `--format`: the word, or one sentence that names them all. */
import * as E from 'fp-ts/lib/Either.js'
import { badUsage, type Problem, quoted } from '../problem/problem.ts'

export function oneOf<T extends string>(flag: string, given: string, words: readonly T[]): E.Either<Problem, T> {
  const found = words.find(word => word === given)
  if (found !== undefined) return E.right(found)
  const last = words[words.length - 1]
  const listed = words.length === 1 ? last : `${words.slice(0, -1).join(', ')} or ${last}`
  return E.left(badUsage(`${flag} is ${quoted(given)}`, `use ${listed}`))
}

/** What commands print that say a few facts. */
export const TEXT_OR_JSON = ['text', 'json'] as const

/** As commander hands it over: any word. */
export interface FormatFlag {
  readonly format: string
}
