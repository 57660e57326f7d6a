/** A scenario's variants: the same scenario with some keys changed, each checked as a scenario of its own. The first is what the others are compared with. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { badInput, type Problem, quoted } from '../problem/problem.ts'
import { checkScenario, type ScenarioSource } from './decode-scenario.ts'
import { parsePath, withSetting } from './set-path.ts'

export interface Variant {
  readonly name: string
  readonly source: ScenarioSource
}

/** In the order they are written; none where the scenario has none. */
export function variantsOf({ file, written, scenario }: ScenarioSource): E.Either<Problem, readonly Variant[]> {
  const { variants: _, ...base } = written as Record<string, unknown>
  return E.traverseArray(([name, changes]: [string, Readonly<Record<string, unknown>>]) =>
    pipe(
      Object.entries(changes).reduce<E.Either<Problem, unknown>>(
        (root, [path, value]) =>
          pipe(
            root,
            E.chain(r => changed(r, path, value, { file, field: `variants.${name}` })),
          ),
        E.right(base),
      ),
      E.bindTo('written'),
      E.bind('scenario', made => checkScenario(made.written, { file })),
      E.map(made => ({ name, source: { file, ...made } })),
      E.mapLeft(problem => inVariant(problem, name)),
    ),
  )(Object.entries(scenario.variants ?? {}))
}

function changed(
  root: unknown,
  text: string,
  value: unknown,
  place: { readonly file: string; readonly field: string },
): E.Either<Problem, unknown> {
  const path = parsePath(text)
  if (path === undefined || path[0] === 'name' || path[0] === 'variants')
    return E.left(
      badInput(
        place,
        `${quoted(text)} is no key that a variant can change`,
        'write keys as cluster.workloads[0].replicas',
      ),
    )
  return withSetting(root, { path, value })
}

const inVariant = (problem: Problem, name: string): Problem =>
  problem._tag === 'BadInput'
    ? { ...problem, place: { ...problem.place, field: `variant ${name}: ${problem.place.field ?? ''}` } }
    : problem._tag === 'BadUsage'
      ? { ...problem, what: `variant ${name}: ${problem.what.replace(/^--set: /, '')}` }
      : problem
