import { createHash } from 'node:crypto'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { makeRun } from '../../test/make-run-json.ts'
import { arrowFileOf } from '../arrow/ipc/write-arrow-file.ts'
import { runJsonText } from '../output/run-json.ts'
import { describeProblem } from '../problem/problem.ts'
import { exportRun } from './export-run.ts'

const folder = mkdtempSync(join(tmpdir(), 'svcsim-export-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const { run, tables } = makeRun({ serviceSizes: [3, 0, 40] })
const dir = join(folder, 'run')
const out = join(folder, 'out')

beforeEach(() => {
  rmSync(out, { recursive: true, force: true })
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir)
  for (const table of tables) writeFileSync(join(dir, `${table.name}.arrow`), arrowFileOf(table, {}))
  writeFileSync(join(dir, 'run.json'), runJsonText(run))
})

const problem = async (to: string): Promise<string> => {
  const exported = await exportRun(dir, to, out)()
  if (E.isRight(exported)) throw new Error('it was exported')
  return describeProblem(exported.left)
}

describe.each(['csv', 'parquet'])('export to %s', to => {
  it('writes a file a table and nothing else', async () => {
    const exported = await exportRun(dir, to, out)()
    expect(exported).toEqual(E.right(tables.map(t => join(out, `${t.name}.${to}`))))
    expect(readdirSync(out).toSorted()).toEqual(tables.map(t => `${t.name}.${to}`).toSorted())
  })

  it.each([1, 7, 100, 1_000])('says of a file that lost its last %i bytes that it is not whole', async lost => {
    const file = join(dir, 'zones.arrow')
    writeFileSync(file, readFileSync(file).subarray(0, -lost))
    expect(await problem(to)).toMatch(/zones\.arrow: it is no whole Arrow file \(.*\); give a file that svcsim wrote/)
    expect(readdirSync(out).filter(f => f.includes('zones'))).toEqual([])
  })

  it('refuses a table of another schema version', async () => {
    writeFileSync(join(dir, 'nodes.arrow'), arrowFileOf({ ...tables[2], version: 99 }, {}))
    expect(await problem(to)).toMatch(/nodes\.arrow: its schema version is 99; this svcsim reads \d+; run the scenario/)
  })

  it('refuses a table under the name of another', async () => {
    copyFileSync(join(dir, 'zones.arrow'), join(dir, 'nodes.arrow'))
    expect(await problem(to)).toMatch('nodes.arrow: it holds the table "zones", not "nodes"')
  })

  it('refuses a file with another value in it, and leaves nothing of it', async () => {
    const file = join(dir, 'zones.arrow')
    const bytes = readFileSync(file)
    bytes[bytes.lastIndexOf('zone-a')] ^= 1
    writeFileSync(file, bytes)
    expect(await problem(to)).toMatch(
      /zones\.arrow: its bytes are not those that run\.json names; run the scenario again$/,
    )
    expect(readdirSync(out).filter(f => f.includes('zones'))).toEqual([])
  })

  it('names what is missing', async () => {
    rmSync(join(dir, 'services.arrow'))
    expect(await problem(to)).toMatch('services.arrow: there is no such file')
  })

  it('says that a run is going on', async () => {
    renameSync(dir, `${dir}.partial`)
    rmSync(join(`${dir}.partial`, 'run.json'))
    expect(await problem(to)).toMatch('its run is still going on')
    rmSync(`${dir}.partial`, { recursive: true })
  })
})

describe('export', () => {
  it.each(['xml', '', 'constructor'])('to %j is no format', async to => {
    expect(await problem(to)).toMatch(/^--to is ".*"; use parquet or csv$/)
  })

  it('writes CSV as RFC 4180 has it', async () => {
    const zone = { ...tables[3].columns[0], values: ['a,"b"', 'c\nd'] } as (typeof tables)[3]['columns'][0]
    const hostile = { ...tables[3], columns: [zone, ...tables[3].columns.slice(1)] }
    const bytes = arrowFileOf(hostile, {})
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const files = run.files.map(file => (file.name === 'zones.arrow' ? { ...file, sha256 } : file))
    writeFileSync(join(dir, 'zones.arrow'), bytes)
    writeFileSync(join(dir, 'run.json'), runJsonText({ ...run, files }))
    await exportRun(dir, 'csv', out)()
    const text = readFileSync(join(out, 'zones.csv'), 'utf8')
    expect(text.startsWith('zone,nodes,endpoints,endpointConnections,endpointPackets\r\n"a,""b""",')).toBe(true)
    expect(text).toContain('\r\n"c\nd",')
    expect(text.endsWith('\r\n')).toBe(true)
  })

  it('leaves an undefined ratio empty', async () => {
    await exportRun(dir, 'csv', out)()
    const rows = readFileSync(join(out, 'services.csv'), 'utf8').split('\r\n')
    const at = rows[0].split(',').indexOf('maxOverMean')
    expect(rows.slice(1, -1).map(r => r.split(',')[at] === '')).toEqual(
      Array.from(tables[1].columns.find(c => c.name === 'maxOverMean')!.values as Float64Array, v => Number.isNaN(v)),
    )
  })
})
