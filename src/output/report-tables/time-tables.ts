/** A run over time: what became of connections, and how far nodes were behind. */
import type { ColumnTable } from '../../arrow/column-table.ts'
import { numbersOf, tableNamed, textsOf } from '../column-values.ts'
import { countText } from '../number-text.ts'
import type { TimeHead } from '../time-columns.ts'
import { msText, spreadCells } from '../time-findings.ts'
import { figures, type ReportTable, words } from './report-table.ts'

/** What became of connections over time, over all Services, the most frequent first. */
export function causesTable(tables: readonly ColumnTable[]): ReportTable {
  const table = tableNamed(tables, 'outcomes')
  const [outcome, cause] = [textsOf(table, 'outcome'), textsOf(table, 'cause')]
  const [connections, meanLag, maxLag] = ['connections', 'meanLagMs', 'maxLagMs'].map(c => numbersOf(table, c))
  const sums = new Map<string, { cells: readonly string[]; connections: number; lagMs: number; maxMs: number }>()
  outcome.forEach((name, i) => {
    const key = `${name} ${cause[i]}`
    const sum = sums.get(key) ?? { cells: [name, cause[i]], connections: 0, lagMs: 0, maxMs: 0 }
    sum.connections += connections[i]
    sum.lagMs += connections[i] * meanLag[i]
    sum.maxMs = Math.max(sum.maxMs, maxLag[i])
    sums.set(key, sum)
  })
  return {
    id: 'outcomes',
    title: 'Connections over time',
    note: 'Cause rules: the rules of the node were behind the EndpointSlices; slices: these were behind the pods. The lag is by how much.',
    columns: [words('outcome'), words('cause'), ...['connections', 'mean lag', 'longest lag'].map(figures)],
    rows: [...sums.values()]
      .sort((a, b) => b.connections - a.connections)
      .map(s => [
        ...s.cells,
        countText(s.connections),
        ...(s.maxMs > 0 ? [msText(s.lagMs / s.connections), msText(s.maxMs)] : ['', '']),
      ]),
  }
}

export const latencyTable = (time: TimeHead): ReportTable => ({
  id: 'latency',
  title: 'How far nodes are behind',
  note: "Network programming latency as SIG Scalability defines it: from a change's trigger time to the end of the sync that brings it to a node, for every node.",
  columns: [words(''), ...['number', 'mean', 'median', 'p90', 'p99', 'most'].map(figures)],
  rows: [
    ['programming latency', ...spreadCells(time.latencyMs)],
    ['partial syncs', ...spreadCells(time.partialSyncMs)],
    ['full syncs', ...spreadCells(time.fullSyncMs)],
    ['lag behind failed connections', ...spreadCells(time.lagMs)],
  ],
})
