import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { makeFile } from '../../test/make-kubernetes-json.ts'
import { describeProblem } from '../problem/problem.ts'
import { printYaml, readManifest } from './manifest.ts'
import type { ManifestDocument } from './manifest-document.ts'

const read = (text: string | Uint8Array): readonly ManifestDocument[] => {
  const result = readManifest(makeFile(text))
  if (E.isLeft(result)) throw new Error(describeProblem(result.left))
  return result.right
}
const values = (text: string): unknown[] => read(text).map(document => document.value)
const fault = (text: string | Uint8Array): string => {
  const result = readManifest(makeFile(text))
  return E.isLeft(result) ? describeProblem(result.left) : 'accepted'
}

describe('readManifest', () => {
  it.each([
    ['nothing', '', []],
    ['white space', ' \r\n\t', []],
    ['a comment', '# nothing\n', []],
    ['empty documents', '---\n---\n# x\n---\n', []],
    ['one YAML document', 'a: 1\nb: [x, "y"]\n', [{ a: 1, b: ['x', 'y'] }]],
    ['several', 'a: 1\n---\n---\nb: 2\n...\n---\nc: 3', [{ a: 1 }, { b: 2 }, { c: 3 }]],
    ['one JSON object', '{"a": 1}', [{ a: 1 }]],
    ['JSON values in a row', '{"a":1}{"b":2}\n{"c":3}', [{ a: 1 }, { b: 2 }, { c: 3 }]],
    ['NDJSON', '{"a":1}\r\n{"b":2}\r\n', [{ a: 1 }, { b: 2 }]],
    ['JSON between dashes', '{"a":1}\n---\n{"b":2}\n', [{ a: 1 }, { b: 2 }]],
    ['JSON among YAML', 'a: 1\n---\n{"b": 2}\n', [{ a: 1 }, { b: 2 }]],
    ['JSON as people write it', '{a: 1, b: [2,],}', [{ a: 1, b: [2] }]],
    ['a byte order mark', '\ufeffa: 1', [{ a: 1 }]],
    ['a byte order mark before JSON', '\ufeff{"a":1}', [{ a: 1 }]],
    ['CRLF', 'a: 1\r\nb:\r\n- 2\r\n', [{ a: 1, b: [2] }]],
    [
      'aliases and merge keys',
      'a: &a {x: 1}\nb: *a\nc:\n  <<: *a\n  y: 2\n',
      [{ a: { x: 1 }, b: { x: 1 }, c: { x: 1, y: 2 } }],
    ],
    ['names that are no text', '1: a\ntrue: b\n', [{ 1: 'a', true: 'b' }]],
    [
      'times and version numbers as text',
      'a: 2026-01-01T00:00:00Z\nb: 1.2.3\n',
      [{ a: '2026-01-01T00:00:00Z', b: '1.2.3' }],
    ],
  ])('reads %s', (_name, text, expected) => {
    expect(values(text)).toEqual(expected)
  })

  it('keeps __proto__ a plain field', () => {
    for (const text of ['{"__proto__": {"x": 1}}', '__proto__: {x: 1}\n']) {
      const [value] = values(text)
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
      expect(Object.keys(value as object)).toEqual(['__proto__'])
    }
    expect(({} as { x?: number }).x).toBeUndefined()
  })

  it('numbers documents as the text does', () => {
    expect(read('---\na: 1\n---\n---\nb: 2\n').map(d => d.document)).toEqual([1, 3])
  })

  it.each([
    ['YAML', 'a: 1\n---\n# two\nspec:\n  ports:\n  - port: 80\n  - port: 90\n'],
    ['JSON', '{"a": 1}\n\n{"spec":\n  {"ports": [\n  { "é": 0, "port": 80}, {"x": 1,\n  "port": 90} ]}}'],
  ])('says where the fields of a %s document stand', (name, text) => {
    const { locate } = read(text)[1]
    const at =
      name === 'YAML'
        ? [
            [4, 1],
            [6, 11],
            [7, 11],
            [7, 5],
          ]
        : [
            [3, 1],
            [5, 21],
            [6, 11],
            [5, 26],
          ]
    const paths = [[], ['spec', 'ports', 0, 'port'], ['spec', 'ports', 1, 'port'], ['spec', 'ports', 1, 'absent']]
    expect(paths.map(locate).map(({ line, column }) => [line, column])).toEqual(at)
  })

  it.each([
    ['YAML', 'kind: List\nitems:\n- a: 1\n-   b: &b\n      c: 2\n- *b\n'],
    ['JSON', '{"items":\n[\n{"a": 1},   {"b":\n {"c": 2}}]}'],
  ])('says where the items of a %s list stand', (name, text) => {
    const { locate } = read(text)[0]
    const at =
      name === 'YAML'
        ? [
            [3, 3],
            [4, 5],
            [5, 10],
          ]
        : [
            [3, 1],
            [3, 13],
            [4, 8],
          ]
    const paths = [
      ['items', 0],
      ['items', 1],
      ['items', 1, 'b', 'c'],
    ]
    expect(paths.map(locate).map(({ line, column }) => [line, column])).toEqual(at)
  })

  it.each([
    ['bytes that are no text', new Uint8Array([0x1f, 0x8b, 8, 0, 255]), /^a\.yaml: the file is no UTF-8 text; /],
    ['UTF-16', new Uint8Array([0xff, 0xfe, 0x61, 0]), /no UTF-8 text/],
    ['a zero byte', 'a: \0', /^a\.yaml: the file is no text: byte 3 is 0/],
    ['broken YAML', 'a: 1\nb: [\n', /^a\.yaml:\d:\d: no valid YAML: /],
    ['broken YAML in a later document', 'a: 1\n---\nb: "\n', /^a\.yaml:\d:\d: document 2: no valid YAML: /],
    ['a directive without its end', '%YAML 1.2\na: 1\n', /^a\.yaml:2:1: no valid YAML: Missing directives-end/],
    ['a bracket behind the end', 'a: 1\n]', /^a\.yaml:2:1: document 2: no valid YAML: Unexpected flow-seq-end/],
    ['tabs', 'a:\n\tb: 1\n', /^a\.yaml:2:1: no valid YAML: Tabs are not allowed/],
    ['a name that stands twice', 'a: 1\nb:\n  c: 1\n  c: 2\n', /^a\.yaml:4:3: "c" stands twice in one object; /],
    ['numbers that JSON has not', 'a: .inf\n', /^a\.yaml:1:4: Infinity is no number of JSON/],
    ['an object as a name', '? {a: 1}\n: b\n', /no valid YAML/],
    ['an alias of nothing', 'a: *b\n', /Unresolved alias/],
    ['JSON that is cut off', '{"a": [1,\n2', /^a\.yaml:1:1: the JSON that begins here does not end; /],
    ['JSON with more behind it', '{"a": 1}}', /^a\.yaml:1:9: what begins as JSON goes on as something else here; /],
    ['deep JSON', '['.repeat(100_000), /^a\.yaml:1:513: nested deeper than 512; /],
    ['deep JSON that ends', '['.repeat(100_000) + ']'.repeat(100_000), /nested deeper than 512/],
    ['deep flow YAML', `a: ${'['.repeat(100_000)}`, /nested deeper than 512/],
    ['deep block YAML', '- '.repeat(100_000), /nested deeper than 512/],
    [
      'deep YAML by lines',
      Array.from({ length: 1500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      /nested deeper than 512/,
    ],
  ])('refuses %s', (_name, text, expected) => {
    expect(fault(text)).toMatch(expected)
  })

  it('refuses a bomb of aliases', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]']
    for (let i = 1; i < 9; i++)
      lines.push(
        `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      )
    expect(fault(lines.join('\n'))).toMatch(/^a\.yaml: Excessive alias count/)
  })

  it('refuses aliases that make much of little', () => {
    const long = 'x'.repeat(2 ** 20)
    expect(fault(`a: &a ${long}\nb: [${'*a, '.repeat(80)}]`)).toMatch(
      /^a\.yaml: aliases make this document too large; /,
    )
    const many = Array.from({ length: 6000 }, (_, i) => `- &a${i} x\n- *a${i}`).join('\n')
    expect(fault(many)).toMatch(/^a\.yaml:10001:10: more than 10000 anchors and aliases; /)
  })

  it('stops at the first of many faults', () => {
    expect(fault(`a: 1\n---\n- [${','.repeat(200_000)}]`)).toMatch(/^a\.yaml:3:5: document 2: no valid YAML: /)
    expect(fault(`a: 1\n${'}\n'.repeat(1000)}`)).toMatch(/^a\.yaml:2:1: document 2: no valid YAML: /)
  })

  it('refuses a YAML line without end, and takes one of JSON', () => {
    const long = 'x'.repeat(17 * 2 ** 20)
    expect(fault(`a: 1\nb: ${long}`)).toMatch(/^a\.yaml:2: the line has more than 16777216 bytes; /)
    expect(values(`{"a": "${long}"}`)).toEqual([{ a: long }])
  })

  it('refuses a file over 1 GiB', () => {
    expect(fault(new Uint8Array(2 ** 30 + 1))).toMatch(/^a\.yaml: 1073741825 bytes are too many; /)
  })

  it('refuses a file over 64 MiB that is YAML', () => {
    expect(fault(new Uint8Array(2 ** 26 + 1).fill(0x0a, 1).fill(0x61, 0, 1))).toMatch(
      /67108865 bytes of YAML are too many; /,
    )
  })
})

describe('printYaml', () => {
  it('is read back as it was', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1, noNullPrototype: true }), value => {
        // Through JSON, which has no negative zero.
        expect(JSON.parse(JSON.stringify(values(printYaml(value))))).toEqual([JSON.parse(JSON.stringify(value))])
      }),
    )
  })

  it('prints as kubectl does', () => {
    const shared = { x: 'yes' }
    expect(printYaml({ b: [shared, '1'], a: shared, long: 'word '.repeat(40) })).toBe(
      `a:\n  x: "yes"\nb:\n  - x: "yes"\n  - "1"\nlong: "${'word '.repeat(40)}"\n`,
    )
  })
})
