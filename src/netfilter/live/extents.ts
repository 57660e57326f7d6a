/**
 * Which stretches of a growing list are taken: those given back are taken again by what needs as much. Rooms above 16 are rounded up to
 * eighths of a power of two, so that pieces that grow a little find each other's places and at most an eighth is idle.
 * A segregated-fit allocator; neighbouring pieces are not joined.
 */
export class Extents {
  /** Behind the last piece. */
  end = 0
  readonly #free = new Map<number, number[]>()
  readonly #stepOf: (size: number) => number

  /** `exactly`: no room is rounded. */
  constructor(exactly = false) {
    this.#stepOf = exactly ? () => 1 : stepOf
  }

  /** The first place of a stretch of roomFor(size). */
  take(size: number): number {
    const room = this.roomFor(size)
    const free = this.#free.get(room)?.pop()
    if (free !== undefined) return free
    const start = this.end
    this.end += room
    return start
  }

  /** `room` places from `start` on are free again. */
  give(start: number, room: number): void {
    if (room === 0) return
    const size = room - (room % this.#stepOf(room))
    const free = this.#free.get(size)
    if (free === undefined) this.#free.set(size, [start])
    else free.push(start)
  }

  /** How much is taken where this much is needed. */
  roomFor(size: number): number {
    const step = this.#stepOf(size - 1)
    return Math.ceil(size / step) * step
  }
}

const EXACT = 16

/** Between the rooms on both sides of `size`, itself the lower one. */
const stepOf = (size: number): number => (size < EXACT ? 1 : 1 << (28 - Math.clz32(size)))
