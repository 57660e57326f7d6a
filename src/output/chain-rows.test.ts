import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RuleTexts, rowsOf } from './chain-rows.ts'

describe('numbers of rules', () => {
  it('are equal where texts are, in one form of a chain and over all its forms', () => {
    const form = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k'), { maxLength: 14 })
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), form), { maxLength: 12 }), forms => {
        const texts = new RuleTexts()
        const asked = forms.map(([chain, rules]) => {
          const printed = rules.map(rule => `-A ${chain} ${rule}`)
          return { printed, numbers: texts.rulesOf(chain, printed) }
        })
        for (const { printed, numbers } of asked)
          expect(Array.from(numbers, number => texts.rule.texts[number])).toEqual(printed)
        expect(texts.rule.texts).toEqual([...new Set(asked.flatMap(a => a.printed))])
      }),
    )
  })
})

describe('rows of a chain', () => {
  const formsOf = (forms: readonly { rules: readonly string[]; firstRule: number }[], matched: readonly number[]) => {
    const texts = new RuleTexts()
    const head = { family: 4 as const, table: texts.table.numberOf('nat'), chain: texts.chain.numberOf('C') }
    const rows = rowsOf(
      [{ ...head, forms: forms.map(f => ({ rules: texts.rulesOf(head.chain, f.rules), firstRule: f.firstRule })) }],
      texts,
    )
    const counters = { matched: Float64Array.from(matched), evaluated: Float64Array.from(matched, m => 10 * m) }
    const columns = rows.columns(family => (family === 4 ? counters : undefined))
    const { rule, index, chain, table, family } = columns
    expect([...family, ...new Set(chain.toArray()), ...new Set(table.toArray())]).toEqual([
      ...index.map(() => 4),
      ...(index.length > 0 ? ['C', 'nat'] : []),
    ])
    return rule.toArray().map((text, i) => [index[i], text, columns.matched[i], columns.evaluated[i]])
  }

  it('are those of its one form; nothing counted is nothing', () => {
    expect(formsOf([{ rules: [], firstRule: 0 }], [])).toEqual([])
    expect(formsOf([{ rules: ['x', 'y'], firstRule: 1 }], [9, 1, 2])).toEqual([
      [1, 'x', 1, 10],
      [2, 'y', 2, 20],
    ])
    expect(formsOf([{ rules: ['x'], firstRule: -1 }], [9])).toEqual([[1, 'x', 0, 0]])
  })

  it('add up over its forms, a rule with the same text once a form', () => {
    expect(
      formsOf(
        [
          { rules: ['x', 'x', 'y'], firstRule: 0 },
          { rules: ['y', 'x', 'x', 'x', 'z'], firstRule: 3 },
          { rules: ['z'], firstRule: -1 },
        ],
        [1, 2, 3, 10, 20, 30, 40, 50],
      ),
    ).toEqual([
      [1, 'x', 21, 210],
      [2, 'x', 32, 320],
      [3, 'y', 13, 130],
      [4, 'x', 40, 400],
      [5, 'z', 50, 500],
    ])
  })
})
