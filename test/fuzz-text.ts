/** What every reader of ruleset text owes whatever it is given: an answer, and for what it takes, text that it takes again. */
import * as E from 'fp-ts/lib/Either.js'
import type { Problem } from '../src/problem/problem.ts'
import { describeProblem } from '../src/problem/problem.ts'
import type { RandomStream } from '../src/sim/random.ts'
import { mutateText } from './mutate-text.ts'

/** Reads a text and prints what was read. */
export type Reprint = (text: string) => E.Either<Problem, string>

export interface FuzzCount {
  taken: number
  refused: number
}

/** Throws on the first input that breaks the promise, with the input in the message. */
export function fuzzText(corpus: readonly string[], reprint: Reprint, stream: RandomStream, count: number): FuzzCount {
  const outcome: FuzzCount = { taken: 0, refused: 0 }
  for (let n = 0; n < count; n++) {
    const text = mutateText(corpus[stream.below(corpus.length)], stream)
    try {
      const printed = reprint(text)
      if (E.isLeft(printed)) {
        outcome.refused++
        if (!describeProblem(printed.left).includes('; ')) throw new Error('the problem says nothing of what to do')
        continue
      }
      outcome.taken++
      const again = reprint(printed.right)
      if (E.isLeft(again)) throw new Error(`what was printed is refused: ${describeProblem(again.left)}`)
      if (again.right !== printed.right) throw new Error('what was printed prints differently')
    } catch (cause) {
      throw new Error(`input ${n}: ${JSON.stringify(text)}`, { cause })
    }
  }
  return outcome
}
