import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonPath } from './field-cursor.ts'
import { MOST_NESTING, splitJsonStream } from './json-stream.ts'
import { listElements, locateJson } from './locate-json.ts'

/** Every path of a value, with what stands there. */
function* pathsOf(value: unknown, path: JsonPath = []): Generator<[JsonPath, unknown]> {
  yield [path, value]
  if (Array.isArray(value)) for (const [i, item] of value.entries()) yield* pathsOf(item, [...path, i])
  else if (typeof value === 'object' && value !== null)
    for (const [name, item] of Object.entries(value)) yield* pathsOf(item, [...path, name])
}

const collection = fc.oneof(fc.array(fc.jsonValue(), { maxLength: 4 }), fc.dictionary(fc.string(), fc.jsonValue()))

describe('splitJsonStream', () => {
  it('cuts a stream into the values it was joined from', () => {
    const separator = fc.constantFrom('', ' ', '\n', '\r\n', '\n---\n')
    fc.assert(
      fc.property(fc.array(collection), separator, fc.constantFrom(undefined, 1), (values, between, indent) => {
        const bytes = Buffer.from(values.map(value => JSON.stringify(value, null, indent)).join(between))
        const stream = splitJsonStream(bytes, 0)
        if (stream._tag !== 'Values') throw new Error(stream._tag)
        const parsed: unknown[] = []
        for (let i = 0; i < stream.bounds.length; i += 2)
          parsed.push(JSON.parse(bytes.toString('utf8', stream.bounds[i], stream.bounds[i + 1])))
        expect(JSON.stringify(parsed)).toBe(JSON.stringify(values))
      }),
    )
  })

  it.each([
    ['', { _tag: 'Values', bounds: [] }],
    [' \n\t ', { _tag: 'Values', bounds: [] }],
    ['{}', { _tag: 'Values', bounds: [0, 2] }],
    ['{"a":"}{"}', { _tag: 'Values', bounds: [0, 10] }],
    ['{"a":"\\""} []', { _tag: 'Values', bounds: [0, 10, 11, 13] }],
    ['{} x', { _tag: 'NotJson', offset: 3 }],
    ['{}]', { _tag: 'NotJson', offset: 2 }],
    ['{} -1', { _tag: 'NotJson', offset: 3 }],
    ['{} "a"', { _tag: 'NotJson', offset: 3 }],
    ['{} {"a":', { _tag: 'CutOff', offset: 3 }],
    ['{"a":"b', { _tag: 'CutOff', offset: 0 }],
    ['{"a":"b\\', { _tag: 'CutOff', offset: 0 }],
    ['['.repeat(MOST_NESTING) + ']'.repeat(MOST_NESTING), { _tag: 'Values', bounds: [0, 2 * MOST_NESTING] }],
    ['['.repeat(MOST_NESTING + 1), { _tag: 'TooDeep', offset: MOST_NESTING }],
  ])('%.20s', (text, expected) => {
    expect(splitJsonStream(Buffer.from(text), 0)).toEqual(expected)
  })
})

describe('locateJson', () => {
  it('finds every field of any value', () => {
    fc.assert(
      fc.property(collection, fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        const bytes = Buffer.from(text)
        for (const [path, below] of pathsOf(JSON.parse(text))) {
          const found = bytes.toString('utf8', locateJson(bytes, 0, path))
          const depth = typeof indent === 'undefined' ? 0 : path.length
          const written = JSON.stringify(below, null, indent).replaceAll(
            '\n',
            `\n${(indent === 1 ? ' ' : '\t').repeat(depth)}`,
          )
          expect(found.startsWith(written)).toBe(true)
        }
      }),
    )
  })

  it('stays at the last value on the way, and takes the last of equal names', () => {
    const bytes = Buffer.from(' {"a": {"b": [10, 20]}, "a": {"c": 1}}')
    expect(locateJson(bytes, 0, [])).toBe(1)
    expect(locateJson(bytes, 0, ['a', 'c'])).toBe(35)
    expect(locateJson(bytes, 0, ['a', 'b', 0])).toBe(29)
    expect(locateJson(bytes, 0, ['x', 'y'])).toBe(1)
    expect(locateJson(bytes, 0, [0])).toBe(1)
  })

  it('lists elements', () => {
    expect(listElements(Buffer.from('[]'), 0)).toEqual([])
    expect(listElements(Buffer.from('[ 1 ,"a,]" , [2,3], {"b":[4]} ]'), 0)).toEqual([2, 5, 13, 20])
    expect(listElements(Buffer.from('{"a":[1]}'), 0)).toEqual([])
  })
})
