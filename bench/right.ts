import * as E from 'fp-ts/lib/Either.js'

/** What must not fail in a benchmark. */
export function right<A>(either: E.Either<unknown, A>): A {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left))
  return either.right
}
