/** Rules for tests as lines of iptables-save, without COMMIT; what is refused is an exception. */
import * as E from 'fp-ts/lib/Either.js'
import type { IpFamily } from '../../net/ip.ts'
import { describeProblem, type Problem } from '../../problem/problem.ts'
import { completeTables } from '../../ruleset/complete-tables.ts'
import { parseIptables } from '../../ruleset/parse-iptables.ts'
import type { Ruleset } from '../../ruleset/ruleset.ts'

export function rulesOf(rules: string, family: IpFamily = 4): Ruleset {
  const text = `${rules.replace(/\n\*/g, '\nCOMMIT\n*')}\nCOMMIT\n`
  return completeTables(right(parseIptables(text, { family })).ruleset)
}

export function right<A>(either: E.Either<Problem, A>): A {
  if (E.isLeft(either)) throw new Error(describeProblem(either.left))
  return either.right
}
