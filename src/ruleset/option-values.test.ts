import { describe, expect, it } from 'vitest'
import { parseIp } from '../net/ip.ts'
import { isWholeMask, maskLength } from './option-values.ts'

describe('maskLength', () => {
  it.each([
    ['0.0.0.0', 0],
    ['128.0.0.0', 1],
    ['255.255.254.0', 23],
    ['255.255.255.255', 32],
    ['255.0.0.255', undefined],
    ['0.0.0.1', undefined],
    ['::', 0],
    ['ffff:ffff::', 32],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 128],
    ['ff00::ff', undefined],
  ])('of %s is %s', (mask, length) => {
    expect(maskLength(parseIp(mask)!)).toBe(length)
    expect(isWholeMask(parseIp(mask)!)).toBe(length === 32 || length === 128 ? !mask.endsWith('::') : false)
  })
})
