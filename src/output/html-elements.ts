/** Figures and tables as elements of report.html. A figure's own numbers stand below it, folded, as a table. */
import type { ChartFigure } from './chart-figure.ts'
import { type Html, html } from './html.ts'
import type { ReportColumn, ReportTable } from './report-tables/report-table.ts'

export const figureElement = ({ title, key, svg, caption, table }: ChartFigure): Html => html`<figure>
<h3>${title}</h3>
${key.length === 0 ? [] : html`<ul class="key">${key.map(([colour, name]) => html`<li class="${colour}">${name}</li>`)}</ul>`}
${svg}
<figcaption>${caption}</figcaption>
${
  table.rows.length === 0
    ? []
    : html`<details>
<summary>As a table</summary>
${scrolled(`${title}, as a table`, table, [])}
</details>`
}
</figure>`

export const tableElement = ({ title, note, ...table }: ReportTable): Html => html`${scrolled(
  title,
  table,
  html`<caption>${title}</caption>
`,
)}
${note === '' ? [] : html`<p class="note">${note}</p>`}`

/** Scrolls sideways on narrow screens, by keyboard too. */
const scrolled = (
  label: string,
  { columns, rows }: ChartFigure['table'],
  caption: Html | readonly Html[],
): Html => html`<div class="table" role="region" tabindex="0" aria-label="${label}">
<table>
${caption}<thead><tr>${columns.map(headingElement)}</tr></thead>
<tbody>
${rows.map(
  row => html`<tr>${row.map((cell, i) => cellElement(cell, i, columns[i].numeric))}</tr>
`,
)}</tbody>
</table>
</div>`

function headingElement({ title, numeric }: ReportColumn): Html {
  if (title === '') return html`<td></td>`
  return numeric ? html`<th scope="col" class="figures">${title}</th>` : html`<th scope="col">${title}</th>`
}

function cellElement(cell: string, place: number, numeric: boolean): Html {
  if (place === 0 && !numeric) return html`<th scope="row">${cell}</th>`
  return numeric ? html`<td class="figures">${cell}</td>` : html`<td class="text">${cell}</td>`
}
