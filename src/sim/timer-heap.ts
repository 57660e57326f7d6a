/**
 * Timers in the order (time, actor, sequence): a binary heap in typed arrays. An actor is one word for what is to happen and to whom, so a tie
 * costs one comparison more. Behind the last timer times are Infinity, so a pair of children needs no check of bounds.
 */
import type { TimeUs } from './time.ts'

/** Children of place p are 2p and 2p + 1. */
const ROOT = 1
/** Places besides the timers': the one before the root, and a pair of children behind the last. */
const SLACK = 3

export class TimerHeap {
  length = 0
  /** What `take` took last. */
  actor = 0
  sequence = 0
  #capacity = 64
  #times = new Float64Array(64 + SLACK).fill(Infinity)
  #actors = new Uint32Array(64 + SLACK)
  #sequences = new Uint32Array(64 + SLACK)

  /** The time of the first timer; Infinity when there is none. */
  get firstUs(): TimeUs {
    return this.#times[ROOT]
  }

  add(timeUs: TimeUs, actor: number, sequence: number): void {
    if (this.length === this.#capacity) this.#grow()
    const times = this.#times
    const actors = this.#actors
    const sequences = this.#sequences
    let place = ROOT + this.length++
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

  /** Takes the first timer and returns its time; its actor and sequence stand in the fields. There must be one. */
  take(): TimeUs {
    const timeUs = this.#times[ROOT]
    this.actor = this.#actors[ROOT]
    this.sequence = this.#sequences[ROOT]
    const last = ROOT + --this.length
    const lastUs = this.#times[last]
    this.#times[last] = Infinity
    if (last > ROOT) this.#sink(lastUs, this.#actors[last], this.#sequences[last])
    return timeUs
  }

  /** Puts a timer into the root's place, or below it. */
  #sink(timeUs: TimeUs, actor: number, sequence: number): void {
    const times = this.#times
    const actors = this.#actors
    const sequences = this.#sequences
    const end = ROOT + this.length
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
