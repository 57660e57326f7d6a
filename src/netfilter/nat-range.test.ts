import { describe, expect, it } from 'vitest'
import { formatIp, parseIp, readIpWords, writeIpWords } from '../net/ip.ts'
import { isInRange, natRangeOf, writeRangeAddress } from './nat-range.ts'

const words = (text: string): Uint32Array => {
  const found = new Uint32Array(4)
  writeIpWords(parseIp(text)!.value, found, 0)
  return found
}

const range = (first: string, last: string, persistent = false) =>
  natRangeOf({ address: parseIp(first)!, lastAddress: parseIp(last)!, persistent })!

/** As Linux 6.18 chose (test/kernel-nat-ranges.test.ts asks it). */
const [SIX, PODS, OUTER] = [
  'fd00:96::1',
  ['fd00:244::1:5', 'fd00:244::1:20'],
  ['2001:db8:2:1::1', '2001:db8:2:7::7'],
] as const
describe('an address of a range', () => {
  it.each([
    ['198.51.100.1', false, '10.244.1.17'],
    ['198.51.100.1', true, '10.244.1.18'],
    ['198.51.100.2', false, '10.244.1.7'],
    ['198.51.100.2', true, '10.244.1.17'],
  ])("is the kernel's for the destination of %s, persistent %s: %s", (source, persistent, expected) => {
    const destination = words('10.96.0.1')
    writeRangeAddress(range('10.244.1.5', '10.244.1.20', persistent), 4, words(source), destination, destination)
    expect(formatIp({ family: 4, value: readIpWords(destination, 0) })).toBe(expected)
  })

  it.each([
    [false, 'fd00:244::1:11'],
    [true, 'fd00:244::1:c'],
  ])("is the kernel's for a destination of IPv6, persistent %s: %s", (persistent, expected) => {
    const destination = words(SIX)
    writeRangeAddress(range(...PODS, persistent), 6, words('2001:db8:5::1'), destination, destination)
    expect(formatIp({ family: 6, value: readIpWords(destination, 0) })).toBe(expected)
  })

  it.each([
    ['2001:db8:5::1', false, '2001:db8:2:4:8252:1294:8252:1294'],
    ['2001:db8:5::1', true, '2001:db8:2:2:442f:2508:442f:2508'],
    ['2001:db8:5::2', false, '2001:db8:2:6:ced3:c819:ced3:c819'],
    ['2001:db8:5::2', true, '2001:db8:2:7::7'],
  ])("is the kernel's for the source %s of IPv6, persistent %s: %s", (source, persistent, expected) => {
    const target = words(source)
    writeRangeAddress(range(...OUTER, persistent), 6, target.slice(), words('fd00:244::1:41'), target)
    expect(formatIp({ family: 6, value: readIpWords(target, 0) })).toBe(expected)
    expect(isInRange(target, range(...OUTER))).toBe(true)
  })

  it('is no choice where there is one address', () => {
    expect(natRangeOf({ address: parseIp('10.0.0.1')! })).toBeUndefined()
    expect(natRangeOf({ address: parseIp('10.0.0.1')!, lastAddress: parseIp('10.0.0.1')! })).toBeUndefined()
  })

  it('lies in the range, its ends included', () => {
    const some = range('10.0.0.5', '10.0.1.3')
    expect(['10.0.0.4', '10.0.0.5', '10.0.1.0', '10.0.1.3', '10.0.1.4'].map(a => isInRange(words(a), some))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ])
  })
})
