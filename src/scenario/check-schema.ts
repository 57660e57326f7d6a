/** A value of the user's against a schema -> what the schema makes of it, or one Problem that names the place and says what to do. */
import * as E from 'fp-ts/lib/Either.js'
import { z } from 'zod'
import { didYouMean } from '../problem/near-names.ts'
import { badInput, type Place, type Problem, quoted } from '../problem/problem.ts'

export function checkSchema<T>(
  schema: z.ZodType<T>,
  written: unknown,
  /** Where a path stands; `stranger` is a key there that nobody knows. */
  place: (path: readonly PropertyKey[], stranger?: string) => Place,
): E.Either<Problem, T> {
  const result = schema.safeParse(written, { reportInput: true })
  if (result.success) return E.right(result.data)
  const issue = deepest(result.error.issues[0])
  const { what, mend } = explain(issue, schema)
  return E.left(badInput(place(issue.path, issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined), what, mend))
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

function explain(issue: z.core.$ZodIssue, schema: z.ZodType): { what: string; mend: string } {
  const value = quoted(issue.input)
  const known = (): string[] => knownKeys(schema, issue.path)
  switch (issue.code) {
    case 'unrecognized_keys':
      return {
        what: `unknown key ${issue.keys.map(quoted).join(', ')}`,
        mend: didYouMean(issue.keys[0], known(), `the keys here are ${known().join(', ')}`),
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
      return { what: `is ${value}: ${issue.message}`, mend: 'correct it' }
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

/** Keys that the schema knows at a path, in whatever branches of unions it leads through. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let here = branchesOf(schema)
  for (const key of path)
    here = here.flatMap(at =>
      branchesOf(
        at instanceof z.ZodArray ? at.element : at instanceof z.ZodObject ? at.shape[key as string] : undefined,
      ),
    )
  return [...new Set(here.flatMap(at => (at instanceof z.ZodObject ? Object.keys(at.shape) : [])))]
}

function branchesOf(schema: unknown): unknown[] {
  const at = unwrap(schema)
  return at instanceof z.ZodUnion ? at.options.flatMap(branchesOf) : [at]
}

function unwrap(schema: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return unwrap(schema.unwrap())
  if (!(schema instanceof z.ZodPipe)) return schema
  return unwrap(schema.out instanceof z.ZodTransform ? schema.in : schema.out)
}
