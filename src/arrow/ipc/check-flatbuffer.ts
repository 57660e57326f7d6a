/**
 * Whether the metadata of an Arrow message may be followed: every offset, table, text and list in it lies within its bytes. Readers of
 * flatbuffers in JavaScript check nothing: a damaged length is a loop of four billion turns, a damaged offset a value of nowhere.
 * What is looked at is declared below, after Message.fbs and Schema.fbs; types that no file of svcsim has are refused. Costs one visit
 * a table; depth and number of tables are bounded, as offsets may lead many fields to one table.
 */
export function checkFlatbuffer(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const walk: Walk = { view, tables: 0 }
  checkTable(walk, follow(walk, 0), TABLES.Message, 0)
}

/** What a field of a table holds: a number of so many bytes, a text, a table, a list, or one of several tables by the field before. Texts and choices must be there. */
type Kind =
  | 1
  | 2
  | 4
  | 8
  | 'text'
  | { readonly table: TableName; readonly needed?: true }
  | { readonly tables: TableName }
  | { readonly records: number }
  | { readonly oneOf: Readonly<Record<number, TableName>> }

type TableName =
  | 'Message'
  | 'Schema'
  | 'Field'
  | 'KeyValue'
  | 'Encoding'
  | 'Int'
  | 'Float'
  | 'Batch'
  | 'Words'
  | 'Plain'

/** Fields by number; a table may have more (of a later version), which nobody reads. */
const TABLES: Readonly<Record<TableName, readonly Kind[]>> = {
  Message: [2, 1, { oneOf: { 1: 'Schema', 2: 'Words', 3: 'Batch' } }, 8, { tables: 'KeyValue' }],
  Schema: [2, { tables: 'Field' }, { tables: 'KeyValue' }, { records: 8 }],
  Field: [
    'text',
    1,
    1,
    // Int, FloatingPoint, Utf8, Bool, List, Struct_, Map.
    { oneOf: { 2: 'Int', 3: 'Float', 5: 'Plain', 6: 'Plain', 12: 'Plain', 13: 'Plain', 17: 'Plain' } },
    { table: 'Encoding' },
    { tables: 'Field' },
    { tables: 'KeyValue' },
  ],
  KeyValue: ['text', 'text'],
  Encoding: [8, { table: 'Int' }, 1, 2],
  Int: [4, 1],
  Float: [2],
  Plain: [1],
  Words: [8, { table: 'Batch', needed: true }, 1],
  // Compression, and buffers of views, are refused where the batch is checked.
  Batch: [8, { records: 16 }, { records: 16 }, { table: 'Plain' }, { records: 8 }],
}

interface Walk {
  readonly view: DataView
  tables: number
}

const MOST_TABLES = 65_536
const MOST_DEPTH = 32

function checkTable(walk: Walk, at: number, kinds: readonly Kind[], depth: number): void {
  const { view } = walk
  if (++walk.tables > MOST_TABLES || depth > MOST_DEPTH) throw new Error('its metadata has no end')
  const vtable = at - view.getInt32(need(walk, at, 4), true)
  const vtableBytes = view.getUint16(need(walk, vtable, 4), true)
  const tableBytes = view.getUint16(vtable + 2, true)
  need(walk, vtable, vtableBytes)
  need(walk, at, tableBytes)
  const fieldAt = (field: number): number | undefined => {
    const offset = 4 + 2 * field < vtableBytes - 1 ? view.getUint16(vtable + 4 + 2 * field, true) : 0
    return offset === 0 ? undefined : at + offset
  }
  kinds.forEach((kind, field) => {
    const place = fieldAt(field)
    if (place === undefined) {
      if (kind === 'text' || (typeof kind === 'object' && ('oneOf' in kind || 'needed' in kind)))
        throw new Error('its metadata lacks something')
      return
    }
    if (place + (typeof kind === 'number' ? kind : 4) > at + tableBytes) throw new Error(OUTSIDE)
    if (typeof kind === 'number') return
    if (kind === 'text') checkList(walk, follow(walk, place), 1)
    else if ('table' in kind) checkTable(walk, follow(walk, place), TABLES[kind.table], depth + 1)
    else if ('records' in kind) checkList(walk, follow(walk, place), kind.records)
    else if ('tables' in kind) {
      const list = follow(walk, place)
      const count = checkList(walk, list, 4)
      for (let i = 0; i < count; i++) checkTable(walk, follow(walk, list + 4 + 4 * i), TABLES[kind.tables], depth + 1)
    } else {
      const tag = fieldAt(field - 1)
      const chosen = tag === undefined ? undefined : kind.oneOf[view.getUint8(tag)]
      if (chosen === undefined) throw new Error('its metadata names a type that svcsim does not write')
      checkTable(walk, follow(walk, place), TABLES[chosen], depth + 1)
    }
  })
}

/** The number of items of a list, all of which are there. */
function checkList(walk: Walk, at: number, itemBytes: number): number {
  const count = walk.view.getUint32(need(walk, at, 4), true)
  need(walk, at + 4, count * itemBytes)
  return count
}

/** Where an offset leads. */
const follow = (walk: Walk, at: number): number => at + walk.view.getUint32(need(walk, at, 4), true)

function need({ view }: Walk, at: number, byteCount: number): number {
  if (at < 0 || at + byteCount > view.byteLength) throw new Error(OUTSIDE)
  return at
}

const OUTSIDE = 'its metadata points outside itself'
