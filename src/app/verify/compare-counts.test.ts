import { describe, expect, it } from 'vitest'
import type { Span, Spread } from '../../replay/flows/count-spread.ts'
import { compareCounts } from './compare-counts.ts'
import type { RuleCount } from './rule-count.ts'

const rule = (index: number, evaluated: number, matched: number, bytes = 40 * matched): RuleCount => ({
  family: 4,
  table: 'nat',
  chain: 'C',
  index,
  evaluated,
  matched,
  bytes,
  rule: '-j ACCEPT',
})

const verdicts = (kernel: RuleCount[], svcsim: RuleCount[], spread?: ReadonlyMap<string, Spread>) =>
  compareCounts(kernel, svcsim, spread).map(r => (r.equal ? 'equal' : r.withinChance ? 'within chance' : 'differs'))

describe('compareCounts', () => {
  it('compares rules by their place', () => {
    expect(verdicts([], [])).toEqual([])
    expect(verdicts([rule(0, 3, 1), rule(1, 2, 2)], [rule(1, 2, 2), rule(0, 3, 1)])).toEqual(['equal', 'equal'])
    expect(verdicts([rule(0, 3, 1)], [rule(0, 3, 2)])).toEqual(['differs'])
    expect(verdicts([rule(0, 3, 1)], [rule(0, 4, 1)])).toEqual(['differs'])
    expect(verdicts([rule(0, 3, 1, 40)], [rule(0, 3, 1, 60)])).toEqual(['differs'])
  })

  it('a rule that one side alone has is a difference', () => {
    expect(verdicts([rule(0, 0, 0)], [rule(1, 0, 0)], spread({ less: 5, more: 5 }))).toEqual(['differs', 'differs'])
  })

  it('what packets may have counted otherwise may differ as far', () => {
    const most = spread({ less: 1, more: 2 })
    expect(verdicts([rule(0, 12, 6)], [rule(0, 10, 4)], most)).toEqual(['within chance'])
    expect(verdicts([rule(0, 9, 3)], [rule(0, 10, 4)], most)).toEqual(['within chance'])
    expect(verdicts([rule(0, 8, 3)], [rule(0, 10, 4)], most)).toEqual(['differs'])
    expect(verdicts([rule(0, 10, 7)], [rule(0, 10, 4)], most)).toEqual(['differs'])
    expect(verdicts([rule(0, 10, 4, 1000)], [rule(0, 10, 4)], most)).toEqual(['differs'])
    expect(verdicts([rule(0, 10, 4)], [rule(0, 10, 4)], most)).toEqual(['equal'])
  })

  it('what they count alike may not', () => {
    const elsewhere = spread({ less: 9, more: 9 }, 'nat C 1')
    expect(verdicts([rule(0, 11, 4)], [rule(0, 10, 4)], elsewhere)).toEqual(['differs'])
    expect(verdicts([rule(0, 11, 4)], [rule(0, 10, 4)])).toEqual(['differs'])
  })
})

/** 40 bytes a packet. */
const spread = ({ less, more }: Span, place = 'nat C 0'): ReadonlyMap<string, Spread> =>
  new Map([
    [place, { evaluated: { less, more }, matched: { less, more }, bytes: { less: 40 * less, more: 40 * more } }],
  ])
