import { describe, expect, it } from 'vitest'
import type { Match, Rule } from '../../ruleset/ruleset.ts'
import { commented, dnatTo, from, jumpTo, makeRule, markWith, portIs, to, withChance } from '../testing/make-rules.ts'
import { ruleTerms } from './rule-terms.ts'

const PLACE = { chainLength: 40, recentLists: 7, spread: 1 }

const words = (rule: Rule, whyNot: Match | undefined, protocolHolds = true): string =>
  ruleTerms('iptables-nft', rule, whyNot, protocolHolds, PLACE)
    .map(({ term, count }) => (count === 1 ? term : `${term} x ${count}`))
    .join(', ')

const service = makeRule(jumpTo('KUBE-SVC-X'), to('10.96.0.1/32'), ...portIs('tcp', 80), commented())
const [address, , ports] = service.matches

describe('terms of an evaluated rule', () => {
  it('grow with the rules of its chain', () => {
    expect(ruleTerms('iptables-legacy', service, address, true, PLACE).every(i => i.size === 40)).toBe(true)
  })

  it('end at the header field that differs, the protocol first', () => {
    expect(words(service, address)).toBe('rule, header x 2')
    expect(words(service, address, false)).toBe('rule, header')
    expect(words(makeRule(jumpTo('X'), to('10.96.0.1/32')), to('10.96.0.1/32'))).toBe('rule, header, jump')
  })

  it('run the modules up to the one that does not hold', () => {
    expect(words(service, ports)).toBe('rule, header x 2, ports')
    const nodePort = makeRule(jumpTo('X'), portIs('tcp', 80)[0], commented(), portIs('tcp', 80)[1])
    expect(words(nodePort, nodePort.matches[2])).toBe('rule, header, comment, ports')
    const chance = makeRule(jumpTo('X'), commented(), withChance(5))
    expect(words(chance, chance.matches[1])).toBe('rule, comment, statistic')
  })

  it('have a target when all hold', () => {
    expect(words(service, undefined)).toBe('rule, header x 2, ports, comment, jump')
    expect(words(makeRule(markWith(1, 1)), undefined)).toBe('rule, setMark')
    expect(words(makeRule(dnatTo('10.244.0.1', 80)), undefined)).toBe('rule, dnat')
    expect(words(makeRule({ kind: 'masquerade', randomFully: true }), undefined)).toBe('rule, masquerade')
    expect(words(makeRule(undefined), undefined)).toBe('rule')
    expect(words(makeRule({ kind: 'return' }, from('10.0.0.0/8')), undefined)).toBe('rule, header')
  })

  it('pass every list of the node on the way to the right one', () => {
    const recent = (operation: 'set' | 'rcheck'): Match => ({
      kind: 'recent',
      operation,
      name: 'L',
      side: 'source',
      negated: false,
    })
    expect(words(makeRule(jumpTo('X'), recent('rcheck')), undefined)).toBe('rule, recentCheck, recentList x 7, jump')
    expect(words(makeRule(undefined, recent('set')), undefined)).toBe('rule, recentSet, recentList x 7')
  })

  it('know any other module', () => {
    const limit: Match = { kind: 'limit', rate: 1, per: 'sec', burst: 5 }
    expect(words(makeRule(undefined, limit), limit)).toBe('rule, otherMatch')
  })
})
