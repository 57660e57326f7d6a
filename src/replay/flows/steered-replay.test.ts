import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { Flow } from '../../net/flow.ts'
import { parseIp, parsePrefix } from '../../net/ip.ts'
import type { Goal } from '../../netfilter/steered-draws.ts'
import { describeProblem } from '../../problem/problem.ts'
import { parseIptables } from '../../ruleset/parse-iptables.ts'
import { parseNftables } from '../../ruleset/parse-nftables.ts'
import type { Spread } from './count-spread.ts'
import type { NodeRules } from './node-rules.ts'
import { type SteeredReplay, steeredReplay } from './steered-replay.ts'
import { makeFlow } from './testing/make-flow.ts'
import { FLOW_INTERFACES, topologyHost } from './topology-host.ts'

const TOPOLOGY = { nodeIps: [parseIp('192.168.10.1')!], podPrefixes: [parsePrefix('10.244.0.0/16')!], localIps: [] }

/** 10.244.0.1 and .2 are blocked, .3 is not; the last rule counts what is let through. */
const BLOCKED = `*nat
:PREROUTING ACCEPT [0:0]
:SVC - [0:0]
:A - [0:0]
:B - [0:0]
:C - [0:0]
-A PREROUTING -d 10.96.0.1 -j SVC
-A SVC -m statistic --mode random --probability 0.25 -j A
-A SVC -m statistic --mode random --probability 0.5 -j B
-A SVC -j C
-A A -p udp -j DNAT --to-destination 10.244.0.1:80
-A B -p udp -j DNAT --to-destination 10.244.0.2:80
-A C -p udp -j DNAT --to-destination 10.244.0.3:80
COMMIT
*filter
:FORWARD ACCEPT [0:0]
-A FORWARD -d 10.244.0.0/30
-A FORWARD -d 10.244.0.1 -j DROP
-A FORWARD -d 10.244.0.2 -j DROP
-A FORWARD -d 10.244.0.3
COMMIT
`

function iptables(text: string): NodeRules {
  const parsed = parseIptables(text, { family: 4 })
  if (E.isLeft(parsed)) throw new Error(describeProblem(parsed.left))
  return { mode: 'iptables', ruleset: parsed.right.ruleset }
}

function replay(rules: NodeRules, flows: readonly Flow[], known: (connection: number, packet: number) => Goal[]) {
  const host = topologyHost(TOPOLOGY, [], FLOW_INTERFACES, 4)
  const seed = { low: 3, high: 4 }
  const done = steeredReplay(rules, host, { topology: TOPOLOGY, flows }, seed, (c, n) => new Set(known(c, n)))
  if (E.isLeft(done)) throw new Error(describeProblem(done.left))
  return done.right
}

/** Packets that each rule of a chain matched. */
const matched = ({ chains }: SteeredReplay, name: string): number[] =>
  chains.find(c => c.chain === name)!.rules.map(r => r.packets)

const matchedSpread = ({ spread }: SteeredReplay): Record<string, number[]> =>
  Object.fromEntries([...spread].map(([place, s]: [string, Spread]) => [place, [s.matched.less, s.matched.more]]))

const [DROP, THIRD] = [['drop'], ['10.244.0.3:80', '10.244.0.3:0']]

describe('steeredReplay', () => {
  it('takes what the packets tell, in one way', () => {
    const done = replay(iptables(BLOCKED), [makeFlow({ connectionCount: 5 })], () => THIRD)
    expect(matched(done, 'SVC')).toEqual([0, 0, 5])
    expect([done.madeUpCount, done.spread.size, done.unresolved.size]).toEqual([0, 0, 0])
    expect(done.draws.map(d => d.counts)).toEqual([[0, 0, 5]])
  })

  it('finds the only way that ends where the packet did', () => {
    const onlyOne = iptables(BLOCKED.replace('-A FORWARD -d 10.244.0.1 -j DROP', '-A FORWARD -d 10.244.0.1'))
    for (const packets of [1, 3]) {
      const flows = [makeFlow({ connectionCount: 20, packetCount: packets })]
      const done = replay(onlyOne, flows, c => (c < 12 ? DROP : THIRD))
      expect(done.flows[0].outcome).toEqual(
        new Map([
          ['delivered', 8],
          ['dropped', 12],
        ]),
      )
      expect(matched(done, 'SVC')).toEqual([0, 12 * packets, 8])
      expect([done.madeUpCount, done.spread.size]).toEqual([0, 0])
      expect(done.draws.map(d => d.counts)).toEqual([[0, 12 * packets, 8]])
    }
  })

  it('says which rules several possible ways count differently, and by how much', () => {
    const flows = [makeFlow({ connectionCount: 30 })]
    const done = replay(iptables(BLOCKED), flows, c => (c < 20 ? DROP : THIRD))
    const [first, second, third] = matched(done, 'SVC')
    expect([first + second, third]).toEqual([20, 10])
    expect(done.madeUpCount).toBe(20)
    expect(matchedSpread(done)).toEqual({
      'nat SVC 0': [first, second],
      'nat SVC 1': [second, first],
      'nat A 0': [first, second],
      'nat B 0': [second, first],
      'filter FORWARD 1': [first, second],
      'filter FORWARD 2': [second, first],
    })
    expect(done.spread.get('nat SVC 1')?.evaluated).toEqual({ less: second, more: first })
    expect(done.spread.get('nat SVC 1')?.bytes).toEqual({ less: 40 * second, more: 40 * first })
    // Which of the two is open, so they are one option.
    expect(done.draws.map(d => [d.options.map(o => [o.name, o.chance]), d.counts])).toEqual([
      [
        [
          ['A or B', 0.625],
          ['none of them', 0.375],
        ],
        [20, 10],
      ],
    ])
  })

  it('says nothing of chance where every option is possible', () => {
    const closed = iptables(BLOCKED.replace('-A FORWARD -d 10.244.0.3', '-A FORWARD -j DROP'))
    const done = replay(closed, [makeFlow({ connectionCount: 9 })], () => DROP)
    expect(done.draws.map(d => [d.options.length, d.counts])).toEqual([[3, [0, 0, 0]]])
    expect(done.madeUpCount).toBe(9)
    // All ways pass them.
    for (const place of ['nat PREROUTING 0', 'filter FORWARD 0']) expect(done.spread.has(place)).toBe(false)
  })

  it('has no tolerance for what no way can have done', () => {
    const open = iptables(BLOCKED.replaceAll(' -j DROP', ''))
    const done = replay(open, [makeFlow({ connectionCount: 4 })], () => DROP)
    expect(done.flows[0].outcome).toEqual(new Map([['delivered', 4]]))
    expect([done.madeUpCount, done.spread.size, done.unresolved.size]).toEqual([4, 0, 0])
  })

  it('tells a drop by chance from a later one by the way that drops', () => {
    const rules = iptables(`*filter
:FORWARD ACCEPT [0:0]
-A FORWARD -m statistic --mode random --probability 0.25 -j DROP
-A FORWARD -p tcp -j DROP
COMMIT
`)
    const flows = [makeFlow({ connectionCount: 8 }), makeFlow({ connectionCount: 6, protocol: 'TCP' })]
    const done = replay(rules, flows, c => (c < 2 || c >= 8 ? DROP : ['10.96.0.1:80']))
    const [dropped, later] = matched(done, 'FORWARD')
    expect(dropped + later).toBe(8)
    expect(matchedSpread(done)).toEqual({
      'filter FORWARD 0': [dropped - 2, later],
      'filter FORWARD 1': [later, dropped - 2],
    })
    expect(done.draws.map(d => d.counts)).toEqual([[2, 6]])
  })

  it('does the same for rules of nftables', () => {
    const parsed = parseNftables(`table ip t {
  chain to {
    type nat hook prerouting priority -100; policy accept;
    numgen random mod 3 vmap { 0 : goto a, 1 : goto b, 2 : goto c }
  }
  chain a {
    dnat to 10.244.0.1:80
  }
  chain b {
    dnat to 10.244.0.2:80
  }
  chain c {
    dnat to 10.244.0.3:80
  }
  chain way {
    type filter hook forward priority 0; policy accept;
    ip daddr { 10.244.0.1, 10.244.0.2 } drop
  }
}
`)
    if (E.isLeft(parsed)) throw new Error(describeProblem(parsed.left))
    const rules: NodeRules = { mode: 'nftables', ruleset: parsed.right[0] }
    const done = replay(rules, [makeFlow({ connectionCount: 12 })], c => (c < 7 ? DROP : THIRD))
    const [[a], [b], [c]] = ['a', 'b', 'c'].map(name => matched(done, name))
    expect([a + b, c]).toEqual([7, 5])
    expect(matchedSpread(done)).toEqual({ 'ip t a 0': [a, b], 'ip t b 0': [b, a] })
  })

  it('searches ports too', () => {
    const rules = iptables(`*nat
:PREROUTING ACCEPT [0:0]
-A PREROUTING -p udp -j DNAT --to-destination 10.244.0.1:80-83 --random
COMMIT
*filter
:FORWARD ACCEPT [0:0]
-A FORWARD -p udp -m udp --dport 82 -j DROP
COMMIT
`)
    const goals = (c: number): Goal[] => (c === 0 ? DROP : [`10.244.0.1:8${c}`])
    const done = replay(rules, [makeFlow({ connectionCount: 2 })], goals)
    expect([done.madeUpCount, done.spread.size]).toEqual([0, 0])
    expect(done.flows[0].backends).toEqual(new Map([['10.244.0.1:81', 1]]))
    expect(matched(done, 'FORWARD')).toEqual([1])
  })
})
