import { describe, expect, it } from 'vitest'
import { AddressSet } from '../net/address-set.ts'
import { parsePrefix } from '../net/ip.ts'
import { AddressPool } from './address-pool.ts'

const makePool = (cidr: string, inUse = new AddressSet()) => new AddressPool(parsePrefix(cidr)!, 2n, inUse)

describe('AddressPool', () => {
  it('hands out addresses upward from .2 to before the broadcast address', () => {
    const pool = makePool('10.244.3.0/29')
    expect(pool.capacity).toBe(5n)
    expect(Array.from({ length: 6 }, () => pool.take())).toEqual([
      '10.244.3.2',
      '10.244.3.3',
      '10.244.3.4',
      '10.244.3.5',
      '10.244.3.6',
      undefined,
    ])
  })

  it('takes the one after the last, and an address that was given back only when it comes round', () => {
    const inUse = new AddressSet()
    const pool = makePool('10.244.3.0/29', inUse)
    pool.take()
    pool.take()
    inUse.delete('10.244.3.2')
    expect(Array.from({ length: 4 }, () => pool.take())).toEqual([
      '10.244.3.4',
      '10.244.3.5',
      '10.244.3.6',
      '10.244.3.2',
    ])
  })

  it('skips what others use', () => {
    expect(makePool('fd00:1::/64', new AddressSet(['fd00:1::2', 'fd00:1::3'])).take()).toBe('fd00:1::4')
  })

  it.each(['10.0.0.0/32', '10.0.0.0/31', '10.0.0.0/30', 'fd00::/128', 'fd00::/127'])('%s holds at most one', cidr => {
    const pool = makePool(cidr)
    expect(pool.capacity).toBe(cidr.endsWith('/30') ? 1n : 0n)
    if (pool.capacity === 0n) expect(pool.take()).toBeUndefined()
  })
})
