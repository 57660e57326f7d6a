/** The generated parts of docs and snapshots are those of the code (`npm run docs`), and a changed schema has a new version. */
import { describe, expect, it } from 'vitest'
import { EXAMPLE_QUERIES } from './example-queries.ts'
import { generatedFiles, textOf, withPart } from './generated.ts'
import { schemaSnapshot, schemasInCode } from './schema-snapshot.ts'

describe('generated files', () => {
  it.each(generatedFiles())('$path is what npm run docs writes', ({ path, text }) => {
    expect(textOf(path)).toBe(text)
  })

  it('want their marks', () => {
    expect(withPart('a\n<!-- generated: x -->\nold\n<!-- end of x -->\nb', 'x', 'new\n')).toBe(
      'a\n<!-- generated: x -->\nnew\n<!-- end of x -->\nb',
    )
    expect(() => withPart('a', 'x', '')).toThrow('no part')
  })

  it('have a query of every table and of no other', () => {
    expect([...Object.keys(EXAMPLE_QUERIES), 'events'].toSorted()).toEqual(Object.keys(schemasInCode()).toSorted())
  })
})

describe('a schema', () => {
  const before = { t: { version: 2, columns: ['a: utf8, no unit'] } }

  it.each([
    ['another column', { version: 2, columns: ['a: utf8, no unit', 'b: int64, packets'] }],
    ['another unit', { version: 2, columns: ['a: utf8, us'] }],
    ['a version of the past', { version: 1, columns: ['a: utf8, no unit'] }],
  ])('with %s wants a new version', (_, t) => {
    expect(() => schemaSnapshot(before, { t })).toThrow('t: its columns changed and its version is still 2')
  })

  it.each([
    ['the same', { t: before.t }],
    ['changed with its version', { t: { version: 3, columns: [] } }],
    ['new', { ...before, u: { version: 1, columns: [] } }],
  ])('that is %s is taken', (_, now) => {
    expect(schemaSnapshot(before, now)).toEqual(now)
  })
})
