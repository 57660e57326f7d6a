import { describe, expect, it } from 'vitest'
import { makeServicePort } from '../../test/make-cluster-objects.ts'
import { randomStream } from '../sim/random.ts'
import { fillNodePorts, NodePortAllocator } from './allocate-node-port.ts'

const makeAllocator = (first = 30_000, last = 32_767) =>
  new NodePortAllocator(first, last, randomStream('seed', 'test'))

describe('NodePortAllocator', () => {
  it('gives every port of the range once, the static band of 86 last', () => {
    const allocator = makeAllocator()
    const drawn = Array.from({ length: 2_768 }, () => allocator.next('a/b')!)
    expect(new Set(drawn).size).toBe(2_768)
    expect(Math.min(...drawn.slice(0, 2_768 - 86))).toBe(30_086)
    expect(Math.max(...drawn.slice(2_768 - 86))).toBe(30_085)
    expect(allocator.next('a/b')).toBeUndefined()
  })

  it('has no static band in a range of 16', () => {
    const allocator = makeAllocator(30_000, 30_015)
    const drawn = Array.from({ length: 16 }, () => allocator.next('a/b')!)
    expect(drawn.toSorted()).toEqual(Array.from({ length: 16 }, (_, i) => 30_000 + i))
  })

  it('answers explicit choices', () => {
    const allocator = makeAllocator()
    expect(allocator.reserve(30_000, 'a/x')).toEqual({ outcome: 'granted' })
    expect(allocator.reserve(30_000, 'a/y')).toEqual({ outcome: 'clash', with: 'a/x' })
    expect(allocator.reserve(29_999, 'a/y')).toEqual({ outcome: 'out of range' })
    expect(allocator.reserve(32_768, 'a/y')).toEqual({ outcome: 'out of range' })
    allocator.release(30_000, 'a/x')
    allocator.release(30_000, 'a/y')
    expect(allocator.reserve(30_000, 'a/z')).toEqual({ outcome: 'granted' })
  })
})

describe('fillNodePorts', () => {
  const counting = () => {
    let port = 31_000
    return () => port++
  }

  it('gives ports of one number one node port', () => {
    const ports = [
      makeServicePort(53, { name: 'dns', protocol: 'UDP' }),
      makeServicePort(53, { name: 'dns-tcp' }),
      makeServicePort(9153, { name: 'metrics' }),
    ]
    expect(fillNodePorts(ports, counting())!.map(p => p.nodePort)).toEqual([31_000, 31_000, 31_001])
  })

  it('lets an explicit node port serve the others of its number, wherever it stands', () => {
    const ports = [
      makeServicePort(53, { name: 'dns', protocol: 'UDP' }),
      makeServicePort(53, { name: 'dns-tcp', nodePort: 30_053 }),
    ]
    expect(fillNodePorts(ports, counting())!.map(p => p.nodePort)).toEqual([30_053, 30_053])
  })

  it('says when there are none left', () => {
    expect(fillNodePorts([makeServicePort(80)], () => undefined)).toBeUndefined()
    expect(fillNodePorts([], () => undefined)).toEqual([])
  })
})
