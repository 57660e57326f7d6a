/**
 * Bytes of a scenario file and the settings of the command line -> a checked Scenario, or one Problem that names the place: file,
 * line and column for what the file says, the setting for what `--set` says.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { z } from 'zod'
import { readManifest } from '../cluster/manifest.ts'
import type { ManifestDocument } from '../cluster/manifest-document.ts'
import { didYouMean } from '../problem/near-names.ts'
import { badInput, type Place, type Problem, quoted } from '../problem/problem.ts'
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
            check(written, path => placeOf(document, settings, path)),
            E.map(scenario => ({ file: file.name, written, scenario })),
          ),
        ),
      ),
    ),
  )
}

/** Checks a scenario that no file holds (a step of a sweep). */
export const checkScenario = (written: unknown, place: Place): E.Either<Problem, Scenario> =>
  check(written, path => ({ ...place, field: describePath(path) }))

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

function check(written: unknown, place: (path: readonly PropertyKey[]) => Place): E.Either<Problem, Scenario> {
  const result = SCENARIO.safeParse(written, { reportInput: true })
  if (result.success) return E.right(result.data)
  const issue = deepest(result.error.issues[0])
  const { what, mend } = explain(issue)
  return E.left(badInput(place(issue.path), what, mend))
}

/** A union fails with the issues of every branch: one whose keys fit was meant, and of those the one that got furthest. */
function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue
  const branches = issue.errors
    .filter(issues => issues.length > 0)
    .map(issues => ({ first: deepest(issues[0]), stranger: issues.find(isStranger) }))
  const fitting = branches.filter(b => b.stranger === undefined && !isOfOtherType(b.first)).map(b => b.first)
  const [best] = fitting.sort((a, b) => b.path.length - a.path.length)
  const meant = best ?? branches.find(b => b.stranger !== undefined)?.stranger
  return meant === undefined ? issue : { ...meant, path: [...issue.path, ...meant.path] }
}

const isStranger = (issue: z.core.$ZodIssue): boolean => issue.code === 'unrecognized_keys' && issue.path.length === 0

const isOfOtherType = (issue: z.core.$ZodIssue): boolean =>
  issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_union')

function explain(issue: z.core.$ZodIssue): { what: string; mend: string } {
  const value = quoted(issue.input)
  switch (issue.code) {
    case 'unrecognized_keys':
      return {
        what: `unknown key ${issue.keys.map(quoted).join(', ')}`,
        mend: didYouMean(issue.keys[0], knownKeys(issue.path), `the keys here are ${knownKeys(issue.path).join(', ')}`),
      }
    case 'invalid_type':
      return issue.input === undefined
        ? { what: `is missing`, mend: `add it (${issue.expected})` }
        : { what: `is ${value}, which is no ${typeName(issue.expected)}`, mend: `write a ${typeName(issue.expected)}` }
    case 'invalid_value':
      return { what: `is ${value}`, mend: `use ${issue.values.map(String).join(' or ')}` }
    case 'too_small':
      return {
        what: `is ${value}`,
        mend: `use at least ${issue.minimum}${issue.origin === 'array' ? ' items' : issue.origin === 'string' ? ' characters' : ''}`,
      }
    case 'too_big':
      return {
        what: `is ${value}`,
        mend: `use at most ${issue.maximum}${issue.origin === 'array' ? ' items' : issue.origin === 'string' ? ' characters' : ''}`,
      }
    case 'custom':
    case 'invalid_format':
      return { what: `${value} ${issue.message}`, mend: 'correct it' }
    default:
      return { what: `is ${value}: ${issue.message}`, mend: 'see scenarios/scenario.schema.json' }
  }
}

const typeName = (expected: string): string =>
  expected === 'int'
    ? 'whole number'
    : expected === 'record' || expected === 'object'
      ? 'mapping'
      : expected === 'array'
        ? 'list'
        : expected === 'string'
          ? 'text'
          : expected

/** Keys that the schema knows at a path. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  let at: unknown = SCENARIO
  for (const key of path) {
    at = unwrap(at)
    at = at instanceof z.ZodArray ? at.element : at instanceof z.ZodObject ? at.shape[key as string] : undefined
  }
  return keysOf(at)
}

function keysOf(schema: unknown): string[] {
  const at = unwrap(schema)
  if (at instanceof z.ZodUnion) return [...new Set(at.options.flatMap(keysOf))]
  return at instanceof z.ZodObject ? Object.keys(at.shape) : []
}

function unwrap(schema: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return unwrap(schema.unwrap())
  if (!(schema instanceof z.ZodPipe)) return schema
  return unwrap(schema.out instanceof z.ZodTransform ? schema.in : schema.out)
}

function placeOf(document: ManifestDocument, settings: readonly PathSetting[], path: readonly PropertyKey[]): Place {
  const field = describePath(path)
  const setting = settings.findLast(s => isUnder(s, field))
  if (setting !== undefined)
    return {
      field: field === describePath(setting.path) ? `--set ${field}` : `--set ${describePath(setting.path)}: ${field}`,
    }
  return { file: document.file, ...document.locate(path.filter(key => typeof key !== 'symbol')), field }
}

const isUnder = (setting: PathSetting, field: string): boolean => {
  const set = describePath(setting.path)
  return field === set || field.startsWith(`${set}.`) || field.startsWith(`${set}[`)
}
