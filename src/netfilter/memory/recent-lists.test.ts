import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SECOND_US } from '../../sim/time.ts'
import type { PlainRecent, PlainRecentRule } from './plain-recent.ts'
import { plainRecentHolds } from './plain-recent.ts'
import { RECENT_CLIENTS, RECENT_OPERATION, RECENT_STAMPS, RecentLists } from './recent-lists.ts'

type Operation = PlainRecentRule['operation']

interface Ask {
  readonly operation: Operation
  readonly client: number
  readonly atUs: number
  readonly seconds?: number
  readonly hitcount?: number
  readonly reap?: boolean
}

/** The same questions to the lists and to their twin; the answers must be equal. */
function ask(lists: RecentLists, plain: PlainRecent, stamps: number, question: Ask): boolean {
  const { operation, client, atUs, seconds = 0, hitcount = 0, reap = false } = question
  const words = Uint32Array.of(0, 0, 0, client)
  const answer = lists.holds(0, { operation: RECENT_OPERATION[operation], seconds, hitcount, reap }, words, atUs)
  const rule = { operation, name: 'L', seconds, hitcount, reap }
  expect(plainRecentHolds(plain, rule, BigInt(client), atUs, stamps)).toBe(answer)
  return answer
}

function asking(stamps = RECENT_STAMPS): (question: Ask) => boolean {
  const lists = new RecentLists([stamps])
  const plain: PlainRecent = new Map()
  return question => ask(lists, plain, stamps, question)
}

const S = SECOND_US

describe('recent lists', () => {
  it('know who was set, and no one else', () => {
    const a = asking()
    expect(a({ operation: 'rcheck', client: 1, atUs: 0 })).toBe(false)
    expect(a({ operation: 'set', client: 1, atUs: 0 })).toBe(true)
    expect(a({ operation: 'rcheck', client: 1, atUs: 9_999 * S })).toBe(true)
    expect(a({ operation: 'rcheck', client: 2, atUs: 0 })).toBe(false)
    expect(a({ operation: 'remove', client: 2, atUs: 0 })).toBe(false)
    expect(a({ operation: 'remove', client: 1, atUs: 0 })).toBe(true)
    expect(a({ operation: 'rcheck', client: 1, atUs: 0 })).toBe(false)
  })

  it('hold for --seconds from the last sighting on, the last microsecond included', () => {
    const a = asking()
    a({ operation: 'set', client: 1, atUs: 0 })
    expect(a({ operation: 'rcheck', client: 1, atUs: 10 * S, seconds: 10 })).toBe(true)
    expect(a({ operation: 'rcheck', client: 1, atUs: 10 * S + 1, seconds: 10 })).toBe(false)
    a({ operation: 'set', client: 1, atUs: 10 * S + 1 })
    expect(a({ operation: 'rcheck', client: 1, atUs: 20 * S, seconds: 10 })).toBe(true)
  })

  it('update prolongs, rcheck does not', () => {
    for (const [operation, later] of [
      ['update', true],
      ['rcheck', false],
    ] as const) {
      const a = asking()
      a({ operation: 'set', client: 1, atUs: 0 })
      expect(a({ operation, client: 1, atUs: 8 * S, seconds: 10 })).toBe(true)
      expect(a({ operation: 'rcheck', client: 1, atUs: 16 * S, seconds: 10 })).toBe(later)
    }
  })

  it('forget the client not seen for longest when a 101st comes', () => {
    const a = asking()
    for (let client = 0; client < RECENT_CLIENTS; client++) a({ operation: 'set', client, atUs: client })
    a({ operation: 'set', client: 0, atUs: 500 })
    a({ operation: 'set', client: 1_000, atUs: 501 })
    expect(a({ operation: 'rcheck', client: 0, atUs: 502 })).toBe(true)
    expect(a({ operation: 'rcheck', client: 1, atUs: 502 })).toBe(false)
    expect(a({ operation: 'rcheck', client: 2, atUs: 502 })).toBe(true)
  })

  it('count sightings with --hitcount, within --seconds', () => {
    const a = asking(4)
    for (const atUs of [0, S, 2 * S]) a({ operation: 'set', client: 1, atUs })
    expect(a({ operation: 'rcheck', client: 1, atUs: 2 * S, hitcount: 3 })).toBe(true)
    expect(a({ operation: 'rcheck', client: 1, atUs: 2 * S, hitcount: 4 })).toBe(false)
    expect(a({ operation: 'rcheck', client: 1, atUs: 11 * S, seconds: 10, hitcount: 2 })).toBe(true)
    expect(a({ operation: 'rcheck', client: 1, atUs: 11 * S + 1, seconds: 10, hitcount: 2 })).toBe(false)
  })

  it('reap the oldest client once it is older than --seconds', () => {
    const a = asking()
    a({ operation: 'set', client: 1, atUs: 0 })
    a({ operation: 'set', client: 2, atUs: 5 * S })
    expect(a({ operation: 'rcheck', client: 2, atUs: 11 * S, seconds: 10, reap: true })).toBe(true)
    expect(a({ operation: 'rcheck', client: 1, atUs: 11 * S })).toBe(false)
  })

  it('equal their twin on random questions', () => {
    const question = fc.record({
      operation: fc.constantFrom<Operation[]>('set', 'set', 'set', 'rcheck', 'update', 'remove'),
      client: fc.nat(130),
      waitUs: fc.constantFrom(0, 1, S, 3 * S),
      seconds: fc.constantFrom(0, 1, 5, 60),
      hitcount: fc.constantFrom(0, 1, 2, 4),
      reap: fc.boolean(),
    })
    fc.assert(
      fc.property(
        fc.array(question, { maxLength: 400, size: 'max' }),
        fc.constantFrom(1, 4, 32),
        (questions, stamps) => {
          const a = asking(stamps)
          let atUs = 0
          for (const { waitUs, ...q } of questions) {
            atUs += waitUs
            a({ ...q, atUs, reap: q.reap && q.seconds > 0 })
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})
