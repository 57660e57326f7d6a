/**
 * The hold model of timer queues: a queue of so many pending timers; take the first, set one a random while after it, again and again. One
 * hold is one timer. Beside it flatqueue, which gives equal times no order, and as the naive twin a binary heap of objects in the
 * same total order. Times are whole microseconds wide apart, so ties are as rare as in a simulation and all three take the same times.
 */
import FlatQueue from 'flatqueue'
import { draw32 } from '../../src/sim/random.ts'
import { TimerQueue } from '../../src/sim/timer-queue.ts'
import { type BenchCase, type BenchSize, mix, ROTATION } from '../bench-case.ts'

/**
 * So many holds: each takes the first timer and sets one a wait later; returns a checksum of the times taken. Every queue has a loop of its
 * own, as the machine code of a shared one would pay for all three.
 */
type Holds = (waitsUs: Float64Array, count: number) => number

type MakeHolds = (startsUs: Float64Array) => Holds

const timerQueue: MakeHolds = startsUs => {
  const queue = new TimerQueue()
  startsUs.forEach((timeUs, source) => {
    queue.set(timeUs, source & 7, source)
  })
  return (waitsUs, count) => {
    let checksum = 0
    for (let i = 0; i < count; i++) {
      queue.take()
      checksum = mix(checksum, queue.timeUs)
      queue.set(queue.timeUs + waitsUs[i & WAITS], queue.kind, queue.source)
    }
    return checksum
  }
}

const flatQueue: MakeHolds = startsUs => {
  const queue = new FlatQueue<number>()
  startsUs.forEach((timeUs, source) => {
    queue.push(source, timeUs)
  })
  return (waitsUs, count) => {
    let checksum = 0
    for (let i = 0; i < count; i++) {
      const timeUs = queue.peekValue()!
      checksum = mix(checksum, timeUs)
      queue.push(queue.pop()!, timeUs + waitsUs[i & WAITS])
    }
    return checksum
  }
}

interface Timer {
  timeUs: number
  kind: number
  source: number
  sequence: number
}

const objectHeap: MakeHolds = startsUs => {
  const heap: Timer[] = []
  let sequence = 0
  const precedes = (a: Timer, b: Timer): boolean =>
    a.timeUs !== b.timeUs
      ? a.timeUs < b.timeUs
      : a.kind !== b.kind
        ? a.kind < b.kind
        : a.source !== b.source
          ? a.source < b.source
          : a.sequence < b.sequence
  const swap = (i: number, j: number): void => {
    const timer = heap[i]
    heap[i] = heap[j]
    heap[j] = timer
  }
  const push = (timer: Timer): void => {
    let i = heap.push(timer) - 1
    for (let up = (i - 1) >> 1; i > 0 && precedes(heap[i], heap[up]); up = (i - 1) >> 1) {
      swap(i, up)
      i = up
    }
  }
  const pop = (): Timer => {
    const first = heap[0]
    const last = heap.pop()!
    if (heap.length === 0) return first
    heap[0] = last
    for (let i = 0; ; ) {
      let least = i
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < heap.length && precedes(heap[child], heap[least])) least = child
      if (least === i) return first
      swap(i, least)
      i = least
    }
  }
  startsUs.forEach((timeUs, source) => {
    push({ timeUs, kind: source & 7, source, sequence: sequence++ })
  })
  return (waitsUs, count) => {
    let checksum = 0
    for (let i = 0; i < count; i++) {
      const { timeUs, kind, source } = pop()
      checksum = mix(checksum, timeUs)
      push({ timeUs: timeUs + waitsUs[i & WAITS], kind, source, sequence: sequence++ })
    }
    return checksum
  }
}

const MEAN_US = 1_000_000
/** Waits are drawn beforehand, so many and one, and used again. */
const WAITS = 0xffff
const HOLDS: Readonly<Record<BenchSize, number>> = { small: 1_000, large: 2_000_000 }

/** Exponential, so that the pending timers lie as a Poisson process does. */
const incrementsOf = (input: number, count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) =>
    Math.ceil(-MEAN_US * 1000 * Math.log((draw32(input, 1, i, 0, 0) + 1) / 0x1_0000_0001)),
  )

const holdCase = (name: string, make: MakeHolds, pending: number): BenchCase => ({
  name: `${name}, ${pending.toLocaleString('en')} pending`,
  unit: 'timers',
  prepare: size => {
    const increments = Array.from({ length: ROTATION }, (_, input) => incrementsOf(input, WAITS + 1))
    const runOf = (makeHolds: MakeHolds) => (round: number, items: number) => {
      const waits = increments[round]
      const holds = makeHolds(Float64Array.from({ length: pending }, (_, i) => waits[(i * 31) & WAITS]))
      const start = performance.now()
      const checksum = holds(waits, items)
      return { checksum, milliseconds: performance.now() - start }
    }
    return {
      size: `${HOLDS[size]} holds`,
      items: HOLDS[size],
      run: runOf(make),
      naive: { items: Math.min(HOLDS[size], 200_000), run: runOf(objectHeap) },
    }
  },
})

export const timerCases: readonly BenchCase[] = [1_000, 50_000].flatMap(pending => [
  holdCase('timer queue', timerQueue, pending),
  holdCase('flatqueue (no order of ties)', flatQueue, pending),
])
