/**
 * The files of a run in other people's hands: every Arrow file read by Arrow's C++ (pyarrow, full validation) and by flechette, what
 * `svcsim export` writes read by DuckDB and pyarrow, and the example queries of docs/arrow.md run. All must find the same numbers.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { tableFromIPC } from '@uwdata/flechette'
import * as E from 'fp-ts/lib/Either.js'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Column, ColumnTable } from '../src/arrow/column-table.ts'
import { readArrowFile } from '../src/arrow/ipc/read-arrow-file.ts'
import { EXAMPLE_QUERIES } from './docs/example-queries.ts'
import { toolsAreRequired } from './kernel-namespace.ts'
import { runProgram, whatPythonLacks } from './python/in-python.ts'
import { svcsim, temporaryFolder } from './svcsim-process.ts'

/** Every kind of table: a sweep with published figures, over time, IPv4 and IPv6, TCP, UDP and SCTP, Services without endpoints. */
const SCENARIO = `
name: readers
question: Do all readers find the same?
cluster:
  nodes: 4
  zones: 2
  workloads:
    - { name: web, count: 3, replicas: 5, service: { ipFamilyPolicy: RequireDualStack } }
    - { name: dns, count: 1, replicas: 2, service: { ports: [{ name: dns, port: 53, protocol: UDP }, { name: sig, port: 54, protocol: SCTP }] } }
    - { name: none, count: 1, replicas: 0, service: {} }
  clusterCidrs: [10.244.0.0/16, "fd00:10:244::/56"]
  serviceCidrs: [10.96.0.0/16, "fd00:10:96::/112"]
  nodeCidrs: [172.18.0.0/16, "fd00:172:18::/64"]
traffic: { packets: 20000 }
time: { horizon: 60s }
actions: [{ at: 20s, scale: { workload: '*/web*', replicas: 7 } }]
sweep:
  path: cluster.workloads[0].count
  values: [1, 3]
  published:
    source: https://example.com/figures
    what: a figure
    unit: us
    hop: both
    points: [{ at: 1, statistic: mean, value: 5 }, { at: 3, statistic: p99, value: 9 }]
`

const folder = temporaryFolder()
const dir = join(folder, 'run')
const tables = new Map<string, ColumnTable>()

beforeAll(async () => {
  const file = join(folder, 'readers.yaml')
  writeFileSync(file, SCENARIO)
  for (const args of [
    ['run', file, '--workers', '0', '--quiet', '--out', dir],
    ['export', dir, '--to', 'parquet'],
    ['export', dir, '--to', 'csv'],
  ]) {
    const { code, stderr } = await svcsim(args)
    if (code !== 0) throw new Error(`svcsim ${args.join(' ')}: ${stderr}`)
  }
  for (const name of readdirSync(dir).filter(f => f.endsWith('.arrow'))) {
    const read = readArrowFile(readFileSync(join(dir, name)), name)
    if (E.isLeft(read)) throw new Error(JSON.stringify(read.left))
    tables.set(name.replace('.arrow', ''), read.right.table)
  }
})

const NAMES = Object.keys(EXAMPLE_QUERIES)

describe('the files of a run', () => {
  it('hold every table', () => {
    expect([...tables.keys()].toSorted()).toEqual(NAMES.toSorted())
  })

  it.each(NAMES)('%s.arrow in flechette', name => {
    const table = tableFromIPC(readFileSync(join(dir, `${name}.arrow`)))
    const { columns, rowCount } = tables.get(name)!
    expect(table.numRows).toBe(rowCount)
    for (const [i, column] of columns.entries()) {
      const { name: fieldName, metadata } = table.schema.fields[i]
      expect([fieldName, metadata?.get('description')]).toEqual([column.name, column.description])
      expect(metadata?.get('unit') ?? '').toBe(column.unit)
      expect([...table.getChild(column.name)].map(v => v ?? Number.NaN)).toEqual([...column.values])
    }
  })

  it('show the readers something to trip over', () => {
    const services = tables.get('services')!
    const protocols = services.columns.find(c => c.name === 'protocol')!
    expect(new Set<unknown>(protocols.values)).toEqual(new Set(['TCP', 'UDP', 'SCTP']))
    expect(facts(services.columns.find(c => c.name === 'maxOverMean')!).nulls).toBeGreaterThan(0)
    expect(new Set<unknown>(tables.get('rules')!.columns[0].values)).toEqual(new Set([4, 6]))
  })
})

describe('DuckDB', () => {
  const query = async (sql: string): Promise<Record<string, unknown>[]> => {
    const connection = await (await DuckDBInstance.create()).connect()
    try {
      await connection.run(`SET file_search_path = '${dir}'`)
      return (await connection.runAndReadAll(sql)).getRowObjectsJson()
    } finally {
      connection.closeSync()
    }
  }

  it.each(NAMES)('finds the sums of %s in Parquet and in CSV', async name => {
    const { columns, rowCount } = tables.get(name)!
    const asked = columns.map((c, i) =>
      isText(c)
        ? `sum(strlen(${quoted(c.name)})) AS s${i}, 0 AS n${i}`
        : `sum(${quoted(c.name)}) AS s${i}, count(*) - count(${quoted(c.name)}) AS n${i}`,
    )
    const csv = `(SELECT ${columns.map(typed).join(', ')} FROM read_csv('${name}.csv', all_varchar = true))`
    for (const from of [`'${name}.parquet'`, csv]) {
      const [row] = await query(`SELECT count(*) AS rows, ${asked.join(', ')} FROM ${from}`)
      expect(Number(row['rows'])).toBe(rowCount)
      for (const [i, column] of columns.entries()) {
        const { sum, nulls } = facts(column)
        expect(Number(row[`s${i}`] ?? 0), `${from} ${column.name}`).toBeCloseTo(sum, 6)
        expect(Number(row[`n${i}`]), `${from} ${column.name}`).toBe(nulls)
      }
    }
  })

  it.each(NAMES)('runs the query of %s', async name => {
    const rows = await query(EXAMPLE_QUERIES[name].sql)
    // Chance leaves no Service of this run beyond explanation.
    if (name !== 'services') expect(rows.length).toBeGreaterThan(0)
  })
})

const missing = whatPythonLacks()

describe(`Arrow's C++${missing === '' ? '' : ` (needs ${missing})`}`, () => {
  it.runIf(toolsAreRequired)('has what it needs', () => {
    expect(missing).toBe('')
  })

  it.skipIf(missing !== '')('finds every file valid and the same in it', async () => {
    const read: Record<string, PythonTable> = JSON.parse(await runProgram(dir, 'read_arrow.py'))
    expect(Object.keys(read).toSorted()).toEqual(
      ['events.arrows', ...NAMES.flatMap(n => [`${n}.arrow`, `${n}.parquet`])].toSorted(),
    )
    expect(read['events.arrows']).toMatchObject({ metadata: { 'svcsim.schema_version': '1' } })
    for (const [name, { columns, rowCount, version }] of tables)
      for (const file of [read[`${name}.arrow`], read[`${name}.parquet`]]) {
        expect(file.rows).toBe(rowCount)
        expect(file.metadata).toMatchObject({
          'svcsim.table': name,
          'svcsim.schema_version': String(version),
          'svcsim.scenario': 'readers',
          'svcsim.seed': 'svcsim',
        })
        for (const column of columns) {
          const there = file.columns[column.name]
          expect(there.description).toBe(column.description)
          expect(there.unit ?? '').toBe(column.unit)
          expect(there.nulls).toBe(facts(column).nulls)
          expect(there.sum ?? there.bytes, `${name}.${column.name}`).toBeCloseTo(facts(column).sum, 6)
        }
      }
  })
})

interface PythonTable {
  readonly rows: number
  readonly metadata: Readonly<Record<string, string>>
  readonly columns: Readonly<
    Record<string, { description?: string; unit?: string; nulls: number; sum?: number; bytes?: number }>
  >
}

const isText = (column: Column): column is Extract<Column, { type: 'utf8' | 'dictionary' }> =>
  column.type === 'utf8' || column.type === 'dictionary'

/** The sum of a column's numbers, or of its texts' bytes, and how many are null. */
function facts(column: Column): { sum: number; nulls: number } {
  const numbers = isText(column)
    ? column.values.map(text => Buffer.byteLength(text))
    : Array.from<number | boolean, number>(column.values, Number)
  return {
    sum: numbers.reduce((sum, value) => sum + (Number.isNaN(value) ? 0 : value), 0),
    nulls: numbers.filter(Number.isNaN).length,
  }
}

const quoted = (name: string): string => `"${name}"`

/** A column of a CSV file, whose fields are all text. */
const typed = (column: Column): string =>
  isText(column)
    ? `coalesce(${quoted(column.name)}, '') AS ${quoted(column.name)}`
    : `CAST(${quoted(column.name)} AS ${column.type === 'float64' ? 'DOUBLE' : 'BIGINT'}) AS ${quoted(column.name)}`
