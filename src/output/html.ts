/**
 * HTML that is safe by construction: in html`<td>${value}</td>` every value is escaped unless it is Html itself, so a Service called
 * `<img src=x onerror=…>` is shown, not run. Attribute values must stand in double quotes.
 */
import { escapeHtml } from './escape.ts'

/** Markup that may stand in a page as it is. Only this file and chart.ts make it. */
export class Html {
  readonly markup: string
  constructor(markup: string) {
    this.markup = markup
  }
}

type Value = Html | string | number | readonly Value[]

export const html = (strings: TemplateStringsArray, ...values: readonly Value[]): Html =>
  new Html(strings.reduce((text, part, i) => text + markupOf(values[i - 1]) + part))

function markupOf(value: Value): string {
  if (value instanceof Html) return value.markup
  return typeof value === 'object' ? value.map(markupOf).join('') : escapeHtml(String(value))
}

/** A style sheet of the project's own, byte for byte as its hash in the content security policy. */
export const styleElement = (css: string): Html => new Html(`<style>${css}</style>`)

/** A script of the project's own, likewise. */
export function scriptElement(script: string): Html {
  if (/<\/script|<!--/i.test(script)) throw new Error('a script that would end its own element')
  return new Html(`<script>${script}</script>`)
}

/** Data for the script: inert, whatever names it holds. */
export const dataElement = (id: string, data: unknown): Html =>
  new Html(
    `<script type="application/json" id="${escapeHtml(id)}">${JSON.stringify(data).replace(/</g, '\\u003c')}</script>`,
  )
