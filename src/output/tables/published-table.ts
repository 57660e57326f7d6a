/** published.arrow: figures that others measured, beside the simulation's. */
import type { PublishedColumns } from '../run-result.ts'
import { ratio, resultTable, words } from './result-table.ts'

export const publishedTable = resultTable(
  {
    name: 'published',
    version: 1,
    description: 'One row a published figure, and what base + rules x price say, fitted to all of them.',
    columns: {
      at: ratio('1', 'value of the sweep'),
      statistic: words('mean, p50, p90 or p99'),
      rules: ratio('rules', 'that statistic of the rules a new connection evaluates'),
      published: ratio('us or per second', 'the published figure'),
      modelled: ratio('us or per second', 'what the simulation says, with the two constants fitted'),
      error: ratio('1', 'modelled / published - 1'),
    },
  },
  (published: PublishedColumns) => published,
  ({ what, source, unit }) => ({
    description: `One row a published figure: ${what} (${source}), and what base + rules x price say, fitted to all of them.`,
    units: { published: unit, modelled: unit },
  }),
)
