/** run.json and tables of a made run, as a run folder would hold them. */
import { createHash } from 'node:crypto'
import type { ColumnTable } from '../src/arrow/column-table.ts'
import { arrowFileOf } from '../src/arrow/ipc/write-arrow-file.ts'
import { resultTables } from '../src/output/arrow-tables.ts'
import { makeRunJson, type RunFacts, type RunJson } from '../src/output/run-json.ts'
import { makeRunResult, type RunResultOptions } from './make-run-result.ts'

export function makeRun(
  options: RunResultOptions = {},
  facts: Partial<RunFacts> = {},
): { readonly run: RunJson; readonly tables: readonly ColumnTable[] } {
  const result = makeRunResult(options)
  const tables = resultTables(result, facts.sweep)
  const run = makeRunJson({
    result,
    tables,
    // As where each is written without metadata of its own.
    sums: tables.map(table => createHash('sha256').update(arrowFileOf(table, {})).digest('hex')),
    inputs: { cluster: { nodes: 4, workloads: [{ name: 'web', replicas: 3 }] } },
    versions: { svcsim: '0.1.0', node: '24.21.0' },
    thresholds: [{ text: 'connections.dropped == 0', metric: 'connections.dropped', actual: 0, passed: true }],
    warnings: [],
    otherFiles: [{ name: 'summary.md', description: 'the summary' }],
    wall: { totalWallMs: 12 },
    ...facts,
  })
  return { run, tables }
}
