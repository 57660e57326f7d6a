import { describe, expect, it } from 'vitest'
import { junitXml } from './junit-xml.ts'

/** Jenkins' junit-10.xsd, for the elements that are used: children, then attributes, `!` required. */
const SCHEMA: Readonly<Record<string, readonly [children: string, attributes: string]>> = {
  testsuites: ['testsuite', 'name time tests failures errors'],
  testsuite: [
    'testsuite properties testcase system-out system-err',
    'name! tests! failures! errors! group time skipped timestamp hostname id package file log url',
  ],
  testcase: ['skipped error failure system-out system-err', 'name! time classname group'],
  failure: ['', 'type message'],
}

interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: Element[]
}

/** A reader of well-formed XML without text, comments or namespaces: it takes nothing else. */
function parseXml(text: string): Element {
  const head = '<?xml version="1.0" encoding="UTF-8"?>\n'
  expect(text.startsWith(head)).toBe(true)
  const root: Element = { name: '', attributes: {}, children: [] }
  const open = [root]
  const token = /<(\/?)([a-z]+)((?: [a-z]+="[^"<>&\u0000-\u001f]*(?:&#\d+;[^"<>&\u0000-\u001f]*)*")*)(\/?)>\s*/y
  token.lastIndex = head.length
  while (token.lastIndex < text.length) {
    const match = token.exec(text)
    if (match === null) throw new Error('not well-formed')
    const [, closing, name, list, empty] = match
    if (closing === '/') {
      expect(open.pop()!.name).toBe(name)
      continue
    }
    const pairs = [...list.matchAll(/ ([a-z]+)="([^"]*)"/g)].map(([, key, value]) => [
      key,
      value.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code)),
    ])
    const element: Element = { name, attributes: Object.fromEntries(pairs), children: [] }
    open.at(-1)!.children.push(element)
    if (empty === '') open.push(element)
  }
  expect(open).toHaveLength(1)
  expect(root.children).toHaveLength(1)
  return root.children[0]
}

function checkSchema({ name, attributes, children }: Element): void {
  const [may, known] = SCHEMA[name].map(words => words.split(' '))
  for (const key of Object.keys(attributes)) expect(known.map(k => k.replace('!', ''))).toContain(key)
  for (const key of known) if (key.endsWith('!')) expect(attributes).toHaveProperty(key.slice(0, -1))
  if ('time' in attributes) expect(attributes['time']).toMatch(/^(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?$/)
  for (const child of children) {
    expect(may).toContain(child.name)
    checkSchema(child)
  }
}

const threshold = (text: string, passed: boolean) => ({ text, metric: 'm', actual: 7, passed })

describe('JUnit XML', () => {
  it.each([
    ['nothing', []],
    ['a suite without thresholds', [{ name: 'smoke', seconds: 0, thresholds: [] }]],
    [
      'suites that pass and fail',
      [
        { name: 'shop/cluster', seconds: 1.5, thresholds: [threshold('a < 1', false), threshold('b >= 2', true)] },
        { name: 'shop/local', seconds: 1234.5678, thresholds: [threshold('a < 1', true)] },
      ],
    ],
    [
      'hostile names',
      [
        {
          name: `"><script>&amp;]]>'\u0000\u001b[31m\u202e\ufffe\ud800`,
          seconds: 1,
          thresholds: [threshold('<!--\n"&', false)],
        },
      ],
    ],
  ])('is what the schema says: %s', (_, suites) => {
    const root = parseXml(junitXml(suites))
    checkSchema(root)
    const cases = suites.flatMap(s => s.thresholds)
    expect(root.attributes).toMatchObject({
      tests: String(cases.length),
      failures: String(cases.filter(c => !c.passed).length),
    })
    expect(root.children.map(s => s.children.map(c => c.children.length))).toEqual(
      suites.map(s => s.thresholds.map(t => (t.passed ? 0 : 1))),
    )
  })

  it('says what was asked and what it is', () => {
    const root = parseXml(junitXml([{ name: 'smoke', seconds: 2, thresholds: [threshold('a < 1', false)] }]))
    expect(root.children[0].children[0]).toEqual({
      name: 'testcase',
      attributes: { name: 'a < 1', classname: 'svcsim.smoke', time: '0' },
      children: [{ name: 'failure', attributes: { type: 'threshold', message: 'a < 1: it is 7' }, children: [] }],
    })
  })
})
