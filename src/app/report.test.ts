import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeRun } from '../../test/make-run-json.ts'
import { makeSweep } from '../../test/make-run-result.ts'
import { makeTime } from '../../test/make-time.ts'
import { arrowFileOf } from '../arrow/ipc/write-arrow-file.ts'
import { htmlReport } from '../output/html-report.ts'
import { runJsonText } from '../output/run-json.ts'
import { describeProblem } from '../problem/problem.ts'
import { pageScript } from './page-script.ts'
import { remakeReport } from './report.ts'

describe('svcsim report', () => {
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'svcsim-remake-'))
  })
  afterEach(() => rmSync(root, { recursive: true, force: true }))

  const makeRunDir = (name: string, { run, tables } = makeRun()): string => {
    const dir = join(root, name)
    mkdirSync(dir)
    writeFileSync(join(dir, 'run.json'), runJsonText(run))
    for (const table of tables) writeFileSync(join(dir, `${table.name}.arrow`), arrowFileOf(table, {}))
    return dir
  }

  it.each([
    ['a run', makeRun({ serviceSizes: [3, 0, 40] })],
    ['a sweep', makeRun({}, { sweep: makeSweep() })],
    ['a run over time', makeRun({ time: makeTime({ failures: { refused: 7 } }) })],
    ['a run without connections', makeRun({ connections: () => 0 })],
  ])('makes the same page from the files of %s', async (_, made) => {
    const dir = makeRunDir('run', made)
    expect(await remakeReport(dir)()).toEqual(E.right(undefined))
    expect(readFileSync(join(dir, 'report.html'), 'utf8')).toBe(
      htmlReport(made.run, made.tables, { script: await pageScript() }),
    )
  })

  describe('with the paths of packets', () => {
    const made = makeRun({}, { otherFiles: [{ name: 'packet-paths.json', description: '' }] })
    const pathsOf = (more: object): string =>
      JSON.stringify({
        digest: made.run.digest,
        mode: 'iptables',
        texts: [],
        nodes: [],
        destinations: [],
        backends: [],
        rulesets: [],
        chains: [{ name: 'KUBE-SERVICES', policy: '', rules: ['-j RETURN', [7, '-d 0.0.0.0/32']] }],
        profiles: [],
        servicePorts: 3,
        ...more,
      })

    it('puts them into the page', async () => {
      const dir = makeRunDir('run', made)
      writeFileSync(join(dir, 'packet-paths.json'), pathsOf({}))
      expect(await remakeReport(dir)()).toEqual(E.right(undefined))
      expect(readFileSync(join(dir, 'report.html'), 'utf8')).toContain('[7,"-d 0.0.0.0/32"]')
    })

    it.each([
      ['missing', undefined, undefined],
      ['cut short', pathsOf({}).slice(0, 200), undefined],
      ['of another run', pathsOf({ digest: 'abc' }), 'digest'],
      ['without a field', pathsOf({ nodes: undefined }), 'nodes'],
      [
        'with a rule that is none',
        pathsOf({ chains: [{ name: 'A', policy: '', rules: [[1]] }] }),
        'chains[0].rules[0]',
      ],
    ])('names the file when it is %s', async (_, text, field) => {
      const dir = makeRunDir('run', made)
      const file = join(dir, 'packet-paths.json')
      if (text !== undefined) writeFileSync(file, text)
      expect(await remakeReport(dir)()).toMatchObject({
        _tag: 'Left',
        left: { _tag: 'BadInput', place: { file, ...(field === undefined ? {} : { field }) } },
      })
      expect(readdirSync(dir)).not.toContain('report.html')
    })
  })

  it('writes where it is told, and nothing else', async () => {
    const dir = makeRunDir('run')
    const before = readdirSync(dir)
    expect(await remakeReport(dir, join(root, 'other.html'))()).toEqual(E.right(undefined))
    expect(readdirSync(dir)).toEqual(before)
    expect(readFileSync(join(root, 'other.html'), 'utf8')).toMatch(/^<!doctype html>/)
  })

  it.each(['run.json', 'services.arrow'])('names %s when it is missing', async file => {
    const dir = makeRunDir('run')
    rmSync(join(dir, file))
    expect(await remakeReport(dir)()).toMatchObject({
      _tag: 'Left',
      left: { _tag: 'BadInput', place: { file: file === 'run.json' ? dir : join(dir, file) } },
    })
  })

  it.each([
    [
      'of another version',
      (text: string) => text.replace('"schemaVersion": ', '"schemaVersion": 9'),
      /is not \d+, the version/,
    ],
    ['cut short', (text: string) => text.slice(0, text.length / 2), /is no JSON/],
    ['empty', () => '', /is no JSON/],
    ['of something else', () => '[]', /schemaVersion/],
  ])('says so when run.json is %s', async (_, change, words) => {
    const dir = makeRunDir('run')
    const file = join(dir, 'run.json')
    writeFileSync(file, change(readFileSync(file, 'utf8')))
    const made = await remakeReport(dir)()
    expect(made).toMatchObject({ _tag: 'Left', left: { _tag: 'BadInput', place: { file } } })
    if (E.isLeft(made)) expect(describeProblem(made.left)).toMatch(words)
  })

  it.each(['run', 'run.partial'])('says so when the run is still going on: %s', async name => {
    mkdirSync(join(root, 'run.partial'))
    const made = await remakeReport(join(root, name))()
    expect(made).toMatchObject({ _tag: 'Left', left: { _tag: 'BadInput' } })
    if (E.isLeft(made)) expect(describeProblem(made.left)).toContain('its run is still going on')
  })

  it('refuses tables of another run', async () => {
    const dir = makeRunDir('run')
    const other = makeRunDir('other', makeRun({ connections: () => 601 }))
    writeFileSync(join(dir, 'endpoints.arrow'), readFileSync(join(other, 'endpoints.arrow')))
    expect(await remakeReport(dir)()).toMatchObject({
      _tag: 'Left',
      left: { _tag: 'BadInput', place: { file: join(dir, 'endpoints.arrow') } },
    })
    expect(readdirSync(dir)).not.toContain('report.html')
  })

  it('refuses a file that is no Arrow file', async () => {
    const dir = makeRunDir('run')
    writeFileSync(join(dir, 'zones.arrow'), 'zones')
    expect(await remakeReport(dir)()).toMatchObject({
      _tag: 'Left',
      left: { _tag: 'BadInput', place: { file: join(dir, 'zones.arrow') } },
    })
  })
})
