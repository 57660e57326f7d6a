/**
 * What will happen when, in a total order: (time, kind, source, sequence). Kind says what is to happen, source is the number of the actor
 * it happens to, sequence the order of setting; so timers of one instant never depend on how the heap lies.
 *
 * A binary heap in typed arrays. Kind and source are one word, so a tie costs one comparison more. Everything of a timer moves with it:
 * looking it up in a slot of its own took twice as long at 50,000 pending, for the one cache miss. What was taken leaves a hole at the root that the
 * next timer set fills, as a simulation sets about one for each it takes: one way through the heap in place of two. Behind the last
 * timer times are Infinity, so a pair of children needs no check of bounds. bench/cases/timer-queue.ts has its speed beside others'.
 */
import type { TimeUs } from './time.ts'

/** Children of place p are 2p and 2p + 1. */
const ROOT = 1
/** Places besides the timers': the one before the root, the hole, and a pair of children behind the last. */
const SLACK = 4

/** Kinds are below this. */
const KINDS = 1 << 8
/** Sources are below this. */
const SOURCES = 1 << 24

export class TimerQueue {
  /** The timer that `take` took last. */
  timeUs: TimeUs = 0
  kind = 0
  source = 0
  #capacity = 64
  #times = new Float64Array(64 + SLACK).fill(Infinity)
  /** kind * SOURCES + source. */
  #actors = new Uint32Array(64 + SLACK)
  #sequences = new Uint32Array(64 + SLACK)
  #length = 0
  #isHollow = false
  #sequence = 0

  get length(): number {
    return this.#length
  }

  /** When the first timer is due; Infinity when there is none. */
  get nextUs(): TimeUs {
    if (this.#isHollow) this.#closeHole()
    return this.#times[ROOT]
  }

  /** Sets a timer, not before the time of the last one taken; at most 2^32 of them in the life of a queue. */
  set(timeUs: TimeUs, kind: number, source: number): void {
    if (!(timeUs >= this.timeUs && timeUs < Infinity) || kind >= KINDS || source >= SOURCES)
      throw new Error(`a timer (${kind}, ${source}) cannot be set for ${timeUs} µs at ${this.timeUs} µs`)
    if (this.#sequence > 0xffffffff) throw new Error('a timer queue has set 2^32 timers, and cannot order any more')
    if (this.#length === this.#capacity) this.#grow()
    this.#length++
    const actor = kind * SOURCES + source
    if (this.#isHollow) {
      this.#isHollow = false
      this.#sink(timeUs, actor, this.#sequence++)
    } else this.#rise(timeUs, actor, this.#sequence++)
  }

  /** Takes the first timer, which is in `timeUs`, `kind` and `source` then; false when there is none. */
  take(): boolean {
    if (this.#length === 0) return false
    if (this.#isHollow) this.#closeHole()
    const actor = this.#actors[ROOT]
    this.timeUs = this.#times[ROOT]
    this.kind = actor >>> 24
    this.source = actor & (SOURCES - 1)
    this.#length--
    this.#isHollow = true
    if (this.#length === 0) this.#closeHole()
    return true
  }

  #closeHole(): void {
    this.#isHollow = false
    const last = ROOT + this.#length
    const timeUs = this.#times[last]
    this.#times[last] = Infinity
    if (last > ROOT) this.#sink(timeUs, this.#actors[last], this.#sequences[last])
  }

  /** Into the hole at the root, or below it. */
  #sink(timeUs: TimeUs, actor: number, sequence: number): void {
    const times = this.#times
    const actors = this.#actors
    const sequences = this.#sequences
    const end = ROOT + this.#length
    let place = ROOT
    for (let left = 2 * ROOT; left < end; left = 2 * place) {
      const right = left + 1
      const leftUs = times[left]
      const rightUs = times[right]
      // Which of the two comes first cannot be predicted, so it is counted and not branched on; that they tie hardly ever happens.
      let first = left + +(rightUs < leftUs)
      if (leftUs === rightUs && precedes(actors[right], sequences[right], actors[left], sequences[left])) first = right
      const firstUs = times[first]
      if (timeUs < firstUs) break
      if (timeUs === firstUs && precedes(actor, sequence, actors[first], sequences[first])) break
      times[place] = firstUs
      actors[place] = actors[first]
      sequences[place] = sequences[first]
      place = first
    }
    times[place] = timeUs
    actors[place] = actor
    sequences[place] = sequence
  }

  /** Into the place behind the last, or above it. */
  #rise(timeUs: TimeUs, actor: number, sequence: number): void {
    const times = this.#times
    const actors = this.#actors
    const sequences = this.#sequences
    let place = ROOT + this.#length - 1
    while (place > ROOT) {
      const parent = place >>> 1
      const parentUs = times[parent]
      if (parentUs < timeUs) break
      if (parentUs === timeUs && precedes(actors[parent], sequences[parent], actor, sequence)) break
      times[place] = parentUs
      actors[place] = actors[parent]
      sequences[place] = sequences[parent]
      place = parent
    }
    times[place] = timeUs
    actors[place] = actor
    sequences[place] = sequence
  }

  #grow(): void {
    this.#capacity *= 2
    const size = this.#capacity + SLACK
    const times = new Float64Array(size).fill(Infinity)
    times.set(this.#times)
    const actors = new Uint32Array(size)
    actors.set(this.#actors)
    const sequences = new Uint32Array(size)
    sequences.set(this.#sequences)
    this.#times = times
    this.#actors = actors
    this.#sequences = sequences
  }
}

/** Of two timers of one instant. */
const precedes = (actorA: number, sequenceA: number, actorB: number, sequenceB: number): boolean =>
  actorA === actorB ? sequenceA < sequenceB : actorA < actorB
