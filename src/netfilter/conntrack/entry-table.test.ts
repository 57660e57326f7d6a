import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { drawOf, flowState } from '../../sim/random.ts'
import { SECOND_US } from '../../sim/time.ts'
import { BUCKET_BITS, EntryTable } from './entry-table.ts'

const S = SECOND_US
const BUCKETS = 2 ** BUCKET_BITS

interface Entry {
  readonly buckets: readonly [number, number]
  readonly closesUs: number
  readonly expiresUs: number
  readonly isAssured: boolean
}

/** The slow twin: buckets are lists in a Map, the last one in first, and an entry stands in both of its own. */
class PlainTable {
  count = 0
  earlyDrops = 0
  readonly #max: number
  readonly #buckets = new Map<number, Entry[]>()
  #scanUs = S
  #full = false

  constructor(max: number) {
    this.#max = max
  }

  admits(original: number, reply: number, nowUs: number): boolean {
    while (this.#scanUs <= nowUs) this.#scan()
    this.#evict(original, nowUs)
    if (this.count >= this.#max && !this.#dropEarly(original, nowUs)) {
      this.#full = true
      return false
    }
    this.#evict(reply, nowUs)
    return true
  }

  insert(original: number, reply: number, closesUs: number, expiresUs: number, isAssured: boolean): void {
    const entry: Entry = { buckets: [original, reply], closesUs, expiresUs, isAssured }
    for (const bucket of entry.buckets) this.#buckets.set(bucket, [entry, ...this.#at(bucket)])
    this.count++
  }

  #at(bucket: number): Entry[] {
    return this.#buckets.get(bucket) ?? []
  }

  #remove(entry: Entry): void {
    for (const bucket of entry.buckets)
      this.#buckets.set(
        bucket,
        this.#at(bucket).filter(e => e !== entry),
      )
    this.count--
  }

  #evict(bucket: number, nowUs: number): void {
    for (const entry of new Set(this.#at(bucket))) if (entry.expiresUs <= nowUs) this.#remove(entry)
  }

  #dropEarly(original: number, nowUs: number): boolean {
    for (let i = 0; i < 8; i++) {
      const bucket = (original + i) % BUCKETS
      this.#evict(bucket, nowUs)
      const unassured = [...new Set(this.#at(bucket))].filter(e => !e.isAssured)
      for (const entry of unassured) this.#remove(entry)
      this.earlyDrops += unassured.length
      if (unassured.length > 0) return true
    }
    return false
  }

  #scan(): void {
    const nowUs = this.#scanUs
    const remaining = Array.from({ length: 100 }, () => 60 * S)
    for (const bucket of [...this.#buckets.keys()].sort((a, b) => a - b)) {
      const isThere = (entry: Entry): boolean => this.#at(bucket).includes(entry)
      // Neighbours of one bucket that are the same entry's are met once.
      const met = this.#at(bucket).filter((entry, i, all) => entry !== all[i - 1])
      for (const entry of met) {
        if (!isThere(entry)) continue
        if (entry.expiresUs <= nowUs) {
          this.#remove(entry)
          continue
        }
        remaining.push(Math.min(300 * S, Math.max(S, entry.expiresUs - nowUs)))
        const isTaken = !entry.isAssured || entry.closesUs <= nowUs
        if (!this.#full || this.count < Math.floor(this.#max / 100) * 95 || !isTaken) continue
        this.#remove(entry)
        this.earlyDrops++
      }
    }
    this.#full = false
    const meanUs = remaining.reduce((a, b) => a + b, 0) / remaining.length
    this.#scanUs += Math.round(Math.min(60 * S, Math.max(S, meanUs)))
  }
}

describe('a connection table', () => {
  it('equals its slow twin, whoever comes, closes and expires', () => {
    const visitor = fc.record({
      original: fc.nat(20),
      reply: fc.nat(20),
      waitUs: fc.constantFrom(0, S, 5 * S, 40 * S),
      lengthUs: fc.constantFrom(0, S, 60 * S),
      rememberedUs: fc.constantFrom(1, 10 * S, 120 * S, 5 * 86_400 * S),
      isAssured: fc.boolean(),
      stays: fc.boolean(),
    })
    fc.assert(
      fc.property(
        fc.array(visitor, { maxLength: 300, size: 'max' }),
        fc.constantFrom(1, 20, 100, 200),
        (visitors, max) => {
          const table = new EntryTable(max)
          const plain = new PlainTable(max)
          let nowUs = 0
          for (const { original, reply, waitUs, lengthUs, rememberedUs, isAssured, stays } of visitors) {
            nowUs += waitUs
            const admitted = table.admits(original, reply, nowUs)
            expect(plain.admits(original, reply, nowUs)).toBe(admitted)
            if (admitted && stays) {
              const life = [nowUs + lengthUs, nowUs + lengthUs + rememberedUs, isAssured] as const
              table.insert(original, reply, ...life)
              plain.insert(original, reply, ...life)
            }
            expect([table.count, table.earlyDrops]).toEqual([plain.count, plain.earlyDrops])
          }
          expect(table.peak).toBeLessThanOrEqual(max)
        },
      ),
      { numRuns: 200 },
    )
  }, 60_000)

  it('has room for exactly as many as never close', () => {
    const { table, dropped } = visits({ max: 1_000, perSecond: 100, seconds: 30, closes: Infinity })
    expect([table.count, dropped]).toEqual([1_000, 2_000])
  })

  it("obeys Little's law: arrivals a second times seconds remembered, and up to a minute until somebody sees that they are over", () => {
    for (const perSecond of [10, 100, 500]) {
      const { table, dropped } = visits({ max: 131_072, perSecond, seconds: 400, closes: 0 })
      expect(dropped).toBe(0)
      expect(table.count).toBeGreaterThanOrEqual(perSecond * 120)
      expect(table.peak).toBeLessThanOrEqual(perSecond * 180)
    }
  })

  it('loses of twice what it can hold what does not fit: between what expires at once and what waits a minute', () => {
    const perSecond = 200
    const max = 12_000
    const seconds = 1_200
    const { dropped } = visits({ max, perSecond, seconds, closes: 0 })
    // Every minute the collector takes up to 5 % more.
    const most = (max / 120 + (0.05 * max) / 60) * seconds + max
    const least = (max / 180) * seconds
    expect(dropped).toBeGreaterThan(perSecond * seconds - most)
    expect(dropped).toBeLessThan(perSecond * seconds - least)
  })

  it('gives up unassured entries for new ones where it finds some among eight buckets', () => {
    const max = 100_000
    const { table, dropped } = visits({ max, perSecond: 5_000, seconds: 25, closes: Infinity, isAssured: false })
    // 200,000 tuples in 262,144 buckets: none in eight has chance e^-6.1; each success may free several.
    expect(dropped).toBeLessThan(25_000 * 0.005)
    expect(table.earlyDrops).toBeGreaterThan(20_000)
  })
})

interface Visits {
  readonly max: number
  readonly perSecond: number
  readonly seconds: number
  /** After how many µs; they are remembered for two minutes more. */
  readonly closes: number
  readonly isAssured?: boolean
}

function visits({ max, perSecond, seconds, closes, isAssured = true }: Visits): { table: EntryTable; dropped: number } {
  const table = new EntryTable(max)
  let dropped = 0
  for (let i = 0; i < perSecond * seconds; i++) {
    const nowUs = Math.floor((i * S) / perSecond)
    const state = flowState(1, 2, i, 0)
    const [original, reply] = [0, 1].map(d => drawOf(state, d) >>> (32 - BUCKET_BITS))
    if (table.admits(original, reply, nowUs))
      table.insert(original, reply, nowUs + closes, nowUs + closes + 120 * S, isAssured)
    else dropped++
  }
  return { table, dropped }
}
