import { describe, expect, it } from 'vitest'
import type { Rule } from '../ruleset/ruleset.ts'
import { dispatchKey, segmentChain } from './segment-chain.ts'
import { commented, from, jumpTo, makeRule, portIs, protocolIs, to, withChance } from './testing/make-rules.ts'

const service = (n: number): Rule => makeRule(jumpTo('s'), to(`10.96.0.${n}/32`), ...portIs('tcp', 80), commented())
const services = (count: number): Rule[] => Array.from({ length: count }, (_, n) => service(n))
const chance = makeRule(jumpTo('e'), withChance(7))
const plain = makeRule(undefined)

const cuts = (rules: readonly Rule[]): string[] => segmentChain(rules).map(s => `${s.kind} ${s.first}+${s.count}`)

describe('a chain’s segments', () => {
  it.each<[string, Rule[], string[]]>([
    ['no rule', [], []],
    ['one rule', [plain], ['linear 0+1']],
    ['a run of one', [chance], ['run 0+1']],
    ['a Service chain', [plain, chance, chance, plain], ['linear 0+1', 'run 1+2', 'linear 3+1']],
    ['seven keys', services(7), ['linear 0+7']],
    ['eight keys', services(8), ['dispatch 0+8']],
    ['keys between rules', [plain, ...services(9), plain], ['linear 0+1', 'dispatch 1+9', 'linear 10+1']],
    ['a key that comes again', [...services(8), ...services(8)], ['dispatch 0+8', 'dispatch 8+8']],
    ['a key that comes again at once', [service(0), ...services(8)], ['linear 0+1', 'dispatch 1+8']],
    [
      'keys of two shapes',
      [...services(8), ...Array.from({ length: 8 }, (_, n) => makeRule(jumpTo('n'), ...portIs('udp', 30_000 + n)))],
      ['dispatch 0+8', 'dispatch 8+8'],
    ],
    ['keys, then a run', [...services(8), chance], ['dispatch 0+8', 'run 8+1']],
  ])('%s', (_, rules, expected) => {
    expect(cuts(rules)).toEqual(expected)
  })

  it('cover every rule once, in order', () => {
    const rules = [plain, chance, ...services(20), plain, chance, chance, ...services(3)]
    let next = 0
    for (const { first, count } of segmentChain(rules)) {
      expect(first).toBe(next)
      next += count
    }
    expect(next).toBe(rules.length)
  })
})

describe('the exact key of a rule', () => {
  it.each<[string, Rule, string | undefined]>([
    ['address, protocol, port', service(1), 'address+protocol+port'],
    ['address', makeRule(undefined, to('10.0.0.1/32')), 'address'],
    ['IPv6 address', makeRule(undefined, to('fd00::1/128')), 'address'],
    ['address and protocol', makeRule(undefined, to('10.0.0.1/32'), protocolIs('udp')), 'address+protocol'],
    ['protocol and port', makeRule(undefined, ...portIs('sctp', 9)), 'protocol+port'],
    ['a source besides', makeRule(undefined, to('10.0.0.1/32'), from('10.0.0.0/8')), 'address'],
    ['a prefix', makeRule(undefined, to('10.0.0.0/31')), undefined],
    ['a negated address', makeRule(undefined, to('10.0.0.1/32', true)), undefined],
    ['a protocol alone', makeRule(undefined, protocolIs('tcp')), undefined],
    ['a draw', makeRule(undefined, to('10.0.0.1/32'), withChance(3)), undefined],
    [
      'a port range',
      makeRule(undefined, protocolIs('tcp'), {
        kind: 'ports',
        protocol: 'tcp',
        destination: { from: 1, to: 2, negated: false },
      }),
      undefined,
    ],
  ])('%s', (_, rule, shape) => {
    expect(dispatchKey(rule)?.shape).toBe(shape)
  })
})
