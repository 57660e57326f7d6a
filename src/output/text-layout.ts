/** Plain text of at most 80 columns: paragraphs and tables. Every text is made visible here (no control characters of hostile names reach the terminal). */
import { visible } from './escape.ts'

const COLUMNS = 80

export interface LaidOutTable {
  readonly title: string
  readonly columns: readonly { readonly title: string; readonly numeric: boolean }[]
  readonly rows: readonly (readonly string[])[]
}

/**
 * Nothing is lost for want of room: what does not fit has its headings in several lines, then goes on in a second table with the same first
 * column. Cells wider than a table are broken.
 */
export function textTable({ title, columns, rows }: LaidOutTable, mostRows: number): readonly string[] {
  const headings = columns.map(c => visible(c.title))
  const cells = rows.slice(0, mostRows).map(row => row.map(visible))
  const widest = (column: number): number => Math.max(0, ...cells.map(row => widthOf(row[column])))
  const inLines = (most: number): readonly number[] =>
    headings.map((heading, i) => Math.max(widthInLines(heading, most), widest(i)))
  const natural = [inLines(1), inLines(2)].find(widths => total(widths) <= COLUMNS) ?? inLines(Infinity)
  const first = Math.min(natural[0], Math.max(FIRST_COLUMN, COLUMNS - total([0, ...natural.slice(1)])))
  const widths = [first, ...natural.slice(1).map(width => Math.min(width, COLUMNS - first - GAP))]
  const lines = (row: readonly string[], shown: readonly number[], broken: typeof byColumns, alignBottom: boolean) => {
    const stacks = shown.map(i => broken(row[i], widths[i]))
    const height = Math.max(...stacks.map(stack => stack.length))
    return Array.from({ length: height }, (_, n) =>
      stacks
        .map((stack, s) => {
          const text = stack[alignBottom ? n - height + stack.length : n] ?? ''
          return padded(text, widths[shown[s]], columns[shown[s]].numeric)
        })
        .join(' '.repeat(GAP))
        .trimEnd(),
    )
  }
  const blocks = columnBlocks(widths).map(shown => [
    ...lines(headings, shown, byWords, true),
    ...cells.flatMap(row => lines(row, shown, byColumns, false)),
  ])
  const more = rows.length > mostRows ? [`… and ${rows.length - mostRows} more`] : []
  return [title, ...blocks.flatMap((block, i) => (i === 0 ? block : ['', ...block])), ...more]
}

/** The narrowest that a text can be in so many lines without breaking a word. */
function widthInLines(text: string, most: number): number {
  const words = text.split(' ').map(widthOf)
  const narrowest = Math.max(...words)
  for (let width = narrowest; ; width++) if (byWords(text, width).length <= most) return width
}

/** What a first column may have at the cost of the others. */
const FIRST_COLUMN = 24
const GAP = 2

const total = (widths: readonly number[]): number => widths.reduce((sum, width) => sum + width + GAP, -GAP)

/** The columns of each table: the first, and as many of the others, in their order, as there is room for. */
function columnBlocks(widths: readonly number[]): readonly (readonly number[])[] {
  const blocks: number[][] = [[0]]
  for (let i = 1; i < widths.length; i++) {
    const block = blocks[blocks.length - 1]
    if (block.length > 1 && total([...block, i].map(c => widths[c])) > COLUMNS) blocks.push([0, i])
    else block.push(i)
  }
  return blocks
}

/** The words of a paragraph in lines. */
export const wrapped = (text: string): readonly string[] => byWords(visible(text), COLUMNS)

/** A text in lines of at most `width`, broken between words where it can be. */
function byWords(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line)
      line = ''
    }
    const [last, ...full] = byColumns(line === '' ? word : `${line} ${word}`, width).toReversed()
    lines.push(...full.toReversed())
    line = last
  }
  return [...lines, line]
}

/** The same wherever the width ends. */
function byColumns(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let rest = text
  for (; widthOf(rest) > width; rest = rest.slice(lines.at(-1)!.length)) lines.push(firstColumns(rest, width))
  return [...lines, rest]
}

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
