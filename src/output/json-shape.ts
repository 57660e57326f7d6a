/**
 * The shape that a JSON value should have, as data; what does not fit is named by its field. null where a number belongs is NaN, as JSON
 * has no NaN. Fields that the shape does not name are dropped.
 */
import * as E from 'fp-ts/lib/Either.js'
import { badInput, type Problem, quoted } from '../problem/problem.ts'

export type Shape =
  | 'text'
  | 'number'
  | 'flag'
  | 'object'
  | { readonly orNull: Shape }
  | { readonly list: Shape }
  | { readonly tuple: readonly Shape[] }
  | { readonly textOr: Shape }
  | { readonly map: Shape }
  | { readonly fields: Readonly<Record<string, Shape>> }

/** The value as the shape has it, NaN where it had null. */
export function ofShape(value: unknown, shape: Shape, file: string, mend: string): E.Either<Problem, unknown> {
  const read = fitted(value, shape, '')
  return 'misfit' in read
    ? E.left(badInput({ file, field: read.field }, `${quoted(read.misfit)} is not ${read.wanted}`, mend))
    : E.right(read.value)
}

type Fit = { readonly value: unknown } | { readonly misfit: unknown; readonly field: string; readonly wanted: string }

function fitted(value: unknown, shape: Shape, field: string): Fit {
  const misfit = (wanted: string): Fit => ({ misfit: value, field, wanted })
  if (shape === 'text') return typeof value === 'string' ? { value } : misfit('a text')
  if (shape === 'flag') return typeof value === 'boolean' ? { value } : misfit('true or false')
  if (shape === 'number')
    return value === null ? { value: NaN } : typeof value === 'number' ? { value } : misfit('a number')
  if (shape !== 'object' && 'orNull' in shape) return value === null ? { value } : fitted(value, shape.orNull, field)
  if (shape !== 'object' && 'textOr' in shape)
    return typeof value === 'string' ? { value } : fitted(value, shape.textOr, field)
  if (shape !== 'object' && 'tuple' in shape) {
    return Array.isArray(value) && value.length === shape.tuple.length
      ? all(
          value.map((v, i) => [String(i), fitted(v, shape.tuple[i], `${field}[${i}]`)]),
          Object.values,
        )
      : misfit(`a list of ${shape.tuple.length}`)
  }
  if (shape !== 'object' && 'list' in shape) {
    return Array.isArray(value)
      ? all(
          value.map((v, i) => [String(i), fitted(v, shape.list, `${field}[${i}]`)]),
          Object.values,
        )
      : misfit('a list')
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return misfit('an object')
  if (shape === 'object') return { value }
  const entries =
    'map' in shape
      ? Object.entries(value).map(([k, v]) => [k, v, shape.map] as const)
      : Object.entries(shape.fields).map(
          ([k, s]) => [k, Object.hasOwn(value, k) ? Reflect.get(value, k) : undefined, s] as const,
        )
  return all(
    entries.map(([k, v, s]) => [k, fitted(v, s, field === '' ? k : `${field}.${k}`)]),
    parts => parts,
  )
}

/** The parts put together, or the first that does not fit. */
function all(parts: readonly (readonly [string, Fit])[], together: (parts: Record<string, unknown>) => unknown): Fit {
  for (const [, fit] of parts) if ('misfit' in fit) return fit
  return {
    value: together(Object.fromEntries(parts.map(([key, fit]) => [key, 'value' in fit ? fit.value : undefined]))),
  }
}
