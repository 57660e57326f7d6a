import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TimerQueue } from './timer-queue.ts'

type Timer = readonly [timeUs: number, kind: number, source: number, sequence: number]

/** Lexicographic: the order that is promised. */
const inOrder = (a: Timer, b: Timer): number => {
  const i = a.findIndex((value, k) => value !== b[k])
  return i < 0 ? 0 : a[i] - b[i]
}

const takeAll = (queue: TimerQueue): number[][] => {
  const taken: number[][] = []
  while (queue.take()) taken.push([queue.timeUs, queue.kind, queue.source])
  return taken
}

describe('timers', () => {
  it('come by time, then kind, then source, then in the order of setting', () => {
    const queue = new TimerQueue()
    for (const [timeUs, kind, source] of [
      [5, 1, 1],
      [5, 0, 9],
      [5, 0, 2],
      [3, 9, 9],
      [5, 1, 0],
    ])
      queue.set(timeUs, kind, source)
    expect(queue.nextUs).toBe(3)
    expect(takeAll(queue)).toEqual([
      [3, 9, 9],
      [5, 0, 2],
      [5, 0, 9],
      [5, 1, 0],
      [5, 1, 1],
    ])
    expect([queue.length, queue.nextUs, queue.take()]).toEqual([0, Infinity, false])
  })

  // Few different values, so that ties are the rule. A step takes up to three timers and sets up to three.
  const steps = fc.array(
    fc.record({
      takes: fc.nat(3),
      sets: fc.array(fc.tuple(fc.nat(3), fc.nat(2), fc.nat(2)), { maxLength: 3 }),
      peeks: fc.boolean(),
    }),
    { maxLength: 200 },
  )

  it('are those of a sorted array, whatever is set and taken in between', () => {
    fc.assert(
      fc.property(steps, script => {
        const queue = new TimerQueue()
        const sorted: Timer[] = []
        let nowUs = 0
        let sequence = 0
        for (const { takes, sets, peeks } of script) {
          for (let i = 0; i < takes; i++) {
            const expected = sorted.shift()
            expect(queue.take()).toBe(expected !== undefined)
            if (expected === undefined) continue
            expect([queue.timeUs, queue.kind, queue.source]).toEqual(expected.slice(0, 3))
            nowUs = queue.timeUs
          }
          for (const [delayUs, kind, source] of sets) {
            queue.set(nowUs + delayUs, kind, source)
            sorted.push([nowUs + delayUs, kind, source, sequence++])
            sorted.sort(inOrder)
          }
          if (peeks) expect(queue.nextUs).toBe(sorted[0]?.[0] ?? Infinity)
          expect(queue.length).toBe(sorted.length)
        }
        expect(takeAll(queue)).toEqual(sorted.map(t => t.slice(0, 3)))
      }),
      { numRuns: 500 },
    )
  })

  // Delays of one instant, of bunches, of long tails and of fractions; many set, then as many held as taken, then all taken.
  const delay = fc.oneof(
    fc.constant(0),
    fc.nat(3),
    fc.nat(1_000_000),
    fc.nat(30).map(n => 2 ** n),
    fc.double({ min: 0, max: 1e9, noNaN: true }),
  )
  const hold = fc.record({
    law: fc.array(delay, { minLength: 1, maxLength: 20 }),
    setFirst: fc.integer({ min: 100, max: 1_500 }),
  })

  it('are those of a sorted array when they are many, whatever the law of their delays', () => {
    fc.assert(
      fc.property(fc.array(hold, { minLength: 1, maxLength: 4 }), phases => {
        const queue = new TimerQueue()
        let pending: Timer[] = []
        let sequence = 0
        let nowUs = 0
        const set = (delayUs: number): void => {
          const timer: Timer = [nowUs + delayUs, sequence % 3, sequence % 7, sequence++]
          queue.set(timer[0], timer[1], timer[2])
          pending.push(timer)
        }
        const check = (count: number): void => {
          pending.sort(inOrder)
          for (const expected of pending.slice(0, count)) {
            expect(queue.nextUs).toBe(expected[0])
            queue.take()
            expect([queue.timeUs, queue.kind, queue.source]).toEqual(expected.slice(0, 3))
          }
          pending = pending.slice(count)
          nowUs = queue.timeUs
        }
        for (const { law, setFirst } of phases) {
          for (let i = 0; i < setFirst; i++) set(law[(i * 13) % law.length])
          check(Math.floor(pending.length / 3))
          for (let i = 0; i < 40; i++) {
            set(law[i % law.length])
            check(1)
          }
        }
        check(pending.length)
        expect(queue.length).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  it('keep their order past every growth of the queue', () => {
    const queue = new TimerQueue()
    const count = 5_000
    for (let i = 0; i < count; i++) queue.set((i * 7_919) % count, 255, 0xffffff - i)
    const times = takeAll(queue).map(t => t[0])
    expect(times).toEqual(Array.from({ length: count }, (_, i) => i))
  })

  it('are refused in the past, at no time, and never', () => {
    const queue = new TimerQueue()
    queue.set(10, 0, 0)
    queue.take()
    for (const timeUs of [9, NaN, Infinity, -1]) expect(() => queue.set(timeUs, 1, 2)).toThrow(/timer \(1, 2\) cannot/)
    expect(() => queue.set(10, 256, 0)).toThrow(/cannot be set/)
    expect(() => queue.set(10, 0, 2 ** 24)).toThrow(/cannot be set/)
    expect(queue.length).toBe(0)
  })
})
