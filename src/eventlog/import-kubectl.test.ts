import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { makeFile, makePodJson, makeServiceJson } from '../../test/make-kubernetes-json.ts'
import type { ManifestFile } from '../cluster/manifest-document.ts'
import type { JsonObject } from '../cluster/objects.ts'
import { describeProblem } from '../problem/problem.ts'
import { readInputs } from './import-kubectl.ts'

const pod = (name: string): JsonObject => makePodJson({}, {}, { name })
const change = (type: string, name: string, time?: unknown): JsonObject => ({ type, time, object: pod(name) })
const stream = (events: readonly JsonObject[], name = 'w.json'): ManifestFile =>
  makeFile(events.map(event => JSON.stringify(event)).join('\n'), name)

type Options = Parameters<typeof readInputs>[1]
const fold = (files: ManifestFile[], options?: Options): string[] => {
  const result = readInputs(files, options)
  if (E.isLeft(result)) throw new Error(describeProblem(result.left))
  return result.right.items.map(({ type, timeUs, object }) => `${timeUs} ${type} ${object.name}`)
}
const fault = (files: ManifestFile[], options?: Options): string => {
  const result = readInputs(files, options)
  return E.isLeft(result) ? describeProblem(result.left) : 'accepted'
}

describe('readInputs', () => {
  it('takes plain objects as added, without a time', () => {
    expect(fold([])).toEqual([])
    expect(fold([makeFile(JSON.stringify({ kind: 'List', items: [pod('a'), makeServiceJson()] }))])).toEqual([
      'undefined ADDED a',
      'undefined ADDED web',
    ])
    expect(fault([stream([pod('a'), pod('a')])])).toMatch(
      /^w\.json:2:1: document 2: Pod default\/a stands here and at w\.json:1:1; /,
    )
  })

  it('takes a watch stream without times in its order', () => {
    expect(
      fold([stream([change('ADDED', 'a'), change('MODIFIED', 'a'), change('DELETED', 'a'), change('ADDED', 'a')])]),
    ).toEqual(['undefined ADDED a', 'undefined MODIFIED a', 'undefined DELETED a', 'undefined ADDED a'])
  })

  it('counts instants from the first one of all files, and merges the files', () => {
    const a = stream(
      [change('ADDED', 'a', '2026-01-01T00:00:01Z'), change('DELETED', 'a', '2026-01-01T00:00:03.25Z')],
      'a',
    )
    const b = stream([change('ADDED', 'b', 1767225600), change('ADDED', 'c', 1767225602.5)], 'b')
    expect(fold([a, b, makeFile(JSON.stringify(pod('d')), 'd')])).toEqual([
      'undefined ADDED d',
      '0 ADDED b',
      '1000000 ADDED a',
      '2500000 ADDED c',
      '3250000 DELETED a',
    ])
  })

  it('takes small numbers as seconds from the start', () => {
    expect(fold([stream([change('ADDED', 'a', 1.5), change('ADDED', 'b', 3)])])).toEqual([
      '1500000 ADDED a',
      '3000000 ADDED b',
    ])
    expect(fault([stream([change('ADDED', 'a', 1), change('ADDED', 'b', '2026-01-01T00:00:00Z')])])).toMatch(
      /^w\.json:2:\d+: document 2: time: "2026-01-01T00:00:00Z" counts from 1970, earlier times do not; /,
    )
  })

  it('lets an event without a time stand with the one before it in its file', () => {
    const files = [
      stream([change('ADDED', 'a'), change('ADDED', 'b', 1), change('ADDED', 'c')]),
      stream([change('ADDED', 'd')], 'x'),
    ]
    expect(fold(files)).toEqual(['undefined ADDED a', 'undefined ADDED d', '1000000 ADDED b', '1000000 ADDED c'])
  })

  it('refuses times that jump back, unless it may reorder', () => {
    const jumping = stream([change('ADDED', 'a', 5), change('ADDED', 'b', 2), change('ADDED', 'c', 5)])
    expect(fault([jumping])).toMatch(/^w\.json:2:\d+: document 2: object: the time jumps back by 3 s; .*--reorder/)
    expect(fold([jumping], { reorder: true })).toEqual(['2000000 ADDED b', '5000000 ADDED a', '5000000 ADDED c'])
  })

  it('leaves bookmarks and unknown kinds aside', () => {
    const events = [
      { type: 'BOOKMARK', object: { kind: 'Pod' } },
      { type: 'ADDED', object: { apiVersion: 'v1', kind: 'Secret' } },
    ]
    const result = readInputs([stream(events)])
    expect(E.isRight(result) && [...result.right.unknownKinds]).toEqual([['Secret', 1]])
    expect(fold([stream(events)])).toEqual([])
  })

  it.each([
    [{ type: 'ERROR', object: { kind: 'Status', message: 'too old' } }, /the watch ended with an error: .*too old/],
    [{ type: 'CHANGED', object: {} }, /type: "CHANGED" is no type of event/],
    [{ type: 'ADDED', object: 1 }, /object: expected an object, found 1/],
    [{ type: 'ADDED', object: {} }, /object: the object has no apiVersion/],
    [{ type: 'ADDED', object: { ...pod('A') } }, /^w\.json:1:\d+: object\.metadata\.name: "A" is no valid name/],
    [change('ADDED', 'a', 'noon'), /time: "noon" is no time/],
    [change('ADDED', 'a', -1), /time: -1 is no time/],
    [change('ADDED', 'a', 1e300), /time: 1e\+300 is no time/],
    [change('ADDED', 'a', {}), /time: \{\} is no time/],
  ])('refuses %j', (event, expected) => {
    expect(fault([stream([event])])).toMatch(expected)
  })
})

describe('a SimKube trace', () => {
  const deployment = (name: string, replicas: number): JsonObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { replicas },
  })
  const trace = (...events: unknown[]): ManifestFile => makeFile(JSON.stringify({ version: 2, events }), 'trace.json')

  it('is applied and deleted objects at instants', () => {
    const file = trace(
      { ts: 1710892138, applied_objs: [], deleted_objs: [] },
      { ts: 1710892140, applied_objs: [deployment('a', 1), deployment('b', 1)], deleted_objs: [] },
      { ts: 1710892561, applied_objs: [deployment('a', 3)], deleted_objs: [deployment('b', 1)] },
      { ts: 1710892562, applied_objs: [deployment('b', 1)] },
    )
    expect(fold([file])).toEqual([
      '0 ADDED a',
      '0 ADDED b',
      '421000000 MODIFIED a',
      '421000000 DELETED b',
      '422000000 ADDED b',
    ])
  })

  it.each([
    [[1], /events\[0\]: expected an object, found 1/],
    [[{ ts: 'x' }], /events\[0\]\.ts: "x" is no time/],
    [[{ ts: 1, applied_objs: {} }], /events\[0\]\.applied_objs: expected a list/],
    [[{ ts: 1, applied_objs: [1] }], /events\[0\]\.applied_objs\[0\]: expected an object/],
    [
      [{ ts: 1, applied_objs: [deployment('a', -1)] }],
      /events\[0\]\.applied_objs\[0\]\.spec\.replicas: -1 is not from 0/,
    ],
  ])('is refused with events %j', (events, expected) => {
    expect(fault([trace(...events)])).toMatch(expected)
  })
})
