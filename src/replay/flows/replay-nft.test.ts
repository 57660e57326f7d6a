import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { Flow } from '../../net/flow.ts'
import { parseIp, parsePrefix } from '../../net/ip.ts'
import { describeProblem } from '../../problem/problem.ts'
import { nftKeyText } from '../../ruleset/nft-key-text.ts'
import type {
  NftChain,
  NftElement,
  NftHook,
  NftRule,
  NftSet,
  NftStatement,
  NftVerdict,
} from '../../ruleset/nft-ruleset.ts'
import { TCP_FLAG } from '../../ruleset/ruleset.ts'
import type { FlowReplay } from './flow-result.ts'
import { replayRuleset } from './replay-ruleset.ts'
import { makeFlow } from './testing/make-flow.ts'

const ip = (text: string) => parseIp(text)!
const goTo = (chain: string): NftVerdict => ({ kind: 'goto', chain })
const jumpTo = (chain: string): NftVerdict => ({ kind: 'jump', chain })
const dnatTo = (address: string, port = 0): NftVerdict => ({ kind: 'dnat', address: ip(address), port })
const accept: NftVerdict = { kind: 'accept' }
const rule = (verdict?: NftVerdict, ...statements: NftStatement[]): NftRule =>
  verdict === undefined ? { statements } : { statements, verdict }
const ctNew: NftStatement = { kind: 'ctState', states: ['new'], negated: false }
const numgen = (mode: 'random' | 'inc', ...verdicts: NftVerdict[]): NftStatement => ({
  kind: 'numgen',
  mode,
  modulus: verdicts.length,
  verdicts,
})

const NAT_PREROUTING: NftHook = { type: 'nat', hook: 'prerouting', priority: -100, policy: 'accept' }
const FORWARD: NftHook = { type: 'filter', hook: 'forward', priority: 0, policy: 'accept' }

const chain = (name: string, rules: readonly NftRule[], hook?: NftHook): NftChain =>
  hook === undefined ? { name, rules } : { name, rules, hook }

const affinitySet = (name: string, timeoutSeconds: number, size?: number): NftSet => ({
  kind: 'set',
  name,
  keyType: ['ipv4_addr'],
  flags: ['dynamic', 'timeout'],
  timeoutSeconds,
  elements: new Map(),
  ...(size === undefined ? {} : { size }),
})

function replay(chains: readonly NftChain[], flows: readonly Flow[], sets: readonly NftSet[] = []): FlowReplay {
  const table = {
    name: 't',
    sets: new Map(sets.map(s => [s.name, s])),
    chains: new Map(chains.map(c => [c.name, c])),
  }
  const topology = { nodeIps: [ip('192.168.10.1')], podPrefixes: [parsePrefix('10.244.0.0/16')!], localIps: [] }
  const done = replayRuleset(
    { mode: 'nftables', ruleset: { family: 4, tables: [table] } },
    { topology, flows },
    { seed: { low: 1, high: 2 } },
  )
  if (E.isLeft(done)) throw new Error(describeProblem(done.left))
  return done.right
}

/** Matched and evaluated of each rule of a chain. */
const counts = ({ chains }: FlowReplay, name: string): [number, number][] =>
  chains.find(c => c.chain === name)!.rules.map(r => [r.packets, r.evaluatedCount])

const outcomes = (done: FlowReplay) => done.flows.map(flow => Object.fromEntries(flow.outcome))

describe('nftables', () => {
  it('finds a verdict by concatenated key, and a packet that has none goes on', () => {
    const element = (port: number, verdict: NftVerdict): NftElement => ({
      key: [ip('10.96.0.1'), 'udp', port],
      verdict,
    })
    const elements = [element(80, goTo('a')), element(81, { kind: 'drop' })]
    const map: NftSet = {
      kind: 'map',
      name: 'services',
      keyType: ['ipv4_addr', 'inet_proto', 'inet_service'],
      flags: [],
      elements: new Map(elements.map(e => [nftKeyText(e.key), e])),
    }
    const lookup: NftStatement = { kind: 'vmap', key: ['destination', 'protocol', 'destinationPort'], map: 'services' }
    const done = replay(
      [
        chain('pre', [rule(undefined, lookup), rule(undefined, ctNew)], NAT_PREROUTING),
        chain('a', [rule(dnatTo('10.244.0.5', 8080))]),
      ],
      [makeFlow(), makeFlow({ destinationPort: 81 }), makeFlow({ destinationPort: 82 }), makeFlow({ protocol: 'TCP' })],
      [map],
    )
    expect(outcomes(done)).toEqual([
      { delivered: 1 },
      { dropped: 1 },
      { routed_out_uplink: 1 },
      { routed_out_uplink: 1 },
    ])
    expect(counts(done, 'pre')).toEqual([
      [4, 4],
      [2, 2],
    ])
    expect(done.flows[0].backends).toEqual(new Map([['10.244.0.5:8080', 1]]))
  })

  it.each(['TCP', 'UDP', 'SCTP'] as const)('%s: reject is heard as an ICMP error', protocol => {
    const done = replay([chain('fwd', [rule({ kind: 'reject' })], FORWARD)], [makeFlow({ protocol })])
    expect(outcomes(done)).toEqual([{ 'rejected icmp 3/3': 1 }])
  })

  it('a reset refuses TCP, is not answered by one, and comes back through OUTPUT as related', () => {
    const tcp: NftStatement = { kind: 'protocol', protocol: 'tcp', negated: false }
    const related: NftStatement = { kind: 'ctState', states: ['related'], negated: false }
    const reset: NftVerdict = { kind: 'reject', with: 'tcp reset' }
    const output: NftHook = { ...FORWARD, hook: 'output' }
    const back: NftHook = { type: 'nat', hook: 'output', priority: -100, policy: 'accept' }
    const flows = [
      makeFlow({ protocol: 'TCP' }),
      makeFlow({ protocol: 'TCP', tcpFlags: [TCP_FLAG.RST], firstSourcePort: 20_000 }),
      makeFlow({ protocol: 'UDP' }),
    ]
    const rules = [rule(reset, tcp)]
    const states = [rule(accept, ctNew), rule(accept, related)]
    const late = replay([chain('fwd', rules, FORWARD), chain('out', states, output)], flows)
    expect(outcomes(late)).toEqual([{ 'rejected tcp-rst': 1 }, { dropped: 1 }, { routed_out_uplink: 1 }])
    expect(counts(late, 'out')).toEqual([
      [0, 1],
      [1, 1],
    ])
    // Refused before nat has looked at it: nat is asked of the reset, for the connection.
    const early = chain('pre', rules, { ...FORWARD, hook: 'prerouting', priority: -150 })
    expect(counts(replay([early, chain('nat', [rule(undefined, related)], back)], flows), 'nat')).toEqual([[1, 1]])
    expect(counts(replay([chain('fwd', rules, FORWARD), chain('nat', [rule()], back)], flows), 'nat')).toEqual([[0, 0]])
  })

  it('numgen inc goes round, numgen random is even', () => {
    const backends = [dnatTo('10.244.0.5'), dnatTo('10.244.0.6'), dnatTo('10.244.0.7')]
    const flow = makeFlow({ connectionCount: 3_000 })
    const inc = replay([chain('pre', [rule(undefined, numgen('inc', ...backends))], NAT_PREROUTING)], [flow])
    expect([...inc.flows[0].backends.values()]).toEqual([1_000, 1_000, 1_000])
    const random = replay([chain('pre', [rule(undefined, numgen('random', ...backends))], NAT_PREROUTING)], [flow])
    // Five standard deviations of a binomial share: a false alarm in two million.
    for (const count of random.flows[0].backends.values())
      expect(Math.abs(count - 1_000)).toBeLessThan(5 * Math.sqrt(667))
  })

  it('goto leaves the way back as it was, jump comes back', () => {
    const done = replay(
      [
        chain('base', [rule(jumpTo('a')), rule(undefined, ctNew)], FORWARD),
        chain('a', [rule(goTo('b')), rule(undefined, ctNew)]),
        chain('b', [rule(jumpTo('c')), rule(undefined, ctNew)]),
        chain('c', [rule({ kind: 'return' })]),
      ],
      [makeFlow()],
    )
    expect(['base', 'a', 'b', 'c'].map(name => counts(done, name).map(([, evaluated]) => evaluated))).toEqual([
      [1, 1],
      [1, 0],
      [1, 1],
      [1],
    ])
  })

  it('accept ends its base chain alone, drop ends the packet; lower priorities run first', () => {
    const early = chain('early', [rule(accept)], { ...FORWARD, priority: -10 })
    const late = chain('late', [rule({ kind: 'drop' })], FORWARD)
    const done = replay([late, early], [makeFlow()])
    expect(outcomes(done)).toEqual([{ dropped: 1 }])
    expect([counts(done, 'early'), counts(done, 'late')]).toEqual([[[1, 1]], [[1, 1]]])
  })

  it('marks with or and xor, which the next rule and the next hook see', () => {
    const setMark = (operation: 'or' | 'xor'): NftStatement => ({ kind: 'setMark', operation, value: 0x4000 })
    const marked: NftStatement = { kind: 'mark', mask: 0x4000, value: 0x4000, negated: false }
    const done = replay(
      [
        chain('pre', [rule(undefined, setMark('or'))], NAT_PREROUTING),
        chain('fwd', [rule(undefined, marked, ctNew), rule(undefined, setMark('xor')), rule(accept, marked)], FORWARD),
      ],
      [makeFlow()],
    )
    expect(counts(done, 'fwd')).toEqual([
      [1, 1],
      [1, 1],
      [0, 1],
    ])
  })

  it.each([
    ['in time', 9_999_999, 40],
    ['not a microsecond later', 10_000_000, 120],
  ])('session affinity by sets with a timeout: clients that return, %s', (_, gapUs, asked) => {
    const seen = (set: string): NftStatement => ({ kind: 'lookup', key: ['source'], set, negated: false })
    const remember = (set: string): NftStatement => ({ kind: 'update', key: ['source'], set })
    const flows = [0, 1, 2].map(n =>
      makeFlow({ connectionCount: 40, sourceCount: 40, firstSourcePort: 20_000 + n, delayUs: n === 0 ? 0 : gapUs }),
    )
    const done = replay(
      [
        chain(
          'pre',
          [
            rule(goTo('a'), seen('A')),
            rule(goTo('b'), seen('B')),
            rule(undefined, numgen('random', goTo('a'), goTo('b'))),
          ],
          NAT_PREROUTING,
        ),
        chain('a', [rule(undefined, remember('A')), rule(dnatTo('10.244.0.5'))]),
        chain('b', [rule(undefined, remember('B')), rule(dnatTo('10.244.0.6'))]),
      ],
      flows,
      [affinitySet('A', 10), affinitySet('B', 10)],
    )
    expect(counts(done, 'pre')[2][1]).toBe(asked)
    if (asked === 40) for (const flow of done.flows) expect(flow.backends).toEqual(done.flows[0].backends)
  })

  it('a full set ends the rule that would add to it', () => {
    const remember: NftStatement = { kind: 'update', key: ['source'], set: 'A' }
    const done = replay(
      [chain('pre', [rule(dnatTo('10.244.0.5'), remember)], NAT_PREROUTING)],
      [makeFlow({ connectionCount: 10, sourceCount: 10 })],
      [affinitySet('A', 10, 4)],
    )
    expect(outcomes(done)).toEqual([{ delivered: 4, routed_out_uplink: 6 }])
  })

  it.each<[string, NftChain[], RegExp]>([
    ['a chain that is not there', [chain('a', [rule(goTo('gone'))])], /ip t a rule 1: there is no chain "gone"/],
    [
      'a set that is not there',
      [chain('a', [rule(undefined, { kind: 'update', key: ['source'], set: 'S' })])],
      /no set "S"/,
    ],
    ['a loop', [chain('a', [rule(jumpTo('b'))]), chain('b', [rule(goTo('a'))])], /a -> b -> a/],
    ['a base chain as target', [chain('a', [rule(jumpTo('f'))]), chain('f', [], FORWARD)], /base chain "f"/],
    [
      'jumps too deep',
      Array.from({ length: 20 }, (_, n) => chain(`c${n}`, n === 19 ? [] : [rule(jumpTo(`c${n + 1}`))])),
      /16 deep/,
    ],
  ])('refuses %s', (_, chains, text) => {
    expect(() => replay(chains, [])).toThrow(text)
  })
})
