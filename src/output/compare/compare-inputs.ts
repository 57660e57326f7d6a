/** The keys in which the inputs of two runs differ, in the order they are written. */
import type { InputDifference } from './run-comparison.ts'

export function compareInputs(before: unknown, after: unknown): readonly InputDifference[] {
  const a = leaves(before)
  const b = leaves(after)
  return [...new Set([...a.keys(), ...b.keys()])].flatMap(path => {
    const [was, is] = [a.get(path), b.get(path)]
    return was === is
      ? []
      : [{ path, ...(was === undefined ? {} : { before: was }), ...(is === undefined ? {} : { after: is }) }]
  })
}

/** JSON of every value that is no mapping and no list, and of the empty ones, by path. */
function leaves(value: unknown, path = '', found = new Map<string, string>()): ReadonlyMap<string, string> {
  const parts = typeof value === 'object' && value !== null ? Object.entries(value) : []
  if (parts.length === 0 && path !== '') found.set(path, JSON.stringify(value))
  for (const [key, part] of parts)
    leaves(part, Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`, found)
  return found
}
