import { parseHTML } from 'linkedom'
import { describe, expect, it } from 'vitest'
import { type SeriesChart, seriesChart } from './series-chart.ts'

const makeChart = (chart: Partial<SeriesChart>): SeriesChart => ({
  title: 'Lag',
  caption: 'How far nodes are behind.',
  x: { label: 'time, s', linear: true },
  y: { label: 'lag, ms' },
  series: [{ name: 'median', colour: 'c1', x: [0, 10, 20], y: [5, 7, 6] }],
  ...chart,
})

/** The wide drawing. */
const drawn = (chart: Partial<SeriesChart>) =>
  parseHTML(`<body>${seriesChart(makeChart(chart)).svg.markup}</body>`).document.querySelector('svg')!

describe('a chart of series', () => {
  it('tells its numbers in words: both ends, and the peak between them', () => {
    expect(drawn({}).getAttribute('aria-label')).toBe(
      'Lag. As time, s goes from 0 to 20: median from 5 to 6, at most 7 at 10. Unit: lag, ms.',
    )
  })

  it('lists its numbers, a row a place on the axis, with empty cells where a series has none', () => {
    const { table, key } = seriesChart(
      makeChart({
        series: [
          { name: 'median', colour: 'c1', x: [0, 10], y: [5, NaN] },
          { name: 'worst', colour: 'c2', x: [10, 30], y: [50, 70] },
        ],
      }),
    )
    expect(key).toEqual([
      ['c1', 'median'],
      ['c2', 'worst'],
    ])
    expect(table.columns.map(c => c.title)).toEqual(['time, s', 'median', 'worst'])
    expect(table.rows).toEqual([
      ['0', '5', ''],
      ['10', '–', '50'],
      ['30', '', '70'],
    ])
  })

  it('lists a hundred thousand places as 120 of them, the first and the last among them', () => {
    const x = Float64Array.from({ length: 100_000 }, (_, i) => i)
    const { table, svg } = seriesChart(makeChart({ series: [{ name: 'all', colour: 'c1', x, y: x }] }))
    expect(table.rows.length).toBe(120)
    expect([table.rows[0][0], table.rows[119][0]]).toEqual(['0', '99,999'])
    expect(svg.markup.match(/<title>/g)!.length).toBe(240)
  })

  it('stacks: a tip stands on top of what is below it, and says its own value', () => {
    const svg = drawn({
      y: { label: 'connections' },
      series: [
        { name: 'delivered', colour: 'c1', x: [0, 1], y: [100, 100], shape: 'stack' },
        { name: 'refused', colour: 'c2', x: [0, 1], y: [100, 300], shape: 'stack' },
      ],
    })
    const places = new Map([...svg.querySelectorAll('circle')].map(c => [c.textContent, Number(c.getAttribute('cy'))]))
    const [low, middle, high] = ['delivered at 0: 100', 'refused at 0: 100', 'refused at 1: 300'].map(
      t => places.get(t)!,
    )
    // Equal steps of 100 and 200 from one base.
    expect(middle - high).toBeCloseTo(2 * (low - middle), 5)
  })

  it('names what happened, and when', () => {
    const svg = drawn({
      instants: [{ at: 7, name: '<b>drain</b>' }],
      spans: [{ from: 8, to: 12, name: 'node down' }],
      levels: [{ at: 3, name: 'budget' }],
    })
    expect(svg.getAttribute('aria-label')).toContain('Marked: <b>drain</b> at 7.')
    expect(svg.querySelector('b')).toBeNull()
    const texts = [...svg.querySelectorAll('text, title')].map(t => t.textContent)
    for (const name of ['<b>drain</b>', 'node down', 'budget']) expect(texts).toContain(name)
  })

  it.each([
    ['no series', []],
    ['an empty series', [{ name: 'none', colour: 'c1', x: [], y: [] }]],
    ['one point', [{ name: 'one', colour: 'c1', x: [1], y: [1] }]],
    ['only gaps', [{ name: 'gaps', colour: 'c1', x: [1, 2], y: [NaN, NaN] }]],
    ['one value', [{ name: 'level', colour: 'c1', x: [1, 2], y: [0, 0] }]],
  ] as const)('draws %s', (_, series) => {
    const { svg } = seriesChart(makeChart({ series }))
    expect(svg.markup).not.toMatch(/NaN|undefined|Infinity/)
  })

  it.each([
    ['a wide span above 0', [1, 1000], [1, 1000], true],
    ['a span from 0', [1, 10], [0, 1000], false],
    ['a narrow span', [1, 10], [100, 200], false],
  ])('has a logarithmic axis for %s: %s %s', (_, x, y, logarithmic) => {
    const svg = drawn({ x: { label: 'n' }, series: [{ name: 's', colour: 'c1', x: [...x, 30], y: [...y, 150] }] })
    const ticks = [...svg.querySelectorAll('[aria-label="y-axis tick label"] text')].map(t => t.textContent)
    expect(ticks.includes('0')).toBe(!logarithmic)
  })
})
