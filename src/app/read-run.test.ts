import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, describe, expect, it } from 'vitest'
import { makeRun } from '../../test/make-run-json.ts'
import { arrowFileOf } from '../arrow/ipc/write-arrow-file.ts'
import { runJsonText } from '../output/run-json.ts'
import { describeProblem } from '../problem/problem.ts'
import { readRun } from './read-run.ts'

const folder = mkdtempSync(join(tmpdir(), 'svcsim-read-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const { run, tables } = makeRun()
const whole = join(folder, 'whole')
mkdirSync(whole)
writeFileSync(join(whole, 'run.json'), runJsonText(run))
for (const table of tables) writeFileSync(join(whole, `${table.name}.arrow`), arrowFileOf(table, {}))

/** What is said of a copy of the run after `damage`. */
async function saidOf(name: string, damage: (dir: string) => void): Promise<string> {
  const dir = join(folder, name)
  cpSync(whole, dir, { recursive: true })
  damage(dir)
  const read = await readRun(dir)()
  return E.isLeft(read) ? `${read.left._tag}: ${describeProblem(read.left)}` : 'it was read'
}

describe('reading a run folder', () => {
  it('gives back what was written', async () => {
    expect(await readRun(whole)()).toMatchObject(E.right({ run: { digest: run.digest }, tables }))
  })

  it.each<[string, (dir: string) => void, RegExp]>([
    [
      'another run.json',
      d => writeFileSync(join(d, 'run.json'), runJsonText({ ...run, schemaVersion: 1 })),
      /^BadInput: .*run\.json: schemaVersion: 1 is not \d+, the version this svcsim reads; /,
    ],
    [
      'another schema',
      d => writeFileSync(join(d, 'nodes.arrow'), arrowFileOf({ ...tables[2], version: 7 }, {})),
      /^BadInput: .*nodes\.arrow: its schema version is 7; this svcsim reads \d+; run the scenario again$/,
    ],
    [
      'a column that is gone',
      d =>
        writeFileSync(join(d, 'nodes.arrow'), arrowFileOf({ ...tables[2], columns: tables[2].columns.slice(1) }, {})),
      /^BadInput: .*nodes\.arrow: it has no column "node"; run the scenario again$/,
    ],
    [
      'a column of another type',
      d =>
        writeFileSync(
          join(d, 'nodes.arrow'),
          arrowFileOf(
            {
              ...tables[2],
              columns: tables[2].columns.map(c =>
                c.name === 'connections'
                  ? { ...c, type: 'utf8', values: Array<string>(tables[2].rowCount).fill('<b>') }
                  : c,
              ),
            },
            {},
          ),
        ),
      /^BadInput: .*nodes\.arrow: its column "connections" is of type utf8, not int64; run the scenario again$/,
    ],
    [
      'a truncated table',
      d => truncateSync(join(d, 'nodes.arrow'), readFileSync(join(d, 'nodes.arrow')).length - 5),
      /^BadInput: .*nodes\.arrow: it is no whole Arrow file \(it ends before its end\); /,
    ],
    [
      'an empty table',
      d => truncateSync(join(d, 'nodes.arrow'), 0),
      /^BadInput: .*nodes\.arrow: it is no whole Arrow file/,
    ],
    ['no table', d => rmSync(join(d, 'nodes.arrow')), /^BadInput: .*nodes\.arrow: there is no such file; /],
    [
      'no run.json',
      d => rmSync(join(d, 'run.json')),
      /^BadInput: .*: it is no folder of results: there is no run\.json in it; name the folder of a run, as results\/smoke$/,
    ],
    [
      'two gigabytes',
      d => truncateSync(join(d, 'nodes.arrow'), 2 ** 31),
      /^BadInput: .*nodes\.arrow: it is larger than 1 GiB; export the run/,
    ],
    [
      'other numbers',
      d => writeFileSync(join(d, 'zones.arrow'), arrowFileOf(makeRun({ zones: 1 }).tables[3], {})),
      /^BadInput: .*zones\.arrow: its bytes are not those that run\.json names; run the scenario again$/,
    ],
  ])('says of %s what is wrong and what to do', async (name, damage, said) => {
    expect(await saidOf(name.replaceAll(' ', '-'), damage)).toMatch(said)
  })
})
