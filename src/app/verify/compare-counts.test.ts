import { describe, expect, it } from 'vitest'
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

const verdicts = (kernel: RuleCount[], svcsim: RuleCount[], untold = 0) =>
  compareCounts(kernel, svcsim, untold).map(r => (r.equal ? 'equal' : r.withinChance ? 'within chance' : 'differs'))

describe('compareCounts', () => {
  it('compares rules by their place', () => {
    expect(verdicts([], [])).toEqual([])
    expect(verdicts([rule(0, 3, 1), rule(1, 2, 2)], [rule(1, 2, 2), rule(0, 3, 1)])).toEqual(['equal', 'equal'])
    expect(verdicts([rule(0, 3, 1)], [rule(0, 3, 2)])).toEqual(['differs'])
    expect(verdicts([rule(0, 3, 1)], [rule(0, 4, 1)])).toEqual(['differs'])
    expect(verdicts([rule(0, 3, 1, 40)], [rule(0, 3, 1, 60)])).toEqual(['differs'])
  })

  it('a rule that one side alone has is a difference', () => {
    expect(verdicts([rule(0, 0, 0)], [rule(1, 0, 0)], 5)).toEqual(['differs', 'differs'])
  })

  it('choices that were made up can have moved a count as often', () => {
    expect(verdicts([rule(0, 10, 4)], [rule(0, 12, 5)], 2)).toEqual(['within chance'])
    expect(verdicts([rule(0, 10, 4)], [rule(0, 13, 4)], 2)).toEqual(['differs'])
  })
})
