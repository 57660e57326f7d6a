/**
 * A scenario by name or path, with the settings of the command line, and the object files it names. Files named in the scenario are
 * looked for beside it; files named by `--set cluster.objects=…` in the working folder.
 */
import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import * as A from 'fp-ts/lib/Array.js'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ManifestFile } from '../cluster/manifest-document.ts'
import { didYouMean } from '../problem/near-names.ts'
import { badUsage, type Problem, quoted } from '../problem/problem.ts'
import { decodeScenario, type ScenarioSource } from '../scenario/decode-scenario.ts'
import type { PathSetting } from '../scenario/set-path.ts'
import { readInput } from './files.ts'

/** The scenarios that come with svcsim. */
const OWN_SCENARIOS = join(import.meta.dirname, '../../scenarios')

export const scenarioNames = (): string[] =>
  readdirSync(OWN_SCENARIOS)
    .filter(f => f.endsWith('.yaml'))
    .map(f => basename(f, '.yaml'))
    .sort()

/** Name and question of every scenario that comes with svcsim. */
export const listScenarios = (): TE.TaskEither<Problem, readonly { name: string; question: string }[]> =>
  pipe(
    scenarioNames(),
    A.traverse(TE.ApplicativeSeq)(name => loadScenario(name, [])),
    TE.map(A.map(({ scenario: { name, question } }) => ({ name, question }))),
  )

export const loadScenario = (
  nameOrPath: string,
  settings: readonly PathSetting[],
): TE.TaskEither<Problem, ScenarioSource> =>
  pipe(
    TE.fromEither(scenarioPath(nameOrPath)),
    TE.chain(readInput),
    TE.chainEitherK(file => decodeScenario(file, settings)),
  )

/** The files that a scenario names, read. */
export interface ScenarioFiles {
  readonly objects: readonly ManifestFile[]
  readonly recording: readonly ManifestFile[]
}

export const readScenarioFiles = (
  { file, scenario }: ScenarioSource,
  settings: readonly PathSetting[],
): TE.TaskEither<Problem, ScenarioFiles> => {
  const readAll = (names: readonly string[], ...path: readonly [string, string]) => {
    const isSet = settings.some(s => path.every((key, i) => s.path[i] === key || (i > 0 && s.path.length === i)))
    const base = isSet ? '.' : dirname(file)
    return pipe(
      [...names],
      A.traverse(TE.ApplicativeSeq)(name => readInput(name === '-' || isAbsolute(name) ? name : join(base, name))),
    )
  }
  return pipe(
    TE.Do,
    TE.bind('objects', () => readAll(scenario.cluster.objects, 'cluster', 'objects')),
    TE.bind('recording', () => readAll(scenario.recording?.files ?? [], 'recording', 'files')),
  )
}

function scenarioPath(nameOrPath: string): E.Either<Problem, string> {
  const looksLikePath = /[/\\]|\.(ya?ml|json)$/i.test(nameOrPath) || nameOrPath === '-'
  if (looksLikePath) return E.right(nameOrPath)
  const known = scenarioNames()
  if (known.includes(nameOrPath)) return E.right(join(OWN_SCENARIOS, `${nameOrPath}.yaml`))
  // A scenario of the user's own, as svcsim was started in their project.
  const own = resolve('scenarios', `${nameOrPath}.yaml`)
  if (/^[a-z0-9][-a-z0-9]*$/.test(nameOrPath) && existsSync(own)) return E.right(own)
  return E.left(
    badUsage(
      `there is no scenario ${quoted(nameOrPath)}`,
      didYouMean(nameOrPath, known, `the scenarios are ${known.join(', ')}; or give the path of a YAML file`),
    ),
  )
}
