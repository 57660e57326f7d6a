/** A table that was read, if it is of the schema that this svcsim writes. */
import * as E from 'fp-ts/lib/Either.js'
import { badInput, type Problem, quoted } from '../problem/problem.ts'
import { TABLE_SCHEMAS } from './arrow-tables.ts'

interface TableHead {
  readonly name: string
  readonly version: number
  readonly columns: readonly { readonly name: string; readonly type: string }[]
}

/** `name` is the table that `file` should hold. */
export function ofSchema<T extends TableHead>(table: T, name: string, file: string): E.Either<Problem, T> {
  const schema = TABLE_SCHEMAS.find(s => s.name === name)
  if (schema === undefined) throw new Error(`no table ${name}`)
  const off = (what: string): E.Either<Problem, never> => E.left(badInput({ file }, what, 'run the scenario again'))
  if (table.name !== name) return off(`it holds the table ${quoted(table.name)}, not ${quoted(name)}`)
  if (table.version !== schema.version)
    return off(`its schema version is ${table.version}; this svcsim reads ${schema.version}`)
  for (const [column, { type, optional }] of Object.entries(schema.columns)) {
    const found = table.columns.find(c => c.name === column)
    if (found === undefined && optional) continue
    if (found === undefined) return off(`it has no column ${quoted(column)}`)
    if (found.type !== type) return off(`its column ${quoted(column)} is of type ${found.type}, not ${type}`)
  }
  return E.right(table)
}
