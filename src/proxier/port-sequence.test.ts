import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type PortEntry, PortSequence } from './port-sequence.ts'
import type { RestoreBlock, RuleLines } from './restore-block.ts'
import { compareServicePorts, servicePorts } from './service-ports.ts'
import { makeService, makeState } from './testing/make-objects.ts'

const [PORT] = servicePorts(makeState(makeService()), 4)

const lines = (text: string): RuleLines => ({ text, count: 1 })

/** Each version of a port has lines of another length. */
function makeEntry(name: string, version: number): PortEntry {
  const block: RestoreBlock = {
    filter: lines(`${name} filter ${version}\n`),
    dispatch: lines(`${name} nat ${'x'.repeat(version)}\n`),
    chains: [],
    chainLines: '',
    own: lines('own\n'),
  }
  return { servicePort: { ...PORT, name }, block, writtenBy: version }
}

const textOf = (entries: readonly PortEntry[]) => ({
  filter: entries.map(e => e.block.filter.text).join(''),
  dispatch: entries.map(e => e.block.dispatch.text).join(''),
})

const entriesOf = (sequence: PortSequence): PortEntry[] => sequence.stretches.flatMap(s => s.entries)

describe('PortSequence', () => {
  it('is a sorted list, through any changes and at any size', () => {
    const changes = fc.array(fc.tuple(fc.integer({ min: 0, max: 999 }), fc.boolean()), { maxLength: 60 })
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 128, 129, 700), changes, (size, steps) => {
        const list = new Map(Array.from({ length: size }, (_, i) => [`s${i}`, makeEntry(`s${i}`, 0)]))
        const inOrder = () => [...list.values()].sort((a, b) => compareServicePorts(a.servicePort, b.servicePort))
        let sequence = PortSequence.of(inOrder())
        steps.forEach(([i, stays], step) => {
          const name = `s${i}`
          const before = list.get(name)
          list.delete(name)
          if (stays) list.set(name, makeEntry(name, step))
          const after = list.get(name)
          sequence = sequence.replace(before === undefined ? [] : [before], after === undefined ? [] : [after])
        })
        const entries = inOrder()
        expect(entriesOf(sequence)).toEqual(entries)
        const text = textOf(entries)
        expect(sequence.stretches.map(s => s.filter()).join('')).toBe(text.filter)
        expect(sequence.stretches.map(s => s.dispatch()).join('')).toBe(text.dispatch)
        expect(sequence.totals).toEqual({
          filterRules: entries.length,
          natRules: entries.length,
          ownRules: entries.length,
          bytes: text.filter.length + text.dispatch.length,
        })
      }),
      { numRuns: 40 },
    )
  })

  it('splits stretches that grow, and drops empty ones', () => {
    const entries = Array.from({ length: 600 }, (_, i) => makeEntry(`s${i}`, 0))
    const grown = entries.reduce((sequence, entry) => sequence.replace([], [entry]), PortSequence.EMPTY)
    const sizes = grown.stretches.map(s => s.entries.length)
    expect(sizes.length).toBeGreaterThan(2)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(256)
    expect(grown.replace(entries, []).stretches).toEqual([])
  })

  it('leaves earlier versions as they were', () => {
    const [a, b] = [makeEntry('a', 0), makeEntry('b', 0)]
    const before = PortSequence.of([a])
    before.replace([a], [b])
    expect(entriesOf(before)).toEqual([a])
  })
})
