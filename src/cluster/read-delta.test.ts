import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeProblem } from '../problem/problem.ts'
import { applyEvent, emptyState } from './cluster-state.ts'
import { deltaEvents, readDelta } from './read-delta.ts'

const STATE = `
apiVersion: v1
kind: Service
metadata: {namespace: shop, name: web}
spec: {clusterIP: 10.96.0.1, ports: [{port: 80}]}
---
apiVersion: v1
kind: Node
metadata: {name: node-a}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
`

/** The events of a delta to the state above, as `TYPE Kind name`, or the problem. */
function eventsOf(text: string): string[] | string {
  const state = emptyState()
  const read = (yaml: string) => {
    const delta = readDelta([{ name: 'delta.yaml', bytes: new TextEncoder().encode(yaml) }])
    return E.isLeft(delta) ? delta : deltaEvents(delta.right, state)
  }
  const first = read(STATE)
  if (E.isLeft(first)) throw new Error(describeProblem(first.left))
  for (const event of first.right) applyEvent(state, event)
  const events = read(text)
  if (E.isLeft(events)) return describeProblem(events.left)
  return events.right.map(({ type, object }) => `${type} ${object.kind} ${object.name}`)
}

describe('a delta', () => {
  it('deletes what it names, by whole objects or by name, before it writes', () => {
    expect(
      eventsOf(`
apiVersion: v1
kind: Node
metadata: {name: node-b}
---
delete:
- {kind: Service, apiVersion: v1, metadata: {namespace: shop, name: web, labels: {a: b}}, spec: {ports: [{port: 80}]}}
- {kind: Deployment, metadata: {name: web}}
- {kind: Node, metadata: {name: node-a}}`),
    ).toEqual(['DELETED Service web', 'DELETED Deployment web', 'DELETED Node node-a', 'MODIFIED Node node-b'])
  })

  it.each([
    ['', []],
    ['delete: []', []],
    ['{"delete": [{"kind": "Node", "metadata": {"name": "node-a"}}]}', ['DELETED Node node-a']],
  ])('%j', (text, events) => {
    expect(eventsOf(text)).toEqual(events)
  })

  it.each([
    [
      'delete: [{kind: Service, metadata: {namespace: shop, name: wbe}}]',
      'delta.yaml:1:10: delete[0]: there is no Service shop/wbe to delete; did you mean shop/web?',
    ],
    [
      'delete: [{kind: Service, metadata: {name: web}}]',
      'delta.yaml:1:10: delete[0]: there is no Service default/web to delete; delete what an earlier state holds',
    ],
    [
      'delete: [{kind: ServiceCIDR, metadata: {name: x}}]',
      'delta.yaml:1:10: delete[0]: there is no ServiceCIDR x to delete; delete what an earlier state holds',
    ],
    ['delete: [{metadata: {name: web}}]', 'the kind is missing; write the kind of what is to be deleted'],
    ['delete: [{kind: Service}]', 'the name is missing; write the name of what is to be deleted'],
    ['delete: [{kind: Secret, metadata: {name: web}}]', '"Secret" is not supported'],
    ['delete: web', 'expected a list, found "web"'],
    ['delete: [web]', 'expected an object, found "web"'],
  ])('%s', (text, problem) => {
    expect(eventsOf(text)).toContain(problem)
  })
})
