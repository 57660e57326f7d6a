/** The budget in words: the sentence and the two numbers that a summary opens with, and the table behind them. Plain text. */
import type { KeyNumber } from '../findings.ts'
import { countText, ratioText } from '../number-text.ts'
import type { ReportTable } from '../report-tables/report-table.ts'
import type { BackendBudget, BudgetHead } from './budget-head.ts'

/** One clause a mode. */
export function budgetSentence({ us, backends }: BudgetHead): string {
  const passes = backends.map(b => `${servicesText(b.services)} with ${b.backend}`)
  const costs = backends.map(b => ratioText(b.meanUs))
  return `A new connection passes ${ratioText(us)} µs of kernel time ${listed(passes)}; here it costs ${listed(costs)} µs.`
}

const servicesText = (most: number | null): string =>
  most === null
    ? 'at no number of Services'
    : most === 0
      ? 'at any number of Services'
      : `beyond ${mostText(most)} Services`

const listed = (texts: readonly string[]): string =>
  texts.length < 2 ? texts.join('') : `${texts.slice(0, -1).join(', ')} and ${texts[texts.length - 1]}`

/** Of the backend that iptables rules of today's systems are loaded into; the others are in the notes. */
const SHOWN = 'iptables-nft'

export function budgetNumbers({ us, backends }: BudgetHead): readonly KeyNumber[] {
  const shown = backends.find(b => b.backend === SHOWN) ?? backends[0]
  const others = (of: (b: BackendBudget) => string): string =>
    backends.flatMap(b => (b === shown ? [] : [`${of(b)} with ${b.backend}`])).join(', ')
  return [
    {
      value: mostText(shown.services),
      label: `Services until a new connection costs ${ratioText(us)} µs, ${shown.backend}`,
      note: `${others(b => mostText(b.services))}; for the slowest hundredth ${mostText(shown.servicesSlow)}`,
    },
    {
      value: rateText(shown.connectionsPerCore),
      label: `new connections a second a core carries here, ${shown.backend}`,
      note: `${ratioText(shown.meanUs)} µs each; ${others(b => rateText(b.connectionsPerCore))}`,
    },
  ]
}

const mostText = (most: number | null): string => (most === null ? 'any number' : rateText(most))

/** Three digits: prices are no better. */
const rateText = (rate: number): string => countText(Number(rate.toPrecision(3)))

export const budgetTable = ({ us, backends }: BudgetHead, mode: string): ReportTable => ({
  id: 'budget',
  title: `Where new connections pass ${ratioText(us)} µs`,
  note: `Kernel time of a connection's first packet on both of its nodes: what this run (${mode}) measured, its growth in closed form from the same prices. Slow: a Service in the last hundredth of its chain. Endpoints: of every Service, with as many Services as here. Any number: up to a million. New/s a core: new connections a second that one core's time is enough for, here.`,
  columns: [
    { title: '', numeric: false },
    ...['most Services', 'slow', 'most endpoints', 'here, µs', 'slow', 'new/s a core'].map(title => ({
      title,
      numeric: true,
    })),
  ],
  rows: backends.map(b => [
    b.backend,
    ...[b.services, b.servicesSlow, b.endpoints].map(mostText),
    ratioText(b.meanUs),
    ratioText(b.slowUs),
    rateText(b.connectionsPerCore),
  ]),
})
