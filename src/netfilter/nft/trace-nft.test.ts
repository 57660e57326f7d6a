import { describe, expect, it } from 'vitest'
import { parseIp } from '../../net/ip.ts'
import { CT, ORIGIN, type Packet } from '../../net/packet.ts'
import type { NftChain, NftHook, NftRule, NftRuleset, NftStatement, NftVerdict } from '../../ruleset/nft-ruleset.ts'
import { PlainConntrack } from '../conntrack/plain-conntrack.ts'
import { OUTCOME } from '../outcome.ts'
import { makeHostView, makePacket } from '../testing/make-rules.ts'
import { newNftMemory } from './nft-memory.ts'
import { type NftTraceOptions, traceNft } from './trace-nft.ts'

const SEED = { low: 1, high: 2 }
const HOST = makeHostView()

const rule = (verdict?: NftVerdict, ...statements: NftStatement[]): NftRule =>
  verdict === undefined ? { statements } : { statements, verdict }
const base = (name: string, hook: NftHook['hook'], priority: number, type: NftHook['type'], ...rules: NftRule[]) => ({
  name,
  hook: { type, hook, priority, policy: 'accept' as const },
  rules,
})
const filter = (name: string, hook: NftHook['hook'], priority: number, ...rules: NftRule[]): NftChain =>
  base(name, hook, priority, 'filter', ...rules)
const nat = (name: string, hook: NftHook['hook'], priority: number, ...rules: NftRule[]): NftChain =>
  base(name, hook, priority, 'nat', ...rules)

const ruleset = (...chains: readonly NftChain[]): NftRuleset => ({
  family: 4,
  tables: [{ name: 't', sets: new Map(), chains: new Map(chains.map(chain => [chain.name, chain])) }],
})

const toPod: NftVerdict = { kind: 'dnat', address: parseIp('10.244.1.9')!, port: 8_080 }
const state = (...states: ('new' | 'established' | 'related' | 'invalid')[]): NftStatement => ({
  kind: 'ctState',
  states,
  negated: false,
})
const goesTo = (ip: string): NftStatement => ({
  kind: 'address',
  side: 'destination',
  prefixes: [{ ...parseIp(ip)!, length: 32 }],
  negated: false,
})
const comesFrom = (ip: string): NftStatement => ({
  kind: 'address',
  side: 'source',
  prefixes: [{ ...parseIp(ip)!, length: 32 }],
  negated: false,
})

const CLIENT = '198.51.100.1'
const SERVICE = '10.96.0.1'
const fromClient = (words = {}): Packet =>
  makePacket({ source: CLIENT, destination: SERVICE, protocol: 6, sourcePort: 1_000, origin: ORIGIN.uplink, ...words })

function traced(rules: NftRuleset, packet: Packet, options: NftTraceOptions = {}) {
  return traceNft(rules, HOST, packet, () => 0, options)
}

/** Of each step: chain, matched. */
const steps = ({ steps: met }: ReturnType<typeof traced>): string[] =>
  met.map(({ chain, index, matched }) => `${chain.name} ${index}${matched ? ' *' : ''}`)

describe('traceNft', () => {
  it('tells the hooks with their interfaces, and at which of them each rule was met', () => {
    const rules = ruleset(filter('pre', 'prerouting', 0, rule()), filter('way', 'forward', 0, rule()))
    const done = traced(rules, fromClient())
    expect(done.hooks).toEqual([
      { hook: 'PREROUTING', inInterface: 'eth0', outInterface: '' },
      { hook: 'FORWARD', inInterface: 'eth0', outInterface: 'eth0' },
      { hook: 'POSTROUTING', inInterface: 'eth0', outInterface: 'eth0' },
    ])
    expect(done.steps.map(s => s.hook)).toEqual([0, 1])
    expect(done.steps.some(s => 'verdict' in s || 'stoppedAt' in s)).toBe(false)
  })

  it('tells where a rule ended, and with which verdict', () => {
    const stop = state('established')
    const accept: NftVerdict = { kind: 'accept' }
    const rules = ruleset(
      filter('way', 'forward', 0, rule(accept, state('new'), stop, state('new')), rule(undefined, stop), rule(accept)),
    )
    const [first, second, third] = traced(rules, fromClient()).steps
    expect([first.matched, first.ranCount, first.stoppedAt, first.verdict]).toEqual([false, 2, stop, undefined])
    // Its last part was reached, though it did not hold.
    expect([second.matched, second.ranCount, second.stoppedAt]).toEqual([true, 1, stop])
    expect([third.matched, third.ranCount, third.stoppedAt, third.verdict]).toEqual([true, 0, undefined, accept])
    expect('verdict' in first).toBe(false)
  })

  it('tells a verdict that a statement gave', () => {
    const numgen: NftStatement = { kind: 'numgen', mode: 'random', modulus: 2, verdicts: [{ kind: 'drop' }] }
    const rules = ruleset(filter('way', 'forward', 0, rule(undefined, numgen)))
    const [step] = traced(rules, fromClient()).steps
    expect([step.matched, step.stoppedAt, step.verdict]).toEqual([true, undefined, { kind: 'drop' }])
    const places: unknown[] = []
    const passed = traceNft(rules, HOST, fromClient(), (n, place) => {
      places.push([n, place])
      return 2 ** 31
    })
    expect(places).toEqual([[0, { table: 't', chain: 'way', index: 0 }]])
    expect([passed.outcome, passed.steps[0].stoppedAt]).toEqual([OUTCOME.toUplink, numgen])
  })

  it('tells the rule that translated, if one did', () => {
    const rules = ruleset(nat('to', 'prerouting', -100, rule(undefined), rule(toPod)))
    const done = traced(rules, fromClient())
    expect(done.dnat).toBe(rules.tables[0].chains.get('to')!.rules[1])
    expect([done.outcome, done.packet.destinationPort]).toEqual([OUTCOME.toPod, 8_080])
    expect('dnat' in traced(ruleset(nat('to', 'prerouting', -100, rule())), fromClient())).toBe(false)
  })

  it('walks chains by priority: conntrack and nat between them', () => {
    const seen = (name: string, priority: number): NftChain =>
      filter(name, 'prerouting', priority, rule({ kind: 'accept' }, state('new'), goesTo(SERVICE)))
    const rules = ruleset(
      seen('after', -99),
      seen('before', -101),
      seen('raw', -300),
      seen('conntrack', -200),
      nat('to', 'prerouting', 50, rule(toPod)),
    )
    const memory = newNftMemory(rules, new PlainConntrack(SEED))
    const names = steps(traced(rules, fromClient(), { memory }))
    expect(names).toEqual(['raw 0', 'conntrack 0', 'before 0 *', 'to 0 *', 'after 0'])
  })

  it('sees in OUTPUT what PREROUTING sees, and at the exits the source as it was until nat', () => {
    const masquerade: NftVerdict = { kind: 'masquerade', fullyRandom: false }
    const seen = (name: string, hook: NftHook['hook'], priority: number, statement: NftStatement): NftChain =>
      filter(name, hook, priority, rule({ kind: 'accept' }, statement))
    const rules = ruleset(
      seen('out-before', 'output', -101, goesTo(SERVICE)),
      seen('out-after', 'output', -99, goesTo('10.244.1.9')),
      nat('out', 'output', -100, rule(toPod)),
      seen('from-before', 'postrouting', 99, comesFrom('192.0.2.1')),
      nat('from', 'postrouting', 100, rule(masquerade)),
      seen('from-after', 'postrouting', 101, comesFrom('192.0.2.1')),
    )
    const sent = makePacket({ source: '192.0.2.1', destination: SERVICE, protocol: 6, origin: ORIGIN.node })
    const names = steps(traced(rules, sent))
    expect(names.filter(name => name.includes('out'))).toEqual(['out-before 0 *', 'out 0 *', 'out-after 0 *'])
    expect(names.filter(name => name.includes('from')).slice(0, 2)).toEqual(['from-before 0 *', 'from 0 *'])
  })

  it('nat goes on to its next chain until one of them translates', () => {
    const rules = ruleset(
      nat('first', 'prerouting', -100, rule({ kind: 'accept' })),
      nat('second', 'prerouting', -90, rule(toPod)),
      nat('third', 'prerouting', -80, rule(toPod)),
    )
    expect(steps(traced(rules, fromClient()))).toEqual(['first 0 *', 'second 0 *'])
  })

  it('a packet that carries a connection has its state, and is asked no more about it', () => {
    const rules = ruleset(
      nat('to', 'output', -100, rule(toPod)),
      filter('way', 'output', 0, rule({ kind: 'accept' }, state('related'))),
    )
    const reset = Object.assign(
      makePacket({ source: SERVICE, destination: CLIENT, protocol: 6, origin: ORIGIN.node, ctState: CT.RELATED }),
      { originalSourcePort: 80, originalDestinationPort: 1_000 },
    )
    reset.originalSource.set(reset.source)
    reset.originalDestination.set(reset.destination)
    const memory = newNftMemory(rules, new PlainConntrack(SEED))
    expect(steps(traced(rules, reset, { memory, attached: true }))).toEqual(['way 0 *'])
    expect(steps(traced(rules, reset, { memory }))).toEqual(['to 0 *', 'way 0'])
  })

  it('forgets the connection of a packet that was dropped', () => {
    const rules = ruleset(filter('way', 'forward', 0, rule({ kind: 'drop' })))
    for (const verdict of ['drop', 'reject'] as const) {
      const conntrack = new PlainConntrack(SEED)
      traced(ruleset(filter('way', 'forward', 0, rule({ kind: verdict }))), fromClient(), {
        memory: newNftMemory(rules, conntrack),
      })
      expect(conntrack.count).toBe(0)
    }
  })

  it('says which policy decided', () => {
    const rules = ruleset(
      {
        ...filter('way', 'forward', 0, rule()),
        hook: { type: 'filter', hook: 'forward', priority: 0, policy: 'drop' },
      },
      filter('from', 'postrouting', 0),
    )
    const policies: string[] = []
    const done = traced(rules, fromClient(), {
      onPolicy: (table, chain) => policies.push(`${table.name} ${chain.name}`),
    })
    expect([done.outcome, policies]).toEqual([OUTCOME.dropped, ['t way']])
  })

  it.each([
    [true, true],
    [false, false],
  ])('masquerade, fully random: %s', (fullyRandom, natRandom) => {
    const rules = ruleset(nat('from', 'postrouting', 100, rule({ kind: 'masquerade', fullyRandom })))
    const { packet } = traced(rules, fromClient())
    expect([packet.natRandom, packet.natFrom, packet.natTo]).toEqual([natRandom, 0, 0])
    expect((packet.ctState & CT.SNAT) !== 0).toBe(true)
  })
})
