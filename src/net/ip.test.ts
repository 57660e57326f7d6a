import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  canonicalIp,
  formatIp,
  formatPrefix,
  networkAddress,
  parseIp,
  parsePrefix,
  prefixContains,
  prefixSize,
  readIpWords,
  writeIpWords,
} from './ip.ts'

describe('addresses', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['::1', '::1'],
    ['FD00:0:0::5', 'fd00::5'],
    ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
  ])('%s is %s', (text, wanted) => {
    expect(canonicalIp(text)).toBe(wanted)
  })

  it('sees canonical IPv4 text as parsing and printing does', () => {
    const octet = fc.oneof(fc.nat({ max: 260 }).map(String), fc.constantFrom('', '00', '01', '-1', '1.', 'a'))
    fc.assert(
      fc.property(fc.array(octet, { minLength: 3, maxLength: 5 }), octets => {
        const text = octets.join('.')
        const address = parseIp(text)
        expect(canonicalIp(text)).toBe(address === undefined ? undefined : formatIp(address))
      }),
    )
  })

  it.each([
    '',
    '10',
    '10.0.0',
    '010.0.0.1',
    '10.0.0.256',
    '0x0a.0.0.1',
    '10.0.0.1/8',
    ' 10.0.0.1',
    'fe80::1%eth0',
    ':::',
    '1:2:3',
    'None',
    '1.2.3.4.5',
  ])('%j is none', text => {
    expect(parseIp(text)).toBeUndefined()
  })

  it('go to words and back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), value => {
        const words = new Uint32Array(6)
        writeIpWords(value, words, 1)
        expect(readIpWords(words, 1)).toBe(value)
      }),
    )
  })

  it('print and parse back', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), text => {
        const address = parseIp(text)
        if (address === undefined) return
        expect(parseIp(formatIp(address))).toEqual(address)
      }),
    )
  })
})

describe('prefixes', () => {
  it.each([
    ['10.96.0.0/12', 1_048_576n, '10.111.255.255', '10.112.0.0'],
    ['10.0.0.0/0', 1n << 32n, '255.0.0.0', 'fd00::1'],
    ['10.0.0.7/32', 1n, '10.0.0.7', '10.0.0.8'],
    ['fd00::/112', 65_536n, 'fd00::ffff', 'fd00::1:0'],
    ['::/0', 1n << 128n, 'fd00::1', '10.0.0.1'],
  ])('%s', (text, size, inside, outside) => {
    const prefix = parsePrefix(text)!
    expect(formatPrefix(prefix)).toBe(text)
    expect(prefixSize(prefix)).toBe(size)
    expect(prefixContains(prefix, parseIp(inside)!)).toBe(true)
    expect(prefixContains(prefix, parseIp(outside)!)).toBe(false)
  })

  it('keeps host bits apart from the network', () => {
    const prefix = parsePrefix('10.1.2.3/8')!
    expect(formatPrefix(prefix)).toBe('10.1.2.3/8')
    expect(networkAddress(prefix)).toBe(0x0a00_0000n)
  })

  it.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/08', '10.0.0.0/', 'fd00::/129', '10.0.0.0/8/8', 'x/8'])(
    '%j is none',
    text => {
      expect(parsePrefix(text)).toBeUndefined()
    },
  )
})
