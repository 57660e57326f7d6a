import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inPrefixes } from './in-prefixes.ts'
import { formatIpv4, type IpPrefix, parseIp, parsePrefix, prefixContains } from './ip.ts'

const prefixes = (...texts: string[]) => texts.map(t => parsePrefix(t)!)

describe('inPrefixes', () => {
  it.each([
    ['10.244.1.7', ['10.244.1.0/24'], true],
    ['10.244.1.255', ['10.244.1.9/24'], true],
    ['10.244.2.0', ['10.244.1.0/24'], false],
    ['10.244.2.0', ['10.244.1.0/24', '10.244.2.0/32'], true],
    ['255.255.255.255', ['0.0.0.0/0'], true],
    ['10.0.0.1', ['::/0'], false],
    ['10.0.0.1', [], false],
    ['fd00::7', ['10.0.0.0/8', 'fd00::/64'], true],
    ['fd01::7', ['fd00::/64'], false],
    ['::ffff:10.0.0.1', ['10.0.0.0/8'], true],
    ['no address', [], true],
  ])('%s in %j: %s', (text, cidrs, expected) => {
    expect(inPrefixes(prefixes(...cidrs))(text)).toBe(expected)
  })

  it('says of IPv4 addresses what prefixContains says', () => {
    const word = fc.nat(0xffff_ffff)
    fc.assert(
      fc.property(word, word, fc.nat(32), (inside, asked, length) => {
        const prefix: IpPrefix = { family: 4, value: BigInt(inside), length }
        const text = formatIpv4(asked)
        expect(inPrefixes([prefix])(text)).toBe(prefixContains(prefix, parseIp(text)!))
      }),
    )
  })
})
