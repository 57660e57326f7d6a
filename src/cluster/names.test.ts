import { describe, expect, it } from 'vitest'
import { dns1035Label, dnsLabel, dnsSubdomain, labelKey, labelValue, portName } from './names.ts'

const RULES = { dnsLabel, dns1035Label, dnsSubdomain, portName, labelKey, labelValue }

describe('names', () => {
  it.each([
    ['dnsLabel', ['a', '0', '1a-b', 'a'.repeat(63)], ['', 'A', '-a', 'a-', 'a.b', 'a_b', 'a'.repeat(64), 'a\n']],
    ['dns1035Label', ['a', 'a1', 'a-b'], ['', '1a', 'A', 'a-', 'a.b', 'a'.repeat(64)]],
    ['dnsSubdomain', ['a', '1.b-c.d', 'a'.repeat(253)], ['', '.', 'a.', 'a..b', 'a.-b', 'A', 'a'.repeat(254)]],
    ['portName', ['http', 'h2', '8080-http', 'a'.repeat(15)], ['', '8080', 'HTTP', '-a', 'a--b', 'a'.repeat(16)]],
    ['labelKey', ['app', 'A_b.c', 'example.com/app'], ['', '/app', 'a/', 'a/b/c', '_a', '__proto__', 'x'.repeat(64)]],
    ['labelValue', ['', 'a', 'A_b.c', 'x'.repeat(63)], ['-a', 'a b', 'x'.repeat(64), 'ä']],
  ] as const)('%s', (rule, good, bad) => {
    for (const name of good) expect([name, RULES[rule](name)]).toEqual([name, undefined])
    for (const name of bad) expect([name, typeof RULES[rule](name)]).toEqual([name, 'string'])
  })
})
