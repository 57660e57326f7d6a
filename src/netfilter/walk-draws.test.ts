/** Draws at the edges of their thresholds, and what a script notes of them. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeProblem } from '../problem/problem.ts'
import { draw32 } from '../sim/random.ts'
import { compile } from './compile.ts'
import { newNotingScript } from './draw-script.ts'
import { type Engine, newEngine } from './engine.ts'
import { jumpTo, makePacket, makeRule, makeRuleset, makeTable, withChance } from './testing/make-rules.ts'
import { nextDraw, takenRule } from './walk-draws.ts'

const SEED = { low: 5, high: 6 }

/** An engine of one run of rules with these chances, of 2^31. */
function engineOf(chances: readonly number[]): Engine {
  const rules = chances.map(chance => makeRule(jumpTo('A'), withChance(chance)))
  const program = compile([makeRuleset([makeTable('filter', { FORWARD: rules, A: [] })])])
  if (E.isLeft(program)) throw new Error(describeProblem(program.left))
  return newEngine(program.right, SEED)
}

const scripted = (engine: Engine, ...words: readonly number[]): Engine => {
  engine.script = newNotingScript()
  engine.script.words.push(...words)
  return engine
}

const HALF = 2 ** 30

describe('a run of rules', () => {
  it.each([
    ['equal shares', [Math.round(2 ** 31 / 3), HALF, 2 ** 31]],
    ['a large share first', [Math.round(0.9 * 2 ** 31), HALF, HALF, 1_000]],
    ['a large share last', [1_000, 1_000, 1_000, 2 ** 31]],
    ['one that is never taken, one that always is', [HALF, 0, 2 ** 31, HALF]],
    ['what may be left over', [HALF, HALF]],
    ['two of them', [HALF, 2 ** 31]],
  ])('takes the first rule whose threshold lies above the word: %s', (_, chances) => {
    const engine = engineOf(chances)
    const { thresholds } = engine.program
    expect(thresholds.length).toBe(chances.length)
    const edges = [...thresholds].flatMap(t => [t - 1, t, t + 1])
    for (const word of [0, 1, 2 ** 31, 2 ** 32 - 1, ...edges].filter(w => w >= 0 && w < 2 ** 32)) {
      const first = thresholds.findIndex(t => word < t)
      const taken = takenRule(scripted(engine, word), makePacket(), 0, chances.length)
      expect([word, taken]).toEqual([word, first < 0 ? chances.length : first])
    }
  })

  it('may begin behind another', () => {
    const engine = engineOf([HALF, HALF, HALF, 2 ** 31])
    engine.program.thresholds.set([10, 20, 30, 40])
    expect([19, 20, 29, 40].map(word => takenRule(scripted(engine, word), makePacket(), 1, 2))).toEqual([0, 1, 1, 2])
    expect([...engine.script!.notes!.cuts[0]]).toEqual([20, 30])
  })
})

describe('a rule that draws alone', () => {
  it('is taken below twice its chance', () => {
    const engine = engineOf([HALF, HALF])
    const word = 2 * 12_345
    const takes = (threshold: number): boolean => nextDraw(scripted(engine, word), makePacket(), threshold)
    expect([12_344, 12_345, 12_346].map(takes)).toEqual([false, false, true])
    expect([...engine.script!.notes!.cuts[0]]).toEqual([2 * 12_346])
  })
})

describe('each draw counts', () => {
  it('of the flow, by number', () => {
    const engine = engineOf([HALF, 2 ** 31])
    const packet = makePacket({ flowLow: 7, flowHigh: 8, draws: 3 })
    const expected = [3, 4].map(n => draw32(SEED.low, SEED.high, 7, 8, n))
    expect(takenRule(engine, packet, 0, 2)).toBe(expected[0] < 2 ** 31 ? 0 : 1)
    expect(nextDraw(engine, packet, HALF)).toBe(expected[1] < 2 ** 31)
    expect(packet.draws).toBe(5)
  })

  it('of a script too, which gives 0 beyond its words and notes where the answers change', () => {
    const engine = scripted(engineOf([HALF, 2 ** 31]), 2 ** 32 - 1)
    const packet = makePacket()
    expect([takenRule(engine, packet, 0, 2), nextDraw(engine, packet, 1), nextDraw(engine, packet, 0)]).toEqual([
      1,
      true,
      false,
    ])
    const { words, taken, notes } = engine.script!
    expect([words, taken, packet.draws]).toEqual([[2 ** 32 - 1, 0, 0], 3, 3])
    expect(notes!.cuts.map(c => [...c])).toEqual([[...engine.program.thresholds], [2], [0]])
  })
})
