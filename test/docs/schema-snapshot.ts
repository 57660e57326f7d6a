/**
 * What each Arrow file was when its version was last raised. A schema that is another one under the same version is an error: its
 * readers would take the new for the old. Words (descriptions, example queries) may change freely.
 */
import type { ArrowField, ArrowType } from '../../src/arrow/arrow-vector.ts'
import { EVENT_FIELDS } from '../../src/eventlog/event-batch.ts'
import { EVENT_SCHEMA_VERSION } from '../../src/eventlog/event-stream.ts'
import { TABLE_SCHEMAS } from '../../src/output/arrow-tables.ts'

export interface SchemaEntry {
  readonly version: number
  /** A line a column: name, type, unit. */
  readonly columns: readonly string[]
}

type Snapshot = Readonly<Record<string, SchemaEntry>>

/** Of the code as it is, `before` being the snapshot as it stands; throws when a version was due. */
export function schemaSnapshot(before: Snapshot, now: Snapshot = schemasInCode()): Snapshot {
  for (const [name, { version, columns }] of Object.entries(now)) {
    const old = before[name]
    if (old === undefined) continue
    const isSame = JSON.stringify(old.columns) === JSON.stringify(columns)
    if (version < old.version || (version === old.version && !isSame))
      throw new Error(
        `${name}: its columns changed and its version is still ${old.version}: raise it, then npm run docs`,
      )
  }
  return now
}

export const schemasInCode = (): Snapshot => ({
  ...Object.fromEntries(
    TABLE_SCHEMAS.map(({ name, version, columns }) => [
      name,
      {
        version,
        columns: Object.entries(columns).map(
          ([column, { type, unit, optional }]) =>
            `${column}: ${type}, ${unit || 'no unit'}${optional ? ', optional' : ''}`,
        ),
      },
    ]),
  ),
  events: { version: EVENT_SCHEMA_VERSION, columns: EVENT_FIELDS.map(fieldLine) },
})

const fieldLine = ({ name, type, nullable, unit }: ArrowField): string =>
  `${name}: ${typeText(type)}${nullable ? '?' : ''}, ${unit || 'no unit'}`

function typeText(type: ArrowType): string {
  switch (type.kind) {
    case 'list':
      return `list<${fieldLine(type.item)}>`
    case 'struct':
      return `struct<${type.fields.map(fieldLine).join('; ')}>`
    case 'dictionary':
      return `dictionary<int${type.indexBits}: ${Array.from(type.words as readonly string[]).join(' ')}>`
    default:
      return type.kind
  }
}
