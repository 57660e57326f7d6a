import { describe, expect, it } from 'vitest'
import { mergeJson } from './merge-json.ts'

const text = (below: object, above: object): string => JSON.stringify(mergeJson(below as never, above as never))

describe('one JSON value over another', () => {
  it.each<[string, object, object, string]>([
    ['nothing over nothing', {}, {}, '{}'],
    [
      'fields stay, change, come and go, in the order of those below',
      { a: 1, b: 2, c: 3 },
      { d: 4, b: 5, a: undefined },
      '{"b":5,"c":3,"d":4}',
    ],
    [
      'objects merge, lists and words are replaced',
      { o: { x: 1, y: [1] }, w: { z: 1 } },
      { o: { y: [2] }, w: 'w' },
      '{"o":{"x":1,"y":[2]},"w":"w"}',
    ],
    ['an object over a word', { o: 1 }, { o: { a: { b: undefined, c: 1 } } }, '{"o":{"a":{"c":1}}}'],
    ['what goes was never there', {}, { a: undefined }, '{}'],
    ['a field called constructor is a field', {}, { constructor: { a: 1 } }, '{"constructor":{"a":1}}'],
  ])('%s', (_, below, above, expected) => {
    expect(text(below, above)).toBe(expected)
  })

  it('keeps __proto__ a plain field, above and below', () => {
    const hostile = JSON.parse('{"__proto__":{"polluted":true}}') as object
    for (const merged of [mergeJson(hostile as never, {}), mergeJson({}, hostile as never)]) {
      expect(Object.keys(merged)).toEqual(['__proto__'])
      expect('polluted' in merged).toBe(false)
    }
    expect(text(hostile, { __proto__: null })).toBe('{"__proto__":{"polluted":true}}')
  })

  it('changes neither', () => {
    const below = { a: { b: 1 } }
    const above = { a: { c: 2 } }
    mergeJson(below, above)
    expect([below, above]).toEqual([{ a: { b: 1 } }, { a: { c: 2 } }])
  })
})
