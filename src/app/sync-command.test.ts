import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { readDelta } from '../cluster/read-delta.ts'
import { describeProblem } from '../problem/problem.ts'
import { DEFAULT_PROXIER_CONFIG, NFTABLES_PROXIER_CONFIG } from '../proxier/proxier-config.ts'
import { type SyncRequest, syncTexts } from './sync-command.ts'

const START = `
apiVersion: v1
kind: Node
metadata: {name: node-a}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: 10.96.0.1, ports: [{port: 80}]}
`

const SLICE = `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-x, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: '', port: 8080}]
endpoints: [{addresses: [10.244.0.5]}]
`

const SLICE_GONE = 'delete: [{kind: EndpointSlice, metadata: {name: web-x}}]'

function textsOf(states: readonly string[], parts: Partial<SyncRequest> = {}): (string | undefined)[] | string {
  const deltas = states.map((text, i) => {
    const delta = readDelta([{ name: `${i}.yaml`, bytes: new TextEncoder().encode(text) }])
    if (E.isLeft(delta)) throw new Error(describeProblem(delta.left))
    return delta.right
  })
  const texts = syncTexts(deltas, {
    all: true,
    node: 'node-a',
    family: 4,
    config: DEFAULT_PROXIER_CONFIG,
    ...parts,
  })
  return E.isLeft(texts) ? describeProblem(texts.left) : texts.right
}

/** Chains of one Service port that a sync declares and deletes. */
const chainsOf = (text = ''): string[] => text.match(/^(:|-X )KUBE-(SVC|SEP)/gm) ?? []

describe('syncTexts', () => {
  it('writes a full sync first, then what changed', () => {
    const texts = textsOf([START, SLICE, SLICE_GONE]) as string[]
    expect(texts[0]).toContain('default/web has no endpoints')
    expect(texts.map(chainsOf)).toEqual([
      [],
      [':KUBE-SVC', ':KUBE-SEP'],
      [':KUBE-SVC', ':KUBE-SEP', '-X KUBE-SVC', '-X KUBE-SEP'],
    ])
  })

  it('writes transactions in nftables mode, one that deletes before one that changes', () => {
    const texts = textsOf([START, SLICE, SLICE_GONE, SLICE], { config: NFTABLES_PROXIER_CONFIG }) as string[]
    expect(texts[0]).toContain(
      'add element ip kube-proxy no-endpoint-services { 10.96.0.1 . tcp . 80 comment "default/web" ',
    )
    const kinds = texts.slice(1).map(text => text.split('\n').map(line => line.split(' ').slice(0, 2).join(' ')))
    expect(kinds).toEqual([
      [
        ...['add chain', 'flush chain', 'add chain', 'flush chain', 'add element'],
        ...['add rule', 'add rule', 'add rule', 'delete element', ''],
      ],
      ['add element', 'flush chain', 'flush chain', 'delete element', ''],
      [
        ...['delete chain', 'delete chain', '', 'add chain', 'flush chain', 'add chain', 'flush chain', 'add element'],
        ...['add rule', 'add rule', 'add rule', 'delete element', ''],
      ],
    ])
  })

  it('writes nothing when nothing changes in the IP family', () => {
    const [start, ...later] = textsOf([START, SLICE, START], { family: 6 })
    expect(start).toContain('*filter')
    expect(later).toEqual([undefined, undefined])
    expect(textsOf([START, START])[1]).toBeUndefined()
  })

  it('keeps the last text alone unless all are asked for', () => {
    const texts = textsOf([START, SLICE, SLICE_GONE], { all: false })
    expect(texts.slice(0, 2)).toEqual([undefined, undefined])
    expect(texts[2]).toContain('-X KUBE-SVC')
  })

  it('needs the node in the first state, and what it deletes', () => {
    expect(textsOf(['', START])).toBe(
      'there is no Node "node-a" among the objects; add the Nodes: kubectl get nodes -o json',
    )
    expect(textsOf([START, SLICE_GONE])).toBe(
      '1.yaml:1:10: delete[0]: there is no EndpointSlice default/web-x to delete; delete what an earlier state holds',
    )
  })
})
