import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { parseIp } from '../net/ip.ts'
import type { NftRule, NftRuleset } from '../ruleset/nft-ruleset.ts'
import { parseIptables } from '../ruleset/parse-iptables.ts'
import { iptablesForks } from './iptables-forks.ts'
import { nftForks } from './nft/nft-forks.ts'
import { type DrawPlace, type ForkOf, SteeredDraws } from './steered-draws.ts'

const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:SVC - [0:0]
:A - [0:0]
:B - [0:0]
:LATE - [0:0]
-A PREROUTING -j SVC
-A SVC -m statistic --mode random --probability 0.25 -j A
-A SVC -m statistic --mode random --probability 0.50 -j B
-A SVC -j LATE
-A A -j DNAT --to-destination 10.244.0.1
-A B -p tcp -m tcp -j DNAT --to-destination 10.244.0.2:8080
-A LATE -p tcp -m tcp -j DNAT --to-destination 10.244.0.3:8080
COMMIT
*filter
:FORWARD ACCEPT [0:0]
-A FORWARD -m statistic --mode random --probability 0.10 -j DROP
-A FORWARD -m statistic --mode random ! --probability 0.25 -j REJECT --reject-with icmp-port-unreachable
COMMIT
`

function iptables(text: string): ForkOf {
  const parsed = parseIptables(text, { family: 4 })
  if (E.isLeft(parsed)) throw new Error(JSON.stringify(parsed.left))
  return iptablesForks(parsed.right.ruleset)
}

const at = (table: string, chain: string, index: number): DrawPlace => ({ table, chain, index })
const shares = (forkOf: ForkOf, place: DrawPlace) =>
  forkOf(place).map(({ name, chance, ends }) => [name, Number(chance.toFixed(6)), [...ends].join(' ')])

describe('forks of iptables', () => {
  const forkOf = iptables(RULES)

  it('a run of statistic rules is one fork, what follows it the last option', () => {
    expect(shares(forkOf, at('nat', 'SVC', 0))).toEqual([
      ['A', 0.25, '10.244.0.1:0'],
      ['B', 0.375, '10.244.0.2:8080'],
      ['none of them', 0.375, '10.244.0.3:8080'],
    ])
  })

  it('a rule by itself is taken or not, also when negated', () => {
    expect(shares(forkOf, at('filter', 'FORWARD', 0))).toEqual([
      ['drop', 0.1, 'drop'],
      ['none of them', 0.9, 'reject'],
    ])
    expect(shares(forkOf, at('filter', 'FORWARD', 1))).toEqual([
      ['none of them', 0.25, ''],
      ['reject', 0.75, 'reject'],
    ])
  })

  it('what is always taken leaves nothing behind it', () => {
    const always = iptables('*nat\n:C - [0:0]\n-A C -m statistic --mode random --probability 1.0 -j C\nCOMMIT\n')
    expect(shares(always, at('nat', 'C', 0))).toEqual([['C', 1, '']])
  })
})

describe('forks of nftables', () => {
  const dnat = (ip: string): NftRule => ({ statements: [], verdict: { kind: 'dnat', address: parseIp(ip)!, port: 80 } })
  const ruleset: NftRuleset = {
    family: 4,
    tables: [
      {
        name: 't',
        sets: new Map(),
        chains: new Map(
          [
            { name: 'a', rules: [dnat('10.0.0.1')] },
            { name: 'b', rules: [dnat('10.0.0.2')] },
            {
              name: 'service',
              rules: [
                {
                  statements: [
                    {
                      kind: 'numgen' as const,
                      mode: 'random' as const,
                      modulus: 3,
                      verdicts: [
                        { kind: 'goto' as const, chain: 'a' },
                        { kind: 'goto' as const, chain: 'b' },
                      ],
                    },
                  ],
                },
                { statements: [], verdict: { kind: 'drop' as const } },
              ],
            },
          ].map(chain => [chain.name, chain]),
        ),
      },
    ],
  }

  it('each number is an option, one without a verdict goes on', () => {
    expect(shares(nftForks(ruleset), at('t', 'service', 0))).toEqual([
      ['a', 0.333333, '10.0.0.1:80'],
      ['b', 0.333333, '10.0.0.2:80'],
      ['no match', 0.333333, 'drop'],
    ])
  })

  it('its bounds are the first words of their numbers', () => {
    const bounds = nftForks(ruleset)(at('t', 'service', 0)).map(o => o.bound)
    expect(bounds.map(word => Math.floor((word * 3) / 2 ** 32))).toEqual([0, 1, 2])
    expect(bounds.slice(1).map(word => Math.floor(((word - 1) * 3) / 2 ** 32))).toEqual([0, 1])
  })
})

describe('SteeredDraws', () => {
  const draws = new SteeredDraws(iptables(RULES))
  const lead = (place: DrawPlace, ...goals: string[]) => {
    const { candidates, guess } = draws.lead(place, new Set(goals))
    return { candidates, guess }
  }
  const service = at('nat', 'SVC', 0)

  it('tells the option that leads to the goal', () => {
    expect(lead(service, '10.244.0.1:5', '10.244.0.1:0')).toEqual({ candidates: [0], guess: 0 })
    expect(lead(service, '10.244.0.2:8080')).toEqual({ candidates: [1], guess: 1 })
    expect(lead(service, '10.244.0.3:8080')).toEqual({ candidates: [2], guess: 2 })
  })

  it('leaves open which of several it was', () => {
    expect(lead(service, '10.244.0.1:0', '10.244.0.2:8080')).toEqual({ candidates: [0, 1], guess: undefined })
    expect(lead(service, '10.1.1.1:80')).toEqual({ candidates: [0, 1, 2], guess: undefined })
    expect(lead(service)).toEqual({ candidates: [0, 1, 2], guess: undefined })
  })

  it('leaves open what stopped a packet, but guesses', () => {
    expect(lead(service, 'drop')).toEqual({ candidates: [0, 1, 2], guess: undefined })
    expect(lead(at('filter', 'FORWARD', 0), 'drop')).toEqual({ candidates: [0, 1], guess: 0 })
    expect(lead(at('filter', 'FORWARD', 1), 'reject')).toEqual({ candidates: [0, 1], guess: 1 })
  })

  it('takes what ends nowhere for a packet that no rule stopped', () => {
    expect(lead(at('filter', 'FORWARD', 1), '10.1.1.1:80')).toEqual({ candidates: [0], guess: 0 })
  })

  it('keeps the counts of a place until they are cleared', () => {
    const { fork } = draws.lead(service, new Set())
    fork.counts[1]++
    expect(draws.counts().find(c => c.place.chain === 'SVC')?.counts).toEqual([0, 1, 0])
    expect(draws.lead(service, new Set()).fork).toBe(fork)
    draws.clear()
    expect(fork.counts).toEqual([0, 0, 0])
  })
})
