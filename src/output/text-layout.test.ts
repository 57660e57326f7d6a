import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { textTable } from './text-layout.ts'

const column = (title: string, numeric = true) => ({ title, numeric })

describe('a table of text', () => {
  it('stands in one piece where there is room', () => {
    const table = { title: 'T', columns: [column('name', false), column('two words')], rows: [['a', '1']] }
    expect(textTable(table, 9)).toEqual(['T', 'name  two words', 'a             1'])
  })

  it('has its headings in lines where there is little', () => {
    const columns = [column('', false), ...Array.from({ length: 9 }, () => column('mean rules'))]
    expect(textTable({ title: 'T', columns, rows: [['a', ...Array(9).fill('1')]] }, 9)).toEqual([
      'T',
      `   ${Array(9).fill(' mean').join('  ')}`,
      `   ${Array(9).fill('rules').join('  ')}`,
      `a  ${Array(9).fill('    1').join('  ')}`,
    ])
  })

  it('goes on below, by the same first column, where there is none', () => {
    const columns = [column('name', false), ...Array.from({ length: 4 }, (_, i) => column(`${i}`.repeat(30)))]
    const [title, ...lines] = textTable({ title: 'T', columns, rows: [['a', '1', '2', '3', '4']] }, 9)
    expect(title).toBe('T')
    expect(lines.map(line => line.split(/ +/))).toEqual([
      ['name', '0'.repeat(30), '1'.repeat(30)],
      ['a', '1', '2'],
      [''],
      ['name', '2'.repeat(30), '3'.repeat(30)],
      ['a', '3', '4'],
    ])
  })

  it('breaks a name that is too long, and says how many rows it leaves out', () => {
    const rows = [
      [`${'n'.repeat(90)}!`, '1'],
      ['b', '2'],
    ]
    expect(textTable({ title: 'T', columns: [column('name', false), column('count')], rows }, 1)).toEqual([
      'T',
      `name${' '.repeat(71)}count`,
      `${'n'.repeat(73)}      1`,
      `${'n'.repeat(17)}!`,
      '… and 1 more',
    ])
  })

  it('is never wider than 80 columns and loses no letter, for any table', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '世', '-'), minLength: 1, maxLength: 70 })
    const table = fc
      .integer({ min: 1, max: 12 })
      .chain(n =>
        fc.tuple(
          fc.array(word, { minLength: n, maxLength: n }),
          fc.array(fc.array(word, { minLength: n, maxLength: n }), { maxLength: 4 }),
        ),
      )
    fc.assert(
      fc.property(table, ([titles, rows]) => {
        const lines = textTable({ title: '', columns: titles.map(t => column(t)), rows }, 9)
        for (const line of lines)
          expect([...line].reduce((w, c) => w + (c === '世' ? 2 : 1), 0)).toBeLessThanOrEqual(80)
        const letters = (text: string): string => [...text.replace(/ /g, '')].sort().join('')
        const [first] = [titles, ...rows].map(row => row[0])
        expect(first).toBeDefined()
        const blocks = lines.filter(line => line === '').length
        const repeated = Array<string>(blocks - 1).fill([titles, ...rows].map(row => row[0]).join(''))
        expect(letters(lines.join(''))).toBe(letters([...titles, ...rows.flat(), ...repeated].join('')))
      }),
    )
  })
})
