/**
 * A table as CSV (RFC 4180), batch by batch: names in the first line, texts quoted where they must be, numbers in full, null an empty
 * field. Line ends are CR LF, as the RFC and spreadsheets have it.
 */
import type { ArrowBatches } from '../arrow/ipc/read-arrow-file.ts'
import { columnOfVectors } from '../arrow/table-vectors.ts'

export function* csvPieces({ fields, batches }: Pick<ArrowBatches, 'fields' | 'batches'>): Generator<Uint8Array> {
  const encoder = new TextEncoder()
  yield encoder.encode(line(fields.map(f => quotedField(f.name))))
  for (const { rowCount, vectors } of batches) {
    const columns = fields.map((field, i) => columnOfVectors(field, [vectors[i]])!.values)
    for (let from = 0; from < rowCount; from += ROWS_AT_ONCE) {
      let text = ''
      for (let row = from; row < Math.min(rowCount, from + ROWS_AT_ONCE); row++)
        text += line(columns.map(values => cell(values[row])))
      yield encoder.encode(text)
    }
  }
}

const ROWS_AT_ONCE = 4_096

const line = (cells: readonly string[]): string => `${cells.join(',')}\r\n`

const cell = (value: string | number | boolean): string =>
  typeof value === 'string' ? quotedField(value) : Number.isNaN(value) ? '' : String(value)

const quotedField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
