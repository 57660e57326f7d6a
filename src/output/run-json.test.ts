import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { makeRun } from '../../test/make-run-json.ts'
import { makeSweep } from '../../test/make-run-result.ts'
import { describeProblem } from '../problem/problem.ts'
import { readRunJson } from './read-run-json.ts'
import { runJsonText } from './run-json.ts'

describe('run.json', () => {
  it('has a fixed order of keys, metrics sorted', () => {
    const { run } = makeRun({ metrics: { zebra: 1, connections: 2, 'a.b': 3 } })
    expect(Object.keys(run)).toEqual(
      'schemaVersion scenario question seed inputs versions digest head rulesEvaluated modelledNs time budget metrics thresholds detailNodes sweep warnings files wall'.split(
        ' ',
      ),
    )
    expect(Object.keys(run.metrics)).toEqual(['a.b', 'connections', 'zebra'])
  })

  it('is the same text for the same run', () => {
    expect(runJsonText(makeRun().run)).toBe(runJsonText(makeRun().run))
  })

  it('keeps versions and wall times out of the digest', () => {
    const other = makeRun({}, { versions: { svcsim: '9', node: '99' }, wall: { totalWallMs: 1e6 } })
    expect(other.run.digest).toBe(makeRun().run.digest)
  })

  it('says what each file holds', () => {
    const { files } = makeRun({}, { sweep: makeSweep() }).run
    expect(files.map(f => [f.name, f.rows])).toEqual([
      ['endpoints.arrow', 6],
      ['services.arrow', 3],
      ['nodes.arrow', 4],
      ['zones.arrow', 2],
      ['rules.arrow', 9],
      ['rules-detail.arrow', 18],
      ['cost-histogram.arrow', expect.any(Number)],
      ['modelled-cost.arrow', expect.any(Number)],
      ['sweep.arrow', 4],
      ['summary.md', null],
    ])
  })

  it('counts the rules a connection evaluates, per hop', () => {
    const { firstHop, secondHop, total } = makeRun({ serviceSizes: [1] }).run.rulesEvaluated
    expect(firstHop).toEqual({ connections: 600, mean: 12, p50: 12, p90: 12, p99: 12, p999: 12, max: 12 })
    expect(secondHop).toMatchObject({ connections: 600, mean: 11, max: 11 })
    expect(total).toMatchObject({ connections: 600, mean: 23, max: 23 })
  })

  it('rounds metrics to 12 significant digits', () => {
    expect(makeRun({ metrics: { third: 1 / 3 } }).run.metrics).toEqual({ third: 0.333333333333 })
  })

  it.each([
    ['a plain run', makeRun()],
    ['a sweep', makeRun({}, { sweep: makeSweep() })],
    ['a run without connections, where ratios are NaN', makeRun({ connections: () => 0, metrics: { gini: NaN } })],
  ])('reads back: %s', (_, { run }) => {
    expect(readRunJson(runJsonText(run), 'run.json')).toEqual(E.right(run))
  })
})

describe('reading run.json', () => {
  const text = runJsonText(makeRun().run)
  const reading = (changed: string): string => {
    const read = readRunJson(changed, 'dir/run.json')
    return E.isLeft(read) ? describeProblem(read.left) : 'read'
  }
  /** Reading with the value at `path` changed; undefined removes it. */
  const change = (path: string, value?: unknown): string => {
    const run = JSON.parse(text)
    const keys = path.split('.')
    const parent = keys.slice(0, -1).reduce((object, key) => object[key], run)
    parent[keys.at(-1)!] = value
    return reading(JSON.stringify(run))
  }

  it.each([
    ['', 'dir/run.json: is no JSON'],
    ['{', 'dir/run.json: is no JSON'],
    ['null', 'schemaVersion: undefined is not 5'],
    ['[]', 'schemaVersion: undefined is not 5'],
    ['{"schemaVersion":1}', 'schemaVersion: 1 is not 5, the version this svcsim reads'],
    ['{"schemaVersion":5}', 'scenario: undefined is not a text'],
  ])('refuses %j', (changed, expected) => {
    expect(reading(changed)).toContain(expected)
  })

  it('names the field that does not fit', () => {
    expect(change('seed', 7)).toContain('seed: 7 is not a text')
    expect(change('head.nodes', '5')).toContain('head.nodes: "5" is not a number')
    expect(change('head.rulesByTable.nat', true)).toContain('head.rulesByTable.nat: true is not a number')
    expect(change('thresholds.0.passed', 1)).toContain('thresholds[0].passed: 1 is not true or false')
    expect(change('warnings', {})).toContain('warnings: {} is not a list')
    expect(change('inputs', [])).toContain('inputs: [] is not an object')
    expect(change('sweep')).toContain('sweep: undefined is not an object')
    expect(change('rulesEvaluated.total.p999')).toContain('rulesEvaluated.total.p999: undefined is not a number')
  })

  it('does not take inherited keys for fields', () => {
    expect(change('metrics', JSON.parse('{"__proto__": 3}'))).toBe('read')
    expect(change('head')).toContain('head: undefined is not an object')
  })
})
