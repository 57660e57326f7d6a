/**
 * Tooltips of all charts: a mark's <title> is shown beside it, for the mark nearest to the pointer, and by keyboard (arrow keys go from mark
 * to mark, Escape ends). Works on any chart that gives its marks titles.
 */
import { element } from './element.ts'

interface Mark {
  readonly shape: SVGGraphicsElement
  readonly text: string
}

/** Farther away than this, in px, no mark is meant. */
const REACH = 40

export function addTips(): void {
  const tip = element('div', { class: 'tip', role: 'status' })
  tip.hidden = true
  document.body.append(tip)
  for (const chart of document.querySelectorAll<SVGSVGElement>('figure svg')) addTipsTo(chart, tip)
}

function addTipsTo(chart: SVGSVGElement, tip: HTMLElement): void {
  const marks = takeTitles(chart)
  if (marks.length === 0) return
  let shown = -1
  const show = (place: number): void => {
    marks[shown]?.shape.classList.remove('pointed')
    shown = place
    tip.hidden = place < 0
    if (place < 0) return
    const { shape, text } = marks[place]
    shape.classList.add('pointed')
    tip.textContent = text
    const box = shape.getBoundingClientRect()
    const left = Math.min(box.left + box.width / 2 + 12, document.documentElement.clientWidth - tip.offsetWidth - 8)
    tip.style.left = `${Math.max(8, left) + scrollX}px`
    tip.style.top = `${box.top + scrollY - tip.offsetHeight - 8}px`
  }
  chart.setAttribute('tabindex', '0')
  chart.addEventListener('pointermove', event => show(nearest(marks, event)))
  chart.addEventListener('pointerleave', () => show(-1))
  chart.addEventListener('blur', () => show(-1))
  chart.addEventListener('keydown', event => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key]
    if (event.key === 'Escape') show(-1)
    if (step === undefined) return
    event.preventDefault()
    show((shown + step + marks.length) % marks.length)
  })
}

/** The browser's own tooltips would stand beside these. */
const takeTitles = (chart: SVGSVGElement): readonly Mark[] =>
  [...chart.querySelectorAll('title')].map(title => {
    const shape = title.parentElement as unknown as SVGGraphicsElement
    const text = title.textContent ?? ''
    title.remove()
    return { shape, text }
  })

function nearest(marks: readonly Mark[], { clientX, clientY }: PointerEvent): number {
  let best = -1
  let least = REACH ** 2
  for (let i = 0; i < marks.length; i++) {
    const box = marks[i].shape.getBoundingClientRect()
    const dx = Math.max(box.left - clientX, 0, clientX - box.right)
    const dy = Math.max(box.top - clientY, 0, clientY - box.bottom)
    if (dx * dx + dy * dy >= least) continue
    least = dx * dx + dy * dy
    best = i
  }
  return best
}
