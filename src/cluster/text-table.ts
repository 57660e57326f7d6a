/**
 * Lays out rows as kubectl does (Go's tabwriter with minimal width 6 and padding 3): a column is as wide as its widest cell and three
 * blanks; the last one is not padded. Every line ends with a newline. Control characters, which imported text may hold, become `?`.
 */
const PADDING = 3
const MINIMAL_WIDTH = 6

export function textTable(rows: readonly (readonly string[])[]): string {
  const clean = rows.map(row => row.map(cell => cell.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?')))
  const widths: number[] = []
  for (const row of clean)
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? MINIMAL_WIDTH, lengthOf(cell) + PADDING)
    })
  return clean
    .map(row => `${row.map((cell, i) => (i < row.length - 1 ? pad(cell, widths[i]) : cell)).join('')}\n`)
    .join('')
}

const lengthOf = (cell: string): number => [...cell].length

const pad = (cell: string, width: number): string => cell + ' '.repeat(width - lengthOf(cell))
