import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChainOverlay } from './chain-overlay.ts'
import type { Chain } from './ruleset.ts'

const makeChain = (name: string, policy?: 'ACCEPT'): Chain => ({ name, ...(policy && { policy }), rules: [] })
const BUILTIN = ['PREROUTING', 'OUTPUT'].map(name => makeChain(name, 'ACCEPT'))
const mapOf = (chains: readonly Chain[]) => new Map(chains.map(c => [c.name, c]))
const byName = (a: Chain, b: Chain): number => (a.name < b.name ? -1 : 1)

describe('ChainOverlay', () => {
  it('holds what a copied map would hold, in the same order', () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 2 }), { maxLength: 8 })
    fc.assert(
      fc.property(names, names, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), (before, changed, kept) => {
        const base = mapOf([...BUILTIN, ...before.map(n => makeChain(n)).sort(byName)])
        const changes = new Map(changed.map((name, i) => [name, kept[i] ? makeChain(name) : undefined]))
        const copy = new Map(base)
        for (const [name, chain] of changes) chain === undefined ? copy.delete(name) : copy.set(name, chain)
        const users = [...copy.values()].filter(c => c.policy === undefined).sort(byName)
        const expected = mapOf([...BUILTIN, ...users])

        const overlay = new ChainOverlay(base, changes)
        expect([...overlay]).toEqual([...expected])
        expect([...overlay.keys()]).toEqual([...expected.keys()])
        expect([...overlay.values()].map((c, i) => c === [...expected.values()][i])).not.toContain(false)
        expect(overlay.size).toBe(expected.size)
        for (const name of [...before, ...changed, 'OUTPUT', 'absent']) {
          expect(overlay.has(name)).toBe(expected.has(name))
          expect(overlay.get(name)).toBe(expected.get(name))
        }
      }),
    )
  })

  it('visits as a map does', () => {
    const base = mapOf([...BUILTIN, makeChain('B')])
    const overlay = new ChainOverlay(base, new Map([['A', makeChain('A')]]))
    const seen: string[] = []
    overlay.forEach((chain, name, map) => {
      expect(map.get(name)).toBe(chain)
      seen.push(name)
    })
    expect(seen).toEqual(['PREROUTING', 'OUTPUT', 'A', 'B'])
  })

  it('may change a built-in chain, in its place', () => {
    const changed = makeChain('PREROUTING', 'ACCEPT')
    const overlay = new ChainOverlay(mapOf(BUILTIN), new Map([['PREROUTING', changed]]))
    expect([...overlay.values()][0]).toBe(changed)
  })
})
