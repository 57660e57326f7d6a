import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diffBags, diffSequences } from './diff-rules.ts'

const letters = (text: string): string[] => [...text]
const list = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 8 })
const without = (texts: readonly string[], indexes: readonly number[]): string[] =>
  texts.filter((_, i) => !indexes.includes(i))

describe('diffBags', () => {
  it('counts, and leaves the last ones over', () => {
    expect(diffBags(letters('abca'), letters('acd'))).toEqual({ onlyLeft: [1, 3], onlyRight: [2] })
    expect(diffBags(letters('a'), letters('aba'))).toEqual({ onlyLeft: [], onlyRight: [1, 2] })
    expect(diffBags([], [])).toEqual({ onlyLeft: [], onlyRight: [] })
  })

  it('leaves the same bag on both sides, and nothing twice', () => {
    fc.assert(
      fc.property(list, list, (left, right) => {
        const { onlyLeft, onlyRight } = diffBags(left, right)
        expect(without(left, onlyLeft).sort()).toEqual(without(right, onlyRight).sort())
        expect(onlyLeft.filter(i => onlyRight.some(j => left[i] === right[j]))).toEqual([])
      }),
    )
  })
})

describe('diffSequences', () => {
  it('minds the order', () => {
    expect(diffSequences(letters('abc'), letters('acb')).onlyLeft).toHaveLength(1)
    expect(diffSequences(letters('xabcy'), letters('xabdcy'))).toEqual({ onlyLeft: [], onlyRight: [3] })
    expect(diffSequences(letters('abc'), [])).toEqual({ onlyLeft: [0, 1, 2], onlyRight: [] })
  })

  it('leaves a longest common subsequence', () => {
    fc.assert(
      fc.property(list, list, (left, right) => {
        const { onlyLeft, onlyRight } = diffSequences(left, right)
        const common = without(left, onlyLeft)
        expect(common).toEqual(without(right, onlyRight))
        expect(common).toHaveLength(lengthOfLongest(left, right))
      }),
    )
  })

  it('compares very long lists as bags', () => {
    const long = Array.from({ length: 3000 }, (_, i) => `${i}`)
    expect(diffSequences(long, [...long].reverse())).toEqual({ onlyLeft: [], onlyRight: [] })
  })
})

/** The slow, obvious way. */
function lengthOfLongest(left: readonly string[], right: readonly string[]): number {
  if (left.length === 0 || right.length === 0) return 0
  const [a, ...as] = left
  const [b, ...bs] = right
  if (a === b) return 1 + lengthOfLongest(as, bs)
  return Math.max(lengthOfLongest(as, right), lengthOfLongest(left, bs))
}
