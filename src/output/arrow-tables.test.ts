import * as E from 'fp-ts/lib/Either.js'
import * as parquet from 'parquet-wasm'
import { describe, expect, it } from 'vitest'
import { makeRunResult, makeSweep } from '../../test/make-run-result.ts'
import type { ColumnTable } from '../arrow/column-table.ts'
import { readArrowFile } from '../arrow/ipc/read-arrow-file.ts'
import { arrowFileOf } from '../arrow/ipc/write-arrow-file.ts'
import { RESULT_TABLES, resultTables } from './arrow-tables.ts'
import { numbersOf, tableNamed, textsOf } from './column-values.ts'

const readBack = (bytes: Uint8Array) => {
  const read = readArrowFile(bytes, 'x.arrow')
  if (E.isLeft(read)) throw new Error(JSON.stringify(read.left))
  return read.right
}

const NAMES = [...RESULT_TABLES, 'sweep']

describe('result tables', () => {
  const tables = resultTables(makeRunResult({ serviceSizes: [3, 0, 1, 40] }), makeSweep())

  it('are these, in this order', () => {
    expect(tables.map(t => t.name)).toEqual(NAMES)
    expect(resultTables(makeRunResult()).map(t => t.name)).toEqual(RESULT_TABLES)
  })

  it.each(NAMES)('%s: apache-arrow reads back what was written', name => {
    const table = tableNamed(tables, name)
    const { table: read, metadata } = readBack(arrowFileOf(table, { 'svcsim.seed': 'svcsim' }))
    expect(read).toEqual(table)
    expect(metadata.get('svcsim.seed')).toBe('svcsim')
  })

  it.each(NAMES)('%s: arrow-rs reads the same, units and descriptions included', name => {
    const table = tableNamed(tables, name)
    // Behind 8 bytes of magic an IPC file is a stream.
    const rewritten = parquet.Table.fromIPCStream(arrowFileOf(table, {}).subarray(8)).intoIPCStream()
    expect(readBack(rewritten).table).toEqual(table)
  })

  it('describe every column, and give numbers a unit', () => {
    const bare = tables.flatMap(t =>
      t.columns
        .filter(c => c.description === '' || (c.type !== 'utf8' && c.type !== 'dictionary' && c.unit === ''))
        .map(c => `${t.name}.${c.name}`),
    )
    expect(bare).toEqual([])
  })

  it('have a NaN where a ratio is not defined', () => {
    const services = tableNamed(tables, 'services')
    expect(numbersOf(services, 'maxOverMean')[1]).toBeNaN()
    expect(numbersOf(services, 'delivered')[1]).toBe(0)
  })

  it('round ratios to 12 significant digits', () => {
    const result = makeRunResult({ serviceSizes: [3] })
    const shares = numbersOf(tableNamed(resultTables(result), 'endpoints'), 'expectedShare')
    expect(shares[0]).toBe(0.333333333333)
    expect(result.endpoints.expectedShare[0]).toBe(1 / 3)
  })

  it('keep the rules of every detail node apart', () => {
    const detail = tableNamed(tables, 'rules-detail')
    const rules = tableNamed(tables, 'rules')
    expect(detail.rowCount).toBe(2 * rules.rowCount)
    expect(new Set(textsOf(detail, 'node'))).toEqual(new Set(['node-0', 'node-3']))
  })

  it('hold every connection once in each hop of the cost histogram', () => {
    const cost = tableNamed(tables, 'cost-histogram')
    const perHop = { first: 0, second: 0, total: 0 }
    textsOf(cost, 'hop').forEach((hop, i) => {
      perHop[hop as keyof typeof perHop] += numbersOf(cost, 'connections')[i]
    })
    expect(perHop).toEqual({ first: 2_400, second: 1_800, total: 2_400 })
  })

  it('may be empty', () => {
    const empty = resultTables({ ...makeRunResult({ serviceSizes: [], nodes: 1, zones: 1 }), detailNodes: [] })
    expect(empty.map(t => [t.name, t.rowCount])).toEqual([
      ['endpoints', 0],
      ['services', 0],
      ['nodes', 1],
      ['zones', 1],
      ['rules', 0],
      ['rules-detail', 0],
      ['cost-histogram', 0],
      ['modelled-cost', 0],
    ])
    for (const table of empty) expect(readBack(arrowFileOf(table, {})).table).toEqual(table)
  })

  it('refuse columns of different lengths', () => {
    const result = makeRunResult()
    const broken = { ...result, zones: { ...result.zones, nodes: new Uint32Array(9) } }
    expect(() => resultTables(broken)).toThrow('zones.nodes has 9 rows where others have 2')
  })
})

describe('column values', () => {
  const table: ColumnTable = {
    name: 't',
    version: 1,
    description: '',
    rowCount: 1,
    columns: [{ name: 'a', unit: '', description: '', type: 'utf8', values: ['x'] }],
  }

  it('throw for a table or column that is not there or of another kind', () => {
    expect(() => tableNamed([table], 'u')).toThrow('no table u')
    expect(() => numbersOf(table, 'a')).toThrow('t has no column of numbers called a')
    expect(() => textsOf(table, 'b')).toThrow('t has no column of texts called b')
  })
})
