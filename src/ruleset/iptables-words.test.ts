import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newWords, splitWords } from './iptables-words.ts'
import { quote } from './print-match.ts'

function split(line: string): readonly [string, boolean][] | number {
  const words = newWords()
  const open = splitWords(line, words)
  if (open !== undefined) return open
  return Array.from({ length: words.count }, (_, i) => [words.texts[i], words.quoted[i]] as const).map(w => [...w])
}

describe('splitWords', () => {
  it.each<[string, [string, boolean][]]>([
    ['', []],
    ['  \t ', []],
    [
      '-A X',
      [
        ['-A', false],
        ['X', false],
      ],
    ],
    [
      ' a\tb  c ',
      [
        ['a', false],
        ['b', false],
        ['c', false],
      ],
    ],
    ['""', [['', true]]],
    [
      '"a b" c',
      [
        ['a b', true],
        ['c', false],
      ],
    ],
    // The closing quote ends the word, as in iptables-restore.
    [
      '"a"b',
      [
        ['a', true],
        ['b', false],
      ],
    ],
    [
      'a"b c"d',
      [
        ['ab c', true],
        ['d', false],
      ],
    ],
    ['"a\\"b\\\\\\c"', [['a"b\\c', true]]],
    [
      "'a b'",
      [
        ["'a", false],
        ["b'", false],
      ],
    ],
    [
      'a\\ b',
      [
        ['a\\', false],
        ['b', false],
      ],
    ],
  ])('splits %j', (line, words) => {
    expect(split(line)).toEqual(words)
  })

  it('says where a quote stays open', () => {
    expect(split('a "b')).toBe(2)
    expect(split('ab"c\\"')).toBe(2)
  })

  it('reads back whatever is quoted', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        const words = split(`x${quote(text)} y`)
        expect(words).toHaveLength(3)
        expect((words as readonly [string, boolean][])[1][0]).toBe(text)
      }),
    )
  })

  it('tells where words stand', () => {
    const words = newWords()
    splitWords(' a "b c"', words)
    expect([words.starts.slice(0, words.count), words.ends.slice(0, words.count)]).toEqual([
      [1, 3],
      [2, 8],
    ])
  })
})
