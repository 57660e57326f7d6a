/** The generated part of docs/arrow.md: every table and column, as the schemas in the code declare them, with a query of each table. */
import type { ArrowField, ArrowType } from '../../src/arrow/arrow-vector.ts'
import { EVENT_FIELDS } from '../../src/eventlog/event-batch.ts'
import { EVENT_SCHEMA_VERSION } from '../../src/eventlog/event-stream.ts'
import { TABLE_SCHEMAS } from '../../src/output/arrow-tables.ts'
import type { ColumnSchema, TableSchema } from '../../src/output/tables/result-table.ts'
import { EXAMPLE_QUERIES } from './example-queries.ts'

export const arrowDocs = (): string => [...TABLE_SCHEMAS.map(tableDocs), eventDocs()].join('\n')

function tableDocs({ name, version, description, columns }: TableSchema): string {
  const example = EXAMPLE_QUERIES[name]
  if (example === undefined) throw new Error(`example-queries.ts has no query of ${name}`)
  return `### ${name}.arrow
Version ${version}. ${description}

| column | type | unit | what |
|---|---|---|---|
${Object.entries(columns)
  .map(([column, schema]) => row(column, columnType(schema), schema.unit, columnText(schema)))
  .join('\n')}

${example.asks}
\`\`\`sql
${example.sql}
\`\`\`
`
}

const TYPES: Readonly<Record<ColumnSchema['type'], string>> = {
  utf8: 'utf8',
  dictionary: 'dictionary (utf8)',
  bool: 'bool',
  uint8: 'uint8',
  uint16: 'uint16',
  uint32: 'uint32',
  int64: 'int64',
  float64: 'float64, nullable',
}

const columnType = ({ type }: ColumnSchema): string => TYPES[type]

const columnText = ({ description, optional }: ColumnSchema): string =>
  optional ? `${description}; there when the run was priced` : description

const eventDocs = (): string => `### events.arrows
Version ${EVENT_SCHEMA_VERSION}. The event log: every change of every object, in order; an IPC stream, one record batch an append. \`svcsim log show\` prints it, \`svcsim get\` folds it.

| column | type | unit | what |
|---|---|---|---|
${EVENT_FIELDS.flatMap(f => fieldRows('', f)).join('\n')}
`

function fieldRows(prefix: string, { name, type, nullable, unit = '', description = '' }: ArrowField): string[] {
  const path = `${prefix}${name}`
  return [
    row(path, `${arrowType(type)}${nullable ? ', nullable' : ''}`, unit, description),
    ...childrenOf(type).flatMap(f => fieldRows(`${path}${type.kind === 'list' ? '[]' : ''}.`, f)),
  ]
}

/** Fields of a struct, or of the structs in a list. */
const childrenOf = (type: ArrowType): readonly ArrowField[] =>
  type.kind === 'struct' ? type.fields : type.kind === 'list' ? childrenOf(type.item.type) : []

function arrowType(type: ArrowType): string {
  if (type.kind === 'list') return `list of ${arrowType(type.item.type)}`
  if (type.kind === 'dictionary') return TYPES.dictionary
  return type.kind === 'map' ? 'map of utf8 to utf8' : type.kind
}

const row = (...cells: readonly string[]): string => `| ${cells.map(c => c.replaceAll('|', '\\|')).join(' | ')} |`
