/** A PathGraph as SVG. Ways that chance did not take can be clicked; the same choice stands in the selects above. */
import { shortened } from '../output/escape.ts'
import { svgElement } from './element.ts'
import type { GraphBox, GraphEdge, PathGraph } from './path-graph.ts'

const BOX = { width: 230, height: 38 } as const
const COLUMN = 276
const ROW = 50
const MARGIN = 6

/** `choose`: the reader wants to see another way. */
export function drawGraph(
  { boxes, edges }: PathGraph,
  label: string,
  choose: (fork: number, option: number) => void,
): SVGSVGElement {
  const columns = boxes.reduce((most, b) => Math.max(most, b.column), 0)
  const width = columns * COLUMN + BOX.width + 2 * MARGIN
  const height = boxes.length * ROW - (ROW - BOX.height) + 2 * MARGIN
  return svgElement(
    'svg',
    { class: 'path-graph', role: 'group', 'aria-label': label, width, height, viewBox: `0 0 ${width} ${height}` },
    ...edges.map(edge => edgeElement(boxes, edge)),
    ...boxes.map(box => boxElement(box, choose)),
  )
}

const left = ({ column }: GraphBox): number => MARGIN + column * COLUMN
const top = ({ row }: GraphBox): number => MARGIN + row * ROW

/** Down a column from table to table; from the right side of a chain to the left side of the one it sends to. */
function edgeElement(boxes: readonly GraphBox[], { from, to, taken, chance = 1 }: GraphEdge): SVGElement {
  const [a, b] = [boxes[from], boxes[to]]
  const end = { x: left(b), y: top(b) + BOX.height / 2 }
  const start =
    a.column === b.column
      ? { x: left(a) + 14, y: top(a) + BOX.height }
      : { x: left(a) + BOX.width, y: top(a) + BOX.height / 2 }
  const path =
    a.column === b.column
      ? `M${start.x},${start.y}V${top(b)}`
      : `M${start.x},${start.y}C${start.x + 30},${start.y} ${end.x - 34},${end.y} ${end.x},${end.y}`
  return svgElement('path', {
    class: taken ? 'edge taken' : 'edge',
    d: path,
    'stroke-width': (1 + 3 * Math.sqrt(chance)).toFixed(2),
  })
}

function boxElement(box: GraphBox, choose: (fork: number, option: number) => void): SVGElement {
  const [x, y] = [left(box), top(box)]
  const { option } = box
  const group = svgElement(
    'g',
    option === undefined ? { class: `box ${box.kind}` } : { class: `box ${box.kind}`, role: 'button', tabindex: 0 },
    svgElement('rect', { x, y, width: BOX.width, height: BOX.height, rx: 6 }),
    svgElement('text', { class: 'name', x: x + 10, y: y + 16 }, shortened(box.name, 26)),
    svgElement('text', { class: 'note', x: x + 10, y: y + 31 }, shortened(box.note, 40)),
    svgElement('title', {}, `${box.name}: ${box.note}`),
  )
  if (option === undefined) return group
  const take = (): void => choose(option.fork, option.option)
  group.addEventListener('click', take)
  group.addEventListener('keydown', event => {
    if (event.key !== 'Enter' && event.key !== ' ') return
    event.preventDefault()
    take()
  })
  return group
}
