/**
 * Arrow's layouts for truth values, numbers and lists, filled a value at a time and kept for the next batch. Vectors look into the
 * builder's memory: they are valid until its next push or reset.
 */
import type { ArrowValues, ArrowVector } from './arrow-vector.ts'

/** Bits, least significant first: a bool column, or which rows are not null. */
export class BitBuilder {
  private bits = new Uint8Array(64)
  private length = 0
  private trueCount = 0

  push(bit: boolean): void {
    const at = this.length >> 3
    if (at === this.bits.length) this.bits = grown(this.bits, new Uint8Array(at * 2))
    if (bit) {
      this.bits[at] |= 1 << (this.length & 7)
      this.trueCount++
    }
    this.length++
  }

  vector(): ArrowVector {
    return { length: this.length, nullCount: 0, values: this.used(), children: [] }
  }

  /** `vector` with the rows null whose bit is false. */
  mask(vector: ArrowVector): ArrowVector {
    if (vector.length !== this.length) throw new Error(`${this.length} bits for ${vector.length} rows`)
    const nullCount = this.length - this.trueCount
    return nullCount === 0 ? vector : { ...vector, nullCount, validity: this.used() }
  }

  reset(): void {
    this.used().fill(0)
    this.length = 0
    this.trueCount = 0
  }

  private used(): Uint8Array {
    return this.bits.subarray(0, (this.length + 7) >> 3)
  }
}

/** Fixed-width numbers; `make` chooses the width. */
export class NumberBuilder<A extends Exclude<ArrowValues, BigInt64Array>> {
  private values: A
  private length = 0
  private readonly make: (length: number) => A

  constructor(make: (length: number) => A) {
    this.make = make
    this.values = make(64)
  }

  push(value: number): void {
    if (this.length === this.values.length) this.values = grown(this.values, this.make(this.length * 2))
    this.values[this.length++] = value
  }

  vector(): ArrowVector {
    return { length: this.length, nullCount: 0, values: this.used(), children: [] }
  }

  used(): A {
    return this.values.subarray(0, this.length) as A
  }

  reset(): void {
    this.length = 0
  }
}

/** Where the items of each list end; the items themselves are other builders'. */
export class ListBuilder {
  private offsets = new Int32Array(64)
  private length = 0

  /** Ends a list of `count` items. */
  push(count: number): void {
    const end = this.offsets[this.length] + count
    if (++this.length === this.offsets.length) this.offsets = grown(this.offsets, new Int32Array(this.length * 2))
    this.offsets[this.length] = end
  }

  vector(...children: ArrowVector[]): ArrowVector {
    const { length } = this
    return { length, nullCount: 0, offsets: this.offsets.subarray(0, length + 1), children }
  }

  reset(): void {
    this.length = 0
  }
}

export const structVector = (length: number, ...children: ArrowVector[]): ArrowVector => ({
  length,
  nullCount: 0,
  children,
})

function grown<A extends Exclude<ArrowValues, BigInt64Array>>(from: A, to: A): A {
  to.set(from)
  return to
}
