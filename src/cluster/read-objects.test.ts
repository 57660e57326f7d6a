import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { makeFile, makePodJson, makeServiceJson } from '../../test/make-kubernetes-json.ts'
import { describeProblem } from '../problem/problem.ts'
import type { ManifestFile } from './manifest-document.ts'
import { objectKey } from './objects.ts'
import { type ReadObjects, readObjects } from './read-objects.ts'

const read = (...files: ManifestFile[]): ReadObjects => {
  const result = readObjects(files)
  if (E.isLeft(result)) throw new Error(describeProblem(result.left))
  return result.right
}
const fault = (...files: ManifestFile[]): string => {
  const result = readObjects(files)
  return E.isLeft(result) ? describeProblem(result.left) : 'accepted'
}
const names = (...files: ManifestFile[]): string[] =>
  read(...files).items.map(i => `${i.object.kind} ${objectKey(i.object)}`)
const json = (value: unknown, name = 'a.json'): ManifestFile => makeFile(JSON.stringify(value, null, 1), name)

const SERVICE = 'apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  ports:\n  - port: 80\n'

describe('readObjects', () => {
  it('reads no files, and files of nothing', () => {
    expect(read().items).toEqual([])
    expect(read(makeFile(''), makeFile('---\n', 'b.yaml')).items).toEqual([])
  })

  it('reads objects, Lists, Lists in Lists and typed lists, in order', () => {
    const list = {
      apiVersion: 'v1',
      kind: 'List',
      items: [makeServiceJson(), { kind: 'List', items: [makePodJson()] }],
    }
    const { apiVersion: _, kind: __, ...bare } = makePodJson({}, {}, { name: 'bare' })
    const podList = { apiVersion: 'v1', kind: 'PodList', items: [bare] }
    expect(names(json(list), json(podList, 'b.json'), makeFile(SERVICE.replace('web', 'api'), 'c.yaml'))).toEqual([
      'Service default/web',
      'Pod default/web-1',
      'Pod default/bare',
      'Service default/api',
    ])
    expect(names(json({ kind: 'List', items: null }), json({ kind: 'ServiceList', apiVersion: 'v1' }))).toEqual([])
  })

  it('counts and names the kinds it leaves aside', () => {
    const other = (apiVersion: string, kind: string): object => ({ apiVersion, kind, metadata: { name: 'x' } })
    const items = [
      other('v1', 'ConfigMap'),
      makeServiceJson(),
      other('v1', 'ConfigMap'),
      other('serving.knative.dev/v1', 'Service'),
      other('example.com/v1', 'AllowList'),
    ]
    const result = read(json({ kind: 'List', items }))
    expect(result.items).toHaveLength(1)
    expect([...result.unknownKinds]).toEqual([
      ['ConfigMap', 2],
      ['Service (serving.knative.dev/v1)', 1],
      ['AllowList', 1],
    ])
  })

  it('says where each object stands', () => {
    const [first, second] = read(
      makeFile(`# one\n${SERVICE}---\nkind: List\nitems:\n- ${SERVICE.replace('web', 'b').replaceAll('\n', '\n  ')}`),
    ).items
    expect({ ...first.place }).toEqual({ file: 'a.yaml', document: 1, field: '', line: 2, column: 1 })
    expect({ ...second.place }).toEqual({ file: 'a.yaml', document: 2, field: 'items[0]', line: 11, column: 3 })
  })

  it('names file, line, column, document and field of a fault', () => {
    expect(fault(makeFile(`${SERVICE}---\n${SERVICE.replace('80', '70000')}`))).toMatch(
      /^a\.yaml:13:11: document 2: spec\.ports\[0\]\.port: 70000 is not from 1 to 65535; /,
    )
    const list = { kind: 'List', items: [makeServiceJson(), makeServiceJson({ type: 'x' })] }
    expect(fault(json(list))).toMatch(/^a\.json:\d+:\d+: items\[1\]\.spec\.type: "x" is not supported; /)
  })

  it('refuses an object that stands twice, in whatever files', () => {
    expect(fault(makeFile(SERVICE), makeFile(`\n${SERVICE}`, 'b.yaml'))).toMatch(
      /^b\.yaml:2:1: Service default\/web stands here and at a\.yaml:1:1; /,
    )
    const named = (kind: string): object => ({ apiVersion: 'apps/v1', kind, metadata: { name: 'web' } })
    expect(read(makeFile(SERVICE), json(named('Deployment')), json(named('DaemonSet'))).items).toHaveLength(3)
    expect(
      read(makeFile(SERVICE), makeFile(SERVICE.replace('{name: web}', '{name: web, namespace: b}'))).items,
    ).toHaveLength(2)
  })

  it.each([
    ['a text', 'hello', /expected an object, found "hello"/],
    ['a list', '[]', /expected an object, found \[\]/],
    ['an object without apiVersion', 'kind: Pod', /the object has no apiVersion/],
    ['an object without kind', 'apiVersion: v1', /the object has no kind/],
    ['a kind that is no text', 'apiVersion: v1\nkind: 1', /a\.yaml:2:7: kind: expected text, found 1/],
    ['items that are no list', 'kind: List\nitems: {}', /a\.yaml:2:8: items: expected a list/],
    ['items that are no objects', 'kind: List\nitems: [1]', /a\.yaml:2:9: items\[0\]: expected an object, found 1/],
    ['a watch event', '{"type": "ADDED", "object": {}}', /a watch event in place of an object; .*log import/],
    [
      'control characters in names',
      'apiVersion: v1\nkind: Pod\nmetadata: {name: "a\\x1b[2J"}',
      /"a\\u001b\[2J" is no valid name/,
    ],
  ])('refuses %s', (_name, text, expected) => {
    expect(fault(makeFile(text))).toMatch(expected)
  })

  it('reads many objects of one list', () => {
    const items = Array.from({ length: 3000 }, (_, i) => makePodJson({}, {}, { name: `p-${i}` }))
    const result = read(json({ kind: 'List', items }))
    expect(result.items).toHaveLength(3000)
    expect(result.items[2999].place.line).toBeGreaterThan(3000)
  })
})
