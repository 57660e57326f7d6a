import { expect, it } from 'vitest'
import { parseProtocol, protocolNumber } from './protocol-number.ts'

it.each([
  ['tcp', 'tcp', 6],
  ['TCP', 'tcp', 6],
  ['gre', 'gre', 47],
  ['icmpv6', 'icmpv6', 58],
  ['ipv6-icmp', 'ipv6-icmp', 58],
  ['47', 47, 47],
  ['255', 255, 255],
] as const)('knows protocol %s', (word, protocol, number) => {
  expect(parseProtocol(word)).toBe(protocol)
  expect(protocolNumber(protocol)).toBe(number)
})

it.each(['', '256', '-1', '1.5', 'nonsense', 'constructor', '0x6'])('knows no protocol %j', word => {
  expect(parseProtocol(word)).toBeUndefined()
})
