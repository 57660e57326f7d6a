/**
 * One benchmark: what it does, in two sizes, with its checksum and, where there is one, its naive twin. Rounds rotate over ROTATION
 * different inputs, as a kernel that always sees the same input looks faster than it is.
 */
export type BenchSize = 'small' | 'large'

/** Different inputs a case must have; round r works on input r % ROTATION. */
export const ROTATION = 4

export interface BenchCase {
  /** What is done, then to what: `fold pod events`. */
  readonly name: string
  /** Plural of what is counted: `events`. */
  readonly unit: string
  readonly prepare: (size: BenchSize) => PreparedCase | Promise<PreparedCase>
}

/** A checksum, or one with the milliseconds that count, where a round does more than what is measured. */
export type Measured = number | { readonly checksum: number; readonly milliseconds: number }

export type RunRound = (round: number, items: number) => Measured | Promise<Measured>

export interface PreparedCase {
  /** The size in words: `1,000,000 events, 150,000 pods`. */
  readonly size: string
  /** Items that one round works through. */
  readonly items: number
  /** Works through the first `items` items of round `round`'s input; the checksum is a function of these two alone. */
  readonly run: RunRound
  /** The slow, obvious way to the same checksum, for as many items as are bearable. */
  readonly naive?: { readonly items: number; readonly run: RunRound }
}

/** Mixes a number into a 32-bit checksum in which order counts. */
export const mix = (checksum: number, value: number): number => (Math.imul(checksum, 31) + value) | 0
