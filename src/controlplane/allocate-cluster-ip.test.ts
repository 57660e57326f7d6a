import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { formatIp, parseIp } from '../net/ip.ts'
import { randomStream } from '../sim/random.ts'
import type { ClusterIpRange } from './allocate-cluster-ip.ts'
import { ClusterIpAllocator, clusterIpRange, rangeCapacity } from './allocate-cluster-ip.ts'

const makeRange = (cidr: string): ClusterIpRange => {
  const range = clusterIpRange(cidr)
  if (E.isLeft(range)) throw new Error(range.left)
  return range.right
}
const makeAllocator = (seed = 'seed') => new ClusterIpAllocator(randomStream(seed, 'test'))
const address = (text: string) => parseIp(text)!

describe('clusterIpRange', () => {
  it.each([
    // cidr, first, last, first dynamic address
    ['10.96.0.0/12', '10.96.0.1', '10.111.255.254', '10.96.1.1'],
    ['10.0.0.0/24', '10.0.0.1', '10.0.0.254', '10.0.0.17'],
    ['10.0.0.0/20', '10.0.0.1', '10.0.15.254', '10.0.1.1'],
    ['10.0.0.0/27', '10.0.0.1', '10.0.0.30', '10.0.0.17'],
    ['10.0.0.0/28', '10.0.0.1', '10.0.0.14', '10.0.0.1'],
    ['10.0.0.7/28', '10.0.0.1', '10.0.0.14', '10.0.0.1'],
    ['fd00::/112', 'fd00::1', 'fd00::ffff', 'fd00::101'],
    ['fd00::/64', 'fd00::1', 'fd00::ffff:ffff:ffff:ffff', 'fd00::101'],
  ])('%s goes from %s to %s, dynamic from %s', (cidr, first, last, dynamic) => {
    const range = makeRange(cidr)
    const text = (value: bigint) => formatIp({ family: range.family, value })
    expect([text(range.first), text(range.last), text(range.dynamicFirst)]).toEqual([first, last, dynamic])
  })

  it('refuses what the API server refuses', () => {
    expect(clusterIpRange('fd00::/63')).toEqual(E.left(expect.stringContaining('/64')))
    expect(clusterIpRange('10.0.0.0')).toEqual(E.left('is no address/length'))
  })
})

describe('ClusterIpAllocator', () => {
  it('keeps dynamic addresses out of the static band while there is room above, then uses it', () => {
    const range = makeRange('10.0.0.0/26')
    const allocator = makeAllocator()
    const drawn = Array.from({ length: 62 }, () => address(allocator.next(4, 'a/b', [range])!).value)
    expect(drawn.slice(0, 46).every(v => v >= range.dynamicFirst)).toBe(true)
    expect(drawn.slice(46).every(v => v < range.dynamicFirst)).toBe(true)
    expect(new Set(drawn).size).toBe(62)
    expect(allocator.next(4, 'a/b', [range])).toBeUndefined()
  })

  it.each([
    ['10.0.0.0/30', 2],
    ['10.0.0.0/31', 0],
    ['10.0.0.0/32', 0],
    ['fd00::/126', 3],
    ['fd00::/128', 0],
  ])('%s holds %i', (cidr, capacity) => {
    const range = makeRange(cidr)
    const allocator = makeAllocator()
    let count = 0
    while (allocator.next(range.family, 'a/b', [range]) !== undefined) count++
    expect(count).toBe(capacity)
    expect(rangeCapacity(range)).toBe(BigInt(capacity))
  })

  it('draws from all of an IPv6 /64 without enumerating it', () => {
    const range = makeRange('fd00::/64')
    const allocator = makeAllocator()
    const drawn = Array.from({ length: 200 }, () => address(allocator.next(6, 'a/b', [range])!).value - range.first)
    expect(drawn.some(v => v > 1n << 62n)).toBe(true)
    expect(drawn.every(v => v < 1n << 63n)).toBe(true)
  })

  it('goes on to the next range of the family', () => {
    const ranges = [makeRange('10.0.0.0/30'), makeRange('fd00::/112'), makeRange('10.1.0.0/30')]
    const allocator = makeAllocator()
    const drawn = Array.from({ length: 4 }, () => allocator.next(4, 'a/b', ranges)!)
    expect(drawn.sort()).toEqual(['10.0.0.1', '10.0.0.2', '10.1.0.1', '10.1.0.2'])
  })

  it('answers explicit choices', () => {
    const ranges = [makeRange('10.0.0.0/24')]
    const allocator = makeAllocator()
    expect(allocator.reserve(address('10.0.0.3'), 'a/x', ranges)).toEqual({ outcome: 'granted' })
    expect(allocator.reserve(address('10.0.0.3'), 'a/x', ranges)).toEqual({ outcome: 'granted' })
    expect(allocator.reserve(address('10.0.0.3'), 'a/y', ranges)).toEqual({ outcome: 'clash', with: 'a/x' })
    expect(allocator.reserve(address('10.0.0.0'), 'a/z', ranges)).toEqual({ outcome: 'out of range' })
    expect(allocator.reserve(address('10.0.0.255'), 'a/z', ranges)).toEqual({ outcome: 'out of range' })
    expect(allocator.reserve(address('10.0.1.1'), 'a/z', ranges)).toEqual({ outcome: 'out of range' })
    expect(allocator.reserve(address('fd00::1'), 'a/z', ranges)).toEqual({ outcome: 'out of range' })
    expect(allocator.reserve(address('192.0.2.1'), 'a/z', undefined)).toEqual({ outcome: 'granted' })
  })

  it('frees an address when its last holder lets go', () => {
    const ranges = [makeRange('10.0.0.0/30')]
    const allocator = makeAllocator()
    for (const holder of ['a/x', 'a/y']) allocator.reserve(address('10.0.0.1'), holder, ranges)
    allocator.reserve(address('10.0.0.2'), 'a/z', ranges)
    allocator.release(address('10.0.0.1'), 'a/x')
    expect(allocator.next(4, 'a/w', ranges)).toBeUndefined()
    allocator.release(address('10.0.0.1'), 'a/y')
    expect(allocator.next(4, 'a/w', ranges)).toBe('10.0.0.1')
  })

  it('never gives an address twice, whatever comes and goes', () => {
    const step = fc.oneof(
      fc.record({ take: fc.constant(true), owner: fc.nat(20) }),
      fc.record({ give: fc.nat(40) }),
      fc.record({ explicit: fc.integer({ min: 1, max: 30 }), owner: fc.nat(20) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.string(), (steps, seed) => {
        const range = makeRange('10.0.0.0/27')
        const allocator = makeAllocator(seed)
        const held: { text: string; owner: string }[] = []
        for (const s of steps) {
          if ('give' in s) {
            const [freed] = held.splice(s.give, 1)
            if (freed !== undefined) allocator.release(address(freed.text), freed.owner)
            continue
          }
          const owner = `ns/${s.owner}`
          if ('explicit' in s) {
            const text = `10.0.0.${s.explicit}`
            const other = held.find(h => h.text === text && h.owner !== owner)
            const { outcome } = allocator.reserve(address(text), owner, [range])
            expect(outcome).toBe(other === undefined ? 'granted' : 'clash')
            if (!held.some(h => h.text === text && h.owner === owner)) held.push({ text, owner })
            continue
          }
          const text = allocator.next(4, owner, [range])
          const taken = new Set(held.map(h => h.text))
          if (text === undefined) expect(taken.size).toBe(30)
          else {
            expect(taken.has(text)).toBe(false)
            held.push({ text, owner })
          }
        }
      }),
    )
  })

  it('must not change for a seed', () => {
    const ranges = [makeRange('10.96.0.0/12'), makeRange('fd00:10:96::/112')]
    const allocator = makeAllocator('svcsim')
    expect([4, 4, 6, 6].map(f => allocator.next(f as 4 | 6, 'a/b', ranges))).toMatchInlineSnapshot(`
      [
        "10.105.82.239",
        "10.101.145.4",
        "fd00:10:96::95b6",
        "fd00:10:96::11c7",
      ]
    `)
  })
})
