import { describe, expect, it } from 'vitest'
import { parsePrefix } from '../net/ip.ts'
import { NodeCidrPool } from './node-cidr-pool.ts'

const makePool = (cidr: string) => new NodeCidrPool(parsePrefix(cidr)!)

describe('NodeCidrPool', () => {
  it('cuts /24 from IPv4 and /64 from IPv6, in order', () => {
    expect([makePool('10.244.0.0/16').capacity, makePool('fd00:10:244::/56').capacity]).toEqual([256n, 256n])
    const four = makePool('10.244.0.0/16')
    const six = makePool('fd00:10:244::/56')
    expect([four.take(), four.take()]).toEqual(['10.244.0.0/24', '10.244.1.0/24'])
    expect([six.take(), six.take()]).toEqual(['fd00:10:244::/64', 'fd00:10:244:1::/64'])
  })

  it('ends where the cluster CIDR ends', () => {
    const pool = makePool('10.0.0.0/23')
    expect([pool.take(), pool.take(), pool.take()]).toEqual(['10.0.0.0/24', '10.0.1.0/24', undefined])
    expect(makePool('10.0.0.0/25').take()).toBeUndefined()
    expect(makePool('10.0.0.0/25').capacity).toBe(0n)
  })

  it('skips blocks that nodes have, narrow or wide, and gives freed ones again', () => {
    const pool = makePool('10.0.0.0/21')
    pool.mark(parsePrefix('10.0.0.128/25')!)
    pool.mark(parsePrefix('10.0.2.0/23')!)
    pool.mark(parsePrefix('192.168.0.0/24')!)
    pool.mark(parsePrefix('fd00::/64')!)
    expect(Array.from({ length: 6 }, () => pool.take())).toEqual([
      '10.0.1.0/24',
      '10.0.4.0/24',
      '10.0.5.0/24',
      '10.0.6.0/24',
      '10.0.7.0/24',
      undefined,
    ])
    pool.free(parsePrefix('10.0.5.0/24')!)
    expect(pool.take()).toBe('10.0.5.0/24')
  })

  it('is full at once when an imported prefix covers it', () => {
    const pool = makePool('fd00::/3')
    pool.mark(parsePrefix('::/0')!)
    expect(pool.take()).toBeUndefined()
  })
})
