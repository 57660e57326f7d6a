import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { readObjects } from '../cluster/read-objects.ts'
import { describeProblem } from '../problem/problem.ts'
import { DEFAULT_PROXIER_CONFIG } from '../proxier/proxier-config.ts'
import { stateOf } from './cluster-input.ts'
import { type RulesFlags, type RulesRequest, rulesCommand, rulesText } from './rules-command.ts'

const DASHBOARD = `
apiVersion: v1
kind: Node
metadata: {name: node-a}
---
apiVersion: v1
kind: Service
metadata: {namespace: kube-system, name: kubernetes-dashboard}
spec:
  clusterIP: 192.168.18.202
  ports: [{port: 443, targetPort: 8443}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  namespace: kube-system
  name: kubernetes-dashboard-x
  labels: {kubernetes.io/service-name: kubernetes-dashboard}
addressType: IPv4
ports: [{name: '', port: 8443}]
endpoints: [{addresses: [192.168.34.17]}]
`

function textOf(parts: Partial<RulesRequest> = {}, yaml = DASHBOARD): string {
  const read = readObjects([{ name: 'objects.yaml', bytes: new TextEncoder().encode(yaml) }])
  if (E.isLeft(read)) throw new Error(describeProblem(read.left))
  const request: RulesRequest = {
    cluster: { kind: 'objects', files: [] },
    node: 'node-a',
    family: 4,
    config: { ...DEFAULT_PROXIER_CONFIG, chainNames: 'legacy' },
    format: 'save',
    ...parts,
  }
  const text = rulesText(stateOf(read.right), request)
  return E.isLeft(text) ? describeProblem(text.left) : text.right
}

describe('rulesText', () => {
  it('lists the chains of the dashboard as tutorials show them', () => {
    const text = textOf({ format: 'list' })
    for (const lines of [
      'Chain KUBE-SEP-NG56X4MU77FFZ5RK (1 references)',
      'target     prot opt source               destination         ',
      'KUBE-SVC-XGLOHA7QRQ3V22RZ  tcp  --  0.0.0.0/0            192.168.18.202       /* kube-system/kubernetes-dashboard: cluster IP */ tcp dpt:443',
      'DNAT       tcp  --  0.0.0.0/0            0.0.0.0/0            /* kube-system/kubernetes-dashboard: */ tcp to:192.168.34.17:8443',
    ])
      expect(text.split('\n')).toContain(lines)
  })

  it('prints all tables, or one', () => {
    const tablesOf = (text: string): string[] => text.match(/^\*.*$/gm) ?? []
    expect(tablesOf(textOf())).toEqual(['*mangle', '*filter', '*nat'])
    expect(tablesOf(textOf({ table: 'filter' }))).toEqual(['*filter'])
    expect(textOf({ format: 'list', table: 'filter' })).toContain('Chain FORWARD (policy ACCEPT)')
  })

  it('has no rules for a Service in the family that it lacks', () => {
    expect(textOf({ family: 6 })).not.toContain('KUBE-SVC-')
  })

  it('names near nodes when there is none of the name', () => {
    expect(textOf({ node: 'node-b' })).toBe('there is no Node "node-b" among the objects; did you mean node-a?')
    expect(textOf({}, 'kind: List\napiVersion: v1\nitems: []')).toBe(
      'there is no Node "node-a" among the objects; add the Nodes: kubectl get nodes -o json',
    )
  })
})

describe('rulesCommand', () => {
  const FLAGS: RulesFlags = { objects: ['absent.yaml'], node: 'a', ipFamily: '4', format: 'save' }

  it.each<[Partial<RulesFlags>, string]>([
    [{ objects: undefined }, 'no objects; add --objects FILE…, or --log LOG'],
    [{ objects: ['-', '-'] }, '--objects names standard input twice; give - once'],
    [{ node: undefined }, 'no node; add --node NAME'],
    [{ ipFamily: '5' }, '--ip-family "5" is unknown; write 4 or 6'],
    [{ format: 'xml' }, '--format is "xml"; use save, list or json'],
    [{ table: 'raw' }, 'kube-proxy has no rules in table "raw"; write mangle, filter, nat'],
    [{ all: true }, '--all is about syncs; add --sync STATE0 STATE1…'],
    [{ sync: ['a'] }, '--objects and --sync at once; make the objects the first state of --sync'],
    [{ objects: undefined, sync: ['-', 'a', '-'] }, '--sync names standard input twice; give - once'],
    [
      { objects: undefined, sync: ['a'], table: 'nat' },
      '--sync prints whole syncs; leave --table out, and --format unless it is json',
    ],
    [
      { objects: undefined, sync: ['a'], format: 'list' },
      '--sync prints whole syncs; leave --table out, and --format unless it is json',
    ],
    [{ objects: undefined, sync: ['a'], log: 'run' }, '--sync takes no log; leave --log and --at out'],
    [{ objects: undefined, sync: ['a'], node: undefined }, 'no node; add --node NAME'],
    [{ objects: undefined, sync: ['absent.yaml'] }, 'absent.yaml: there is no such file; check the path'],
    [{ at: '1s' }, '--at without a log; add --log LOG'],
    [{ log: 'run' }, '--objects and --log at once; give one of them'],
    [
      { objects: undefined, log: 'run', at: 'noon' },
      '--at is "noon"; write a time from the start, as 90s, 1m30s or 250ms',
    ],
    [{ objects: undefined, log: 'absent-log' }, 'absent-log: there is no such log; check the path'],
    [{ proxyMode: 'ipvs' }, '--proxy-mode "ipvs" is unknown; it is iptables or nftables'],
    [{ proxyMode: 'nftables', format: 'list' }, '--format list is for iptables mode; leave it out'],
    [{ proxyMode: 'nftables', table: 'nat' }, '--table is for iptables mode; leave it out'],
    [{}, 'absent.yaml: there is no such file; check the path'],
  ])('with %j says: %s', async (flags, text) => {
    const result = await rulesCommand({ ...FLAGS, ...flags })()
    expect(E.isLeft(result) && describeProblem(result.left)).toBe(text)
  })
})
