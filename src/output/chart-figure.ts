/**
 * A chart with all that must stand beside it: a title, the key of its colours, how to read it, and its numbers as a table (for readers who
 * cannot see it, and to copy from). The figure is plain data but for the drawing; html-elements.ts puts it into the page.
 */
import type { SeriesColour } from './chart.ts'
import type { Html } from './html.ts'
import type { ReportTable } from './report-tables/report-table.ts'

export interface ChartFigure {
  readonly title: string
  /** Empty where one colour shows one thing that the title names. */
  readonly key: readonly (readonly [colour: SeriesColour, name: string])[]
  readonly svg: Html
  /** How to read it, with its figures; plain text. */
  readonly caption: string
  readonly table: Pick<ReportTable, 'columns' | 'rows'>
}

/** More rows are more than anybody reads; the Arrow files hold all. */
const ROWS = 120

/** At most ROWS of `count` rows, evenly spread, the first and the last among them. */
export function shownRows(count: number): readonly number[] {
  if (count <= ROWS) return [...Array(count).keys()]
  return Array.from({ length: ROWS }, (_, i) => Math.round((i * (count - 1)) / (ROWS - 1)))
}
