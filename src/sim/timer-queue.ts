/**
 * What will happen when, in a total order: (time, kind, source, sequence). Kind says what is to happen, source is the number of the actor
 * it happens to, sequence the order of setting; so timers of one instant never depend on how they are kept.
 *
 * A ladder queue (Tang, Goh and Thng 2005) with one rung: near timers in a heap, those after them unsorted in buckets of equal width,
 * the rest unsorted in one list. When the heap is empty it gets the next bucket; when the buckets are through, they are laid over the
 * earlier half of the rest. A timer so moves about twice, whatever the number of pending ones, where in one heap of 50,000 it moves 16 times.
 * Times that bunch up, in the extreme all of one instant, leave no more than a heap. bench/cases/timer-queue.ts has its speed beside others'.
 */
import type { TimeUs } from './time.ts'
import { TimerHeap } from './timer-heap.ts'

/** Kinds are below this. */
const KINDS = 1 << 8
/** Sources are below this. */
const SOURCES = 1 << 24

/** So few timers are a heap and nothing else. */
const FEW = 128
/** Timers a bucket that is wanted on average, and the most buckets. */
const PER_BUCKET = 2
const MOST_BUCKETS = 1 << 17
const SAMPLES = 16
const NONE = -1

export class TimerQueue {
  /** The timer that `take` took last. */
  timeUs: TimeUs = 0
  kind = 0
  source = 0
  #sequence = 0
  /** All timers of buckets up to #bucket, and those before the buckets. */
  readonly #near = new TimerHeap()
  /** The heap is spread over new buckets when it holds more. */
  #mostNear = FEW

  /** Buckets begin at #startUs, #perUs of them a microsecond; without buckets it is 0, so that every time is near. */
  #startUs: TimeUs = 0
  #perUs = 0
  #bucketCount = 0
  #bucket = 0
  #heads = new Int32Array(0)
  #far = NONE
  #farCount = 0

  /** Slots of the timers that wait in a bucket or far away, in lists; free ones are a list too. */
  #times = new Float64Array(0)
  #actors = new Uint32Array(0)
  #sequences = new Uint32Array(0)
  #next = new Int32Array(0)
  #free = NONE
  #waiting = 0

  get length(): number {
    return this.#near.length + this.#waiting
  }

  /** When the first timer is due; Infinity when there is none. */
  get nextUs(): TimeUs {
    if (this.#near.length === 0) this.#advance()
    return this.#near.firstUs
  }

  /** Sets a timer, not before the time of the last one taken; at most 2^32 of them in the life of a queue. */
  set(timeUs: TimeUs, kind: number, source: number): void {
    if (!(timeUs >= this.timeUs && timeUs < Infinity) || kind >= KINDS || source >= SOURCES)
      throw new Error(`a timer (${kind}, ${source}) cannot be set for ${timeUs} µs at ${this.timeUs} µs`)
    if (this.#sequence > 0xffffffff) throw new Error('a timer queue has set 2^32 timers, and cannot order any more')
    const actor = kind * SOURCES + source
    const sequence = this.#sequence++
    const bucket = (timeUs - this.#startUs) * this.#perUs
    if (bucket < this.#bucket + 1) {
      this.#near.add(timeUs, actor, sequence)
      if (this.#near.length > this.#mostNear) this.#spread()
    } else this.#link(this.#slot(timeUs, actor, sequence), bucket)
  }

  /** Takes the first timer, which is in `timeUs`, `kind` and `source` then; false when there is none. */
  take(): boolean {
    const near = this.#near
    if (near.length === 0 && !this.#advance()) return false
    this.timeUs = near.take()
    const { actor } = near
    this.kind = actor >>> 24
    this.source = actor & (SOURCES - 1)
    return true
  }

  /** Fills the empty heap with the timers that come next; false when there are none. */
  #advance(): boolean {
    if (this.#waiting === 0) return false
    for (;;) {
      while (++this.#bucket < this.#bucketCount) {
        const head = this.#heads[this.#bucket]
        if (head === NONE) continue
        this.#bringNear(head)
        return true
      }
      if (this.#farCount > FEW) {
        this.#layBuckets()
        continue
      }
      this.#perUs = 0
      this.#startUs = 0
      this.#bucketCount = 0
      this.#bucket = 0
      this.#bringNear(this.#takeFar())
      return true
    }
  }

  #bringNear(head: number): void {
    let slot = head
    for (let next = slot; slot !== NONE; slot = next) {
      next = this.#next[slot]
      this.#near.add(this.#times[slot], this.#actors[slot], this.#sequences[slot])
      this.#next[slot] = this.#free
      this.#free = slot
      this.#waiting--
    }
  }

  /** Lays buckets over the earlier half of the far timers, from the first on: half of them by a sample. */
  #layBuckets(): void {
    const step = Math.ceil(this.#farCount / SAMPLES)
    const samples: number[] = []
    let startUs = Infinity
    let i = 0
    for (let slot = this.#far; slot !== NONE; slot = this.#next[slot]) {
      const timeUs = this.#times[slot]
      if (timeUs < startUs) startUs = timeUs
      if (i++ % step === 0) samples.push(timeUs)
    }
    const middleUs = samples.sort((a, b) => a - b)[samples.length >> 1]
    // Twice as far as the middle: where times thin out, as they do, most of them are within.
    const spanUs = Math.max(1, 2 * (middleUs - startUs))
    const count = Math.min(MOST_BUCKETS, 2 ** Math.ceil(Math.log2(this.#farCount / PER_BUCKET)))
    if (count > this.#heads.length) this.#heads = new Int32Array(count)
    this.#heads.fill(NONE, 0, count)
    this.#startUs = startUs
    this.#perUs = count / spanUs
    this.#bucketCount = count
    this.#bucket = NONE
    for (let slot = this.#takeFar(), next = slot; slot !== NONE; slot = next) {
      next = this.#next[slot]
      this.#link(slot, (this.#times[slot] - startUs) * this.#perUs)
    }
  }

  /** Everything into new buckets. The heap may hold twice as much before that happens again, so it is paid for. */
  #spread(): void {
    const near = this.#near
    this.#mostNear = 2 * near.length
    for (let bucket = this.#bucket + 1; bucket < this.#bucketCount; bucket++)
      for (let slot = this.#heads[bucket], next = slot; slot !== NONE; slot = next) {
        next = this.#next[slot]
        this.#link(slot, Infinity)
      }
    while (near.length > 0) {
      const timeUs = near.take()
      this.#link(this.#slot(timeUs, near.actor, near.sequence), Infinity)
    }
    this.#layBuckets()
    this.#advance()
  }

  /** Into its bucket, or to the far ones behind the last. */
  #link(slot: number, bucket: number): void {
    if (bucket < this.#bucketCount) {
      const at = Math.floor(bucket)
      this.#next[slot] = this.#heads[at]
      this.#heads[at] = slot
    } else {
      this.#next[slot] = this.#far
      this.#far = slot
      this.#farCount++
    }
  }

  #takeFar(): number {
    const head = this.#far
    this.#far = NONE
    this.#farCount = 0
    return head
  }

  #slot(timeUs: TimeUs, actor: number, sequence: number): number {
    if (this.#free === NONE) this.#grow()
    const slot = this.#free
    this.#free = this.#next[slot]
    this.#times[slot] = timeUs
    this.#actors[slot] = actor
    this.#sequences[slot] = sequence
    this.#waiting++
    return slot
  }

  #grow(): void {
    const before = this.#times.length
    const size = Math.max(FEW, before * 2)
    const times = new Float64Array(size)
    times.set(this.#times)
    const actors = new Uint32Array(size)
    actors.set(this.#actors)
    const sequences = new Uint32Array(size)
    sequences.set(this.#sequences)
    const next = new Int32Array(size)
    next.set(this.#next)
    for (let slot = before; slot < size; slot++) next[slot] = slot + 1 < size ? slot + 1 : this.#free
    this.#times = times
    this.#actors = actors
    this.#sequences = sequences
    this.#next = next
    this.#free = before
  }
}
