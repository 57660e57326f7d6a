import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BlockSequence } from './block-sequence.ts'
import type { RestoreBlock, RuleLines } from './restore-block.ts'
import { compareServicePorts, servicePorts } from './service-ports.ts'
import { makeService, makeState } from './testing/make-objects.ts'

const [PORT] = servicePorts(makeState(makeService()), 4)

const lines = (text: string): RuleLines => ({ text, count: 1, comments: 0 })

/** Each version of a port has lines of another length. */
const makeBlock = (name: string, version: number): RestoreBlock => ({
  servicePort: { ...PORT, name },
  filter: lines(`${name} filter ${version}\n`),
  shared: lines(`${name} nat ${'x'.repeat(version)}\n`),
  chains: ['A', 'B'],
  chainLines: ':A\n:B\n',
  own: lines('own\n'),
})

const textOf = (blocks: readonly RestoreBlock[]) => ({
  filter: blocks.map(b => b.filter.text).join(''),
  shared: blocks.map(b => b.shared.text).join(''),
})

const blocksOf = (sequence: BlockSequence): RestoreBlock[] => sequence.stretches.flatMap(s => s.blocks)

describe('BlockSequence', () => {
  it('is a sorted list, through any changes and at any size', () => {
    const changes = fc.array(fc.tuple(fc.integer({ min: 0, max: 999 }), fc.boolean()), { maxLength: 60 })
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 128, 129, 700), changes, (size, steps) => {
        const list = new Map(Array.from({ length: size }, (_, i) => [`s${i}`, makeBlock(`s${i}`, 0)]))
        const inOrder = () => [...list.values()].sort((a, b) => compareServicePorts(a.servicePort, b.servicePort))
        let sequence = BlockSequence.of(inOrder())
        steps.forEach(([i, stays], step) => {
          const name = `s${i}`
          const before = list.get(name)
          list.delete(name)
          if (stays) list.set(name, makeBlock(name, step))
          const after = list.get(name)
          sequence = sequence.replace(before === undefined ? [] : [before], after === undefined ? [] : [after])
        })
        const blocks = inOrder()
        expect(blocksOf(sequence)).toEqual(blocks)
        for (const block of blocks) {
          expect(sequence.ofService(PORT.namespace, block.servicePort.name)).toEqual([block])
          expect(sequence.stretchOf(block).blocks).toContain(block)
        }
        expect(sequence.ofService(PORT.namespace, 's')).toEqual([])
        expect(sequence.ofService('other', 's1')).toEqual([])
        const text = textOf(blocks)
        expect(sequence.stretches.map(s => s.filter()).join('')).toBe(text.filter)
        expect(sequence.stretches.map(s => s.shared()).join('')).toBe(text.shared)
        expect(sequence.totals).toEqual({
          endpoints: 0,
          filterRules: blocks.length,
          natRules: blocks.length,
          sharedBytes: text.filter.length + text.shared.length,
          ownChains: 2 * blocks.length,
          ownRules: blocks.length,
          ownBytes: 10 * blocks.length,
          comments: 0,
        })
      }),
      { numRuns: 40 },
    )
  })

  it('splits stretches that grow, and drops empty ones', () => {
    const blocks = Array.from({ length: 600 }, (_, i) => makeBlock(`s${i}`, 0))
    const grown = blocks.reduce((sequence, block) => sequence.replace([], [block]), BlockSequence.EMPTY)
    const sizes = grown.stretches.map(s => s.blocks.length)
    expect(sizes.length).toBeGreaterThan(2)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(256)
    expect(grown.replace(blocks, []).stretches).toEqual([])
  })

  it('leaves earlier versions as they were', () => {
    const [a, b] = [makeBlock('a', 0), makeBlock('b', 0)]
    const before = BlockSequence.of([a])
    before.replace([a], [b])
    expect(blocksOf(before)).toEqual([a])
  })

  it('is the same stretches for two that saw the same changes', () => {
    const blocks = Array.from({ length: 300 }, (_, i) => makeBlock(`s${i}`, 0)).sort((a, b) =>
      compareServicePorts(a.servicePort, b.servicePort),
    )
    const changed = makeBlock('s7', 1)
    const [first, second] = [BlockSequence.of(blocks), BlockSequence.of(blocks, BlockSequence.of(blocks))]
    expect(BlockSequence.of(blocks, first).stretches).toEqual(first.stretches)
    const before = blocks.find(b => b.servicePort.name === 's7')!
    const [a, b] = [first, BlockSequence.of(blocks, first)].map(s => s.replace([before], [changed]).stretches)
    a.forEach((stretch, i) => {
      expect(stretch).toBe(b[i])
    })
    expect(second.stretches[0]).not.toBe(first.stretches[0])
  })

  it('finds a Service whose ports lie in two stretches', () => {
    const ports = ['p1', 'p2', 'p3'].map(portName => {
      const block = makeBlock('s127', 0)
      return { ...block, servicePort: { ...block.servicePort, portName } }
    })
    const rest = Array.from({ length: 127 }, (_, i) => makeBlock(`r${1000 + i}`, 0))
    const after = makeBlock('t', 0)
    const sequence = BlockSequence.of([...rest, ...ports, after])
    expect(sequence.ofService(PORT.namespace, 's127')).toEqual(ports)
    expect(blocksOf(sequence.replace(ports, []))).toEqual([...rest, after])
  })
})
