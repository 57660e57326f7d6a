/** Plain text of at most 80 columns: paragraphs and tables. Every text is made visible here (no control characters of hostile names reach the terminal). */
import { visible } from './escape.ts'

const COLUMNS = 80

export interface LaidOutTable {
  readonly title: string
  readonly columns: readonly { readonly title: string; readonly numeric: boolean }[]
  readonly rows: readonly (readonly string[])[]
}

/** The first column gives way to the others; columns that still find no room are left out from the right. */
export function textTable({ title, columns, rows }: LaidOutTable, mostRows: number): readonly string[] {
  const cells = [columns.map(c => c.title), ...rows.slice(0, mostRows)].map(row => row.map(visible))
  const widths = columns.map((_, i) => Math.max(...cells.map(row => widthOf(row[i]))))
  const smallest = Math.min(widths[0], 24)
  let shown = 1
  let used = smallest
  while (shown < columns.length && used + 2 + widths[shown] <= COLUMNS) used += 2 + widths[shown++]
  widths[0] = Math.min(widths[0], smallest + COLUMNS - used)
  const line = (row: readonly string[]): string =>
    row
      .slice(0, shown)
      .map((cell, i) => padded(cut(cell, widths[i]), widths[i], columns[i].numeric))
      .join('  ')
      .trimEnd()
  const more = rows.length > mostRows ? [`… and ${rows.length - mostRows} more`] : []
  return [title, ...cells.map(line), ...more]
}

/** The words of a paragraph in lines. */
export function wrapped(text: string): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of visible(text).split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > COLUMNS) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
    for (; widthOf(line) > COLUMNS; line = line.slice(lines.at(-1)!.length)) lines.push(firstColumns(line, COLUMNS))
  }
  return [...lines, line]
}

const cut = (text: string, width: number): string =>
  widthOf(text) <= width ? text : `${firstColumns(text, width - 1)}…`

const padded = (text: string, width: number, right: boolean): string => {
  const space = ' '.repeat(width - widthOf(text))
  return right ? space + text : text + space
}

/** Characters from Hangul Jamo on are counted as two columns: never too few, as some of them are. */
const columnsOf = (character: string): number =>
  character.codePointAt(0)! >= 0x1100 && !/[‐-⁯∞×…]/.test(character) ? 2 : 1

function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += columnsOf(character)
  return width
}

function firstColumns(text: string, width: number): string {
  let taken = ''
  let used = 0
  for (const character of text) {
    used += columnsOf(character)
    if (used > width) break
    taken += character
  }
  return taken
}
