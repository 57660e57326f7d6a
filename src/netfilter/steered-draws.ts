/**
 * Draws that lead a packet where it is known to have gone: the dice of a kernel, read off what became of its packets. With them a trace
 * counts what that kernel counted, exactly; and how often each option was taken at each place can be tested against its chance.
 *
 * A place that draws is a fork: each of its options ends, sooner or later, in one of some goals. Where several can end in the same (or none
 * can) it is not told which was taken, nor where a packet was stopped: further rules can do that too, whatever was drawn.
 */

/** `10.244.0.5:8080` (port 0: the packet's own) for a translation, `drop`, or `reject`. */
export type Goal = string

/** Where a draw is asked for: a rule, or the first rule of a run. */
export interface DrawPlace {
  readonly table: string
  readonly chain: string
  /** From 0. */
  readonly index: number
}

/** One of the ways that go on from a place; a draw takes it from word `bound` up to the next option's. */
export interface ForkOption {
  readonly name: string
  readonly chance: number
  readonly bound: number
  readonly ends: ReadonlySet<Goal>
}

/** The options of a place that can be taken, by rising bounds. */
export type ForkOf = (place: DrawPlace) => readonly ForkOption[]

/** What was drawn at one place. */
export interface DrawCounts {
  readonly place: DrawPlace
  readonly options: readonly ForkOption[]
  readonly counts: number[]
}

/** What a packet's goals tell of a draw. */
export interface Lead {
  readonly fork: DrawCounts
  /** Options that can have been taken; one alone is told. */
  readonly candidates: readonly number[]
  /** The one that leads to what is known, by itself. */
  readonly guess: number | undefined
}

export class SteeredDraws {
  readonly #forkOf: ForkOf
  readonly #places = new Map<string, DrawCounts>()

  constructor(forkOf: ForkOf) {
    this.#forkOf = forkOf
  }

  /** Every place that drew, in the order met. */
  counts(): readonly DrawCounts[] {
    return [...this.#places.values()]
  }

  /** Counts begin at 0. */
  clear(): void {
    for (const { counts } of this.#places.values()) counts.fill(0)
  }

  lead(place: DrawPlace, goals: ReadonlySet<Goal>): Lead {
    const fork = this.#forkAt(place)
    const leading = fork.options.flatMap(({ ends }, i) => (ends.isDisjointFrom(goals) ? [] : [i]))
    // A packet that no rule translated or stopped took an option that does neither.
    const fitting = leading.length > 0 ? leading : fork.options.flatMap(({ ends }, i) => (ends.size === 0 ? [i] : []))
    const isOpen = fitting.length === 0 || goals.has('drop') || goals.has('reject')
    return {
      fork,
      candidates: isOpen ? fork.options.map((_, i) => i) : fitting,
      guess: fitting.length === 1 ? fitting[0] : undefined,
    }
  }

  #forkAt(place: DrawPlace): DrawCounts {
    const key = `${place.table} ${place.chain} ${place.index}`
    let fork = this.#places.get(key)
    if (fork === undefined) {
      const options = this.#forkOf(place)
      fork = { place, options, counts: options.map(() => 0) }
      this.#places.set(key, fork)
    }
    return fork
  }
}
