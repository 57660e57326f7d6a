/**
 * A chart as inline SVG: drawn by Observable Plot on linkedom's document, without a browser. Each chart is drawn twice, for wide and
 * for narrow screens (CSS shows one), so text stays readable on a telephone. No style element or attribute is left in the SVG: the page's
 * content security policy allows its one style sheet only. Colours are CSS variables, so dark mode needs no second drawing.
 */
import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { shortened, visible } from './escape.ts'
import { Html } from './html.ts'

export type ChartOptions = Plot.PlotOptions

/** Colours of the page's style sheet (report-style.ts). */
export const COLOUR = {
  c1: 'var(--c1)',
  c2: 'var(--c2)',
  c3: 'var(--c3)',
  c4: 'var(--c4)',
  c5: 'var(--c5)',
  c6: 'var(--c6)',
  band: 'var(--band)',
  quiet: 'var(--quiet)',
} as const
export type SeriesColour = keyof typeof COLOUR

/** Widths of wide charts in px, as the page's columns are: text is drawn at its true size. */
export const WIDTH = { beside: 600, half: 520, full: 1130 } as const

/** `label` is the text alternative: what the chart shows, with its numbers. */
export const chart = (label: string, width: number, draw: (narrow: boolean) => ChartOptions): Html =>
  new Html(svg('wide', label, draw(false), width) + svg('narrow', label, draw(true), NARROW))

/** A text of the user's, for a label: visible and short. */
export const labelText = (text: string, length = 24): string => visible(shortened(text, length))

const NARROW = 345

function svg(className: string, label: string, options: ChartOptions, width: number): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const drawn = Plot.plot({ ...options, document, width, className, ariaLabel: visible(label) })
  for (const style of drawn.querySelectorAll('style')) style.remove()
  for (const styled of drawn.querySelectorAll('[style]')) styled.removeAttribute('style')
  // Names for marks are no names: the label of the whole tells what there is.
  for (const marks of drawn.querySelectorAll('g[aria-label]'))
    if (marks.querySelector('text') === null) marks.removeAttribute('aria-label')
  drawn.setAttribute('role', 'img')
  return drawn.outerHTML
}
