import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { Flow, FlowTopology } from '../../net/flow.ts'
import { parseIp, parsePrefix } from '../../net/ip.ts'
import { ORIGIN } from '../../net/packet.ts'
import { describeProblem } from '../../problem/problem.ts'
import { completeTables } from '../../ruleset/complete-tables.ts'
import { parseIptables } from '../../ruleset/parse-iptables.ts'
import type { FlowReplay } from './flow-result.ts'
import { type ReplayOptions, replayRuleset } from './replay-ruleset.ts'
import { makeFlow } from './testing/make-flow.ts'

const TOPOLOGY: FlowTopology = {
  nodeIps: [parseIp('192.168.10.1')!, parseIp('2001:db8::1')!],
  podPrefixes: [parsePrefix('10.244.0.0/16')!, parsePrefix('fd00:244::/32')!],
  localIps: [],
}

function replay(rules: string, flows: readonly Flow[], options: Partial<ReplayOptions> = {}): FlowReplay {
  const parsed = parseIptables(rules)
  if (E.isLeft(parsed)) throw new Error(describeProblem(parsed.left))
  const done = replayRuleset(
    { mode: 'iptables', ruleset: completeTables(parsed.right.ruleset) },
    { topology: TOPOLOGY, flows },
    { seed: { low: 1, high: 2 }, ...options },
  )
  if (E.isLeft(done)) throw new Error(describeProblem(done.left))
  return done.right
}

/** Matched and evaluated of each rule of a chain. */
const counts = ({ chains }: FlowReplay, table: string, chain: string): [number, number][] =>
  chains.find(c => c.table === table && c.chain === chain)!.rules.map(r => [r.packets, r.evaluatedCount])

const policy = ({ chains }: FlowReplay, table: string, chain: string): number =>
  chains.find(c => c.table === table && c.chain === chain)!.policy!.packets

const outcomes = (done: FlowReplay) => done.flows.map(flow => Object.fromEntries(flow.outcome))

const NAT = (rules: string) => `*nat\n:SVC - [0:0]\n-A PREROUTING -j SVC\n-A OUTPUT -j SVC\n${rules}\nCOMMIT\n`
const TO_POD = NAT('-A SVC -d 10.96.0.1/32 -j DNAT --to-destination 10.244.0.5:8080')

describe('nat', () => {
  it('is asked once a connection, however many packets; unreplied UDP stays NEW and keeps its backend', () => {
    const rules = `${NAT(
      '-A SVC -d 10.96.0.1/32 -m statistic --mode random --probability 0.5 -j DNAT --to-destination 10.244.0.5\n-A SVC -d 10.96.0.1/32 -j DNAT --to-destination 10.244.0.6',
    )}*filter\n-A FORWARD -m conntrack --ctstate NEW\n-A FORWARD -m conntrack --ctstate ESTABLISHED\nCOMMIT\n`
    const done = replay(rules, [makeFlow({ connectionCount: 50, packetCount: 10 })])
    expect(policy(done, 'nat', 'POSTROUTING')).toBe(50)
    expect(counts(done, 'filter', 'FORWARD')).toEqual([
      [500, 500],
      [0, 500],
    ])
    expect(done.flows[0].splitCount).toBe(0)
    expect(done.entryCount).toBe(50)
  })

  it('sees replied UDP as ESTABLISHED from the second packet on', () => {
    const rules = `${TO_POD}*filter\n-A FORWARD -m conntrack --ctstate NEW\n-A FORWARD -m conntrack --ctstate ESTABLISHED\nCOMMIT\n`
    const done = replay(rules, [makeFlow({ connectionCount: 50, packetCount: 10, reply: true })])
    expect(counts(done, 'filter', 'FORWARD')).toEqual([
      [50, 1000],
      [950, 1000],
    ])
    expect(done.flows[0].answerCount).toBe(500)
  })

  it('asks again when the first packet was dropped', () => {
    const done = replay(`${TO_POD}*filter\n:FORWARD DROP [0:0]\nCOMMIT\n`, [makeFlow({ packetCount: 3 })])
    expect(outcomes(done)).toEqual([{ dropped: 1 }])
    expect(counts(done, 'nat', 'SVC')).toEqual([[3, 3]])
    expect(done.entryCount).toBe(0)
  })

  it('is not asked at all where no rule wants conntrack', () => {
    const done = replay('*nat\n-A PREROUTING\nCOMMIT\n', [makeFlow({})])
    expect(counts(done, 'nat', 'PREROUTING')).toEqual([[0, 0]])
  })

  it('masquerades to the address of the way out, and answers find back', () => {
    const rules = `*nat\n-A PREROUTING -d 10.96.0.1/32 -j DNAT --to-destination 10.244.0.5:8080\n-A POSTROUTING -j MASQUERADE --random-fully\nCOMMIT\n`
    const done = replay(rules, [
      makeFlow({ origin: ORIGIN.uplink, source: '198.51.100.1', connectionCount: 40, reply: true, packetCount: 2 }),
    ])
    expect(done.flows[0].source).toEqual(new Map([['masq:192.168.10.1', 40]]))
    expect([done.flows[0].answerCount, done.flows[0].strayAnswerCount]).toEqual([80, 0])
  })
})

describe('TCP without an entry', () => {
  const rules = `${TO_POD}*filter\n-A FORWARD -m conntrack --ctstate INVALID\n-A FORWARD -m conntrack --ctstate NEW\nCOMMIT\n`
  it('SYN, then data nobody acknowledged: INVALID, not translated, and so it leaves by the uplink', () => {
    const done = replay(rules, [makeFlow({ protocol: 'TCP', packetCount: 3 })])
    expect(counts(done, 'filter', 'FORWARD')).toEqual([
      [2, 3],
      [1, 3],
    ])
    expect(outcomes(done)).toEqual([{ delivered: 1 }])
  })
})

describe('a full table', () => {
  it('gives up unassured entries for new ones', () => {
    const done = replay(TO_POD, [makeFlow({ connectionCount: 500 })], { max: 16 })
    expect(done.entryCount).toBeLessThanOrEqual(16)
    expect(done.fullDropCount + 16).toBeLessThan(500)
  })

  it('drops new connections when all entries are assured', () => {
    const keep = makeFlow({ connectionCount: 16, packetCount: 3, reply: true, gapUs: 3_000_000 })
    const done = replay(TO_POD, [keep, makeFlow({ connectionCount: 9, firstSourcePort: 30_000 })], { max: 16 })
    expect(outcomes(done)).toEqual([{ delivered: 16 }, { dropped: 9 }])
    expect(done.fullDropCount).toBe(9)
  })

  it('has room again when entries expire', () => {
    const flows = [makeFlow({ connectionCount: 16, packetCount: 3, reply: true, gapUs: 3_000_000 })]
    const later = makeFlow({ connectionCount: 9, firstSourcePort: 30_000, delayUs: 121_000_000 })
    expect(outcomes(replay(TO_POD, [...flows, later], { max: 16 }))[1]).toEqual({ delivered: 9 })
  })
})

describe('session affinity by recent', () => {
  const rules = NAT(`:A - [0:0]
:B - [0:0]
-A SVC -m recent --rcheck --seconds 10 --reap --name A --mask 255.255.255.255 --rsource -j A
-A SVC -m recent --rcheck --seconds 10 --reap --name B --mask 255.255.255.255 --rsource -j B
-A SVC -m statistic --mode random --probability 0.5 -j A
-A SVC -j B
-A A -m recent --set --name A --mask 255.255.255.255 --rsource -j DNAT --to-destination 10.244.0.5
-A B -m recent --set --name B --mask 255.255.255.255 --rsource -j DNAT --to-destination 10.244.0.6`)
  const visits = (gapUs: number, count = 40) =>
    Array.from({ length: 6 }, (_, n) =>
      makeFlow({
        id: n,
        connectionCount: count,
        sourceCount: count,
        firstSourcePort: 20_000 + n,
        delayUs: n === 0 ? 0 : gapUs,
      }),
    )

  it('brings clients that return in time to the same backend, each visit counting anew', () => {
    const done = replay(rules, visits(9_000_000))
    const [first] = done.flows
    expect([...first.backends.values()].reduce((a, b) => a + b)).toBe(40)
    for (const flow of done.flows) expect(flow.backends).toEqual(first.backends)
    expect(counts(done, 'nat', 'SVC')[2][1]).toBe(40)
  })

  it('forgets them afterwards', () => {
    expect(counts(replay(rules, visits(11_000_000)), 'nat', 'SVC')[2][1]).toBe(240)
  })

  it('remembers 100 clients a list: 400 over two backends mostly lose theirs', () => {
    const done = replay(rules, visits(1_000, 400))
    expect(counts(done, 'nat', 'SVC')[2][1]).toBeGreaterThan(400 + 5 * 150)
  })
})

describe('what the node itself sends', () => {
  it('a rejected connection hears ICMP port unreachable, which carries the connection along: RELATED to it', () => {
    const rules = `*filter\n-A FORWARD -d 10.96.0.1/32 -j REJECT\n-A OUTPUT -m conntrack --ctstate RELATED\nCOMMIT\n`
    const done = replay(rules, [makeFlow({ connectionCount: 3 }), makeFlow({ protocol: 'TCP' })])
    expect(outcomes(done)).toEqual([{ 'rejected icmp 3/3': 3 }, { 'rejected icmp 3/3': 1 }])
    expect(counts(done, 'filter', 'OUTPUT')).toEqual([[4, 4]])
  })

  it('a TCP reset goes back as from the Service', () => {
    const done = replay(`${TO_POD}*filter\n-A FORWARD -p tcp -j REJECT --reject-with tcp-reset\nCOMMIT\n`, [
      makeFlow({ protocol: 'TCP', connectionCount: 2 }),
    ])
    expect(outcomes(done)).toEqual([{ 'rejected tcp-rst': 2 }])
  })

  it('what nobody listens for on the node is refused by its stack', () => {
    const done = replay('*filter\n-A OUTPUT -p icmp\n-A OUTPUT -p tcp --tcp-flags RST RST\nCOMMIT\n', [
      makeFlow({ destination: '192.168.10.1', connectionCount: 2 }),
      makeFlow({ destination: '192.168.10.1', protocol: 'TCP', connectionCount: 3 }),
    ])
    expect(outcomes(done)).toEqual([{ local: 2 }, { local: 3 }])
    expect(counts(done, 'filter', 'OUTPUT')).toEqual([
      [2, 5],
      [3, 5],
    ])
  })

  it('an ICMP error that OUTPUT drops is not heard', () => {
    const done = replay('*filter\n-A FORWARD -j REJECT\n-A OUTPUT -p icmp -j DROP\nCOMMIT\n', [makeFlow({})])
    expect(outcomes(done)).toEqual([{ dropped: 1 }])
  })
})

describe('replay', () => {
  it('counts bytes beside packets, also when counters are taken apart on the way', () => {
    const done = replay(`${TO_POD}*filter\n-A FORWARD\nCOMMIT\n`, [
      makeFlow({ connectionCount: 5_000, packetCount: 4 }),
      makeFlow({ connectionCount: 7, protocol: 'SCTP' }),
    ])
    const [rule] = done.chains.find(c => c.table === 'filter' && c.chain === 'FORWARD')!.rules
    expect(rule).toEqual({ packets: 20_007, bytes: 20_000 * 40 + 7 * 68, evaluatedCount: 20_007 })
  })

  it('takes no flows, and IPv6', () => {
    expect(replay(TO_POD, []).packetCount).toBe(0)
    const rules = '*nat\n-A PREROUTING -d fd00:96::1/128 -j DNAT --to-destination [fd00:244::5]:8080\nCOMMIT\n'
    const flow = makeFlow({ source: 'fd00:244::9', destination: 'fd00:96::1', connectionCount: 2 })
    expect(replay(rules, [flow]).flows[0].backends).toEqual(new Map([['[fd00:244::5]:8080', 2]]))
  })

  it('is a function of its arguments', () => {
    const flows = [makeFlow({ connectionCount: 100, reply: true })]
    expect(replay(TO_POD, flows)).toEqual(replay(TO_POD, flows))
  })

  it('refuses flows of the other family', () => {
    expect(() => replay(TO_POD, [makeFlow({ destination: 'fd00::1', source: 'fd00::2' })])).toThrow(/flows\[0\].dst/)
  })

  it('refuses unknown matches by rule and name', () => {
    expect(() => replay('*filter\n-A INPUT -m owner --uid-owner 0 -j DROP\nCOMMIT\n', [])).toThrow(
      /filter INPUT rule 1: match owner is not modelled/,
    )
  })
})
