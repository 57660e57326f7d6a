/**
 * Bytes of a scenario file and the settings of the command line -> a checked Scenario, or one Problem that names the place: file,
 * line and column for what the file says, the setting for what `--set` says.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { readManifest } from '../cluster/manifest.ts'
import type { ManifestDocument } from '../cluster/manifest-document.ts'
import { badInput, type Place, type Problem, quoted } from '../problem/problem.ts'
import { checkSchema } from './check-schema.ts'
import { SCENARIO, type Scenario } from './scenario.ts'
import { describePath, type PathSetting, withSetting } from './set-path.ts'

export interface ScenarioSource {
  readonly file: string
  /** The scenario as written, with the settings made: what run.json keeps as its inputs. */
  readonly written: unknown
  readonly scenario: Scenario
}

export function decodeScenario(
  file: { readonly name: string; readonly bytes: Uint8Array },
  settings: readonly PathSetting[],
): E.Either<Problem, ScenarioSource> {
  return pipe(
    readManifest(file),
    E.chain(onlyDocument(file.name)),
    E.chain(document =>
      pipe(
        settings.reduce<E.Either<Problem, unknown>>(
          (root, setting) => E.chain((r: unknown) => withSetting(r, setting))(root),
          E.right(document.value),
        ),
        E.chain(written =>
          pipe(
            checkSchema(SCENARIO, written, (path, stranger) => placeOf(document, settings, path, stranger)),
            E.map(scenario => ({ file: file.name, written, scenario })),
          ),
        ),
      ),
    ),
  )
}

/** Checks a scenario that no file holds (a step of a sweep). */
export const checkScenario = (written: unknown, place: Place): E.Either<Problem, Scenario> =>
  checkSchema(SCENARIO, written, path => ({ ...place, field: describePath(path) }))

const onlyDocument =
  (file: string) =>
  (documents: readonly ManifestDocument[]): E.Either<Problem, ManifestDocument> => {
    if (documents.length !== 1) {
      return E.left(badInput({ file }, `holds ${documents.length} documents`, 'a scenario is one YAML mapping'))
    }
    const [{ value }] = documents
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return E.left(
        badInput(
          { file, line: 1 },
          `is ${quoted(value)}`,
          'a scenario is one YAML mapping with name, question, cluster, traffic',
        ),
      )
    }
    return E.right(documents[0])
  }

function placeOf(
  document: ManifestDocument,
  settings: readonly PathSetting[],
  path: readonly PropertyKey[],
  stranger?: string,
): Place {
  const culprit = settings.findLast(
    s => stranger !== undefined && isUnder(describePath([...path, stranger]), describePath(s.path)),
  )
  if (culprit !== undefined) return { field: `--set ${describePath(culprit.path)}` }
  const field = describePath(path)
  const setting = settings.findLast(s => isUnder(describePath(s.path), field))
  if (setting !== undefined)
    return {
      field: field === describePath(setting.path) ? `--set ${field}` : `--set ${describePath(setting.path)}: ${field}`,
    }
  return { file: document.file, ...document.locate(path.filter(key => typeof key !== 'symbol')), field }
}

const isUnder = (set: string, field: string): boolean =>
  field === set || field.startsWith(`${set}.`) || field.startsWith(`${set}[`)
