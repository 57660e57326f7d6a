/**
 * Text to Arrow's utf8 layout (offsets and bytes) and back, by hand: the generic builders make an object a value and reach a tenth
 * of this. Names, addresses and labels are short ASCII, so a character is copied as a byte until one turns out not to be; then that
 * value is encoded by the platform, as long ones are (110 characters: 130 ns instead of 1,000). Reading decodes a whole column at once and cuts it: where all of it is ASCII, byte offsets are
 * character offsets. A text cut from a column keeps the column's text alive. Lone surrogates become U+FFFD, as UTF-8 has no form for them.
 */
import { Buffer, isAscii } from 'node:buffer'
import type { ArrowVector, LaidOutTexts } from './arrow-vector.ts'

const MAX_BYTES = 0x7fff_ffff

/** Characters from which one call of the platform costs less. */
const LONG = 32

/** Grows; `reset` keeps the memory for the next batch. */
export class Utf8Builder {
  private offsets = new Int32Array(64)
  private bytes = Buffer.allocUnsafeSlow(1024)
  private length = 0
  /** Of the bytes so far. */
  private end = 0

  push(text: string): void {
    const { length } = text
    let at = this.end
    if (this.bytes.length - at < length * 3) this.growBytes(at + length * 3)
    const bytes = this.bytes
    if (length >= LONG) at += bytes.write(text, at, 'utf8')
    else
      for (let i = 0; i < length; i++) {
        const code = text.charCodeAt(i)
        if (code > 127) {
          at = this.end + bytes.write(text, this.end, 'utf8')
          break
        }
        bytes[at++] = code
      }
    if (++this.length === this.offsets.length) this.growRows()
    this.offsets[this.length] = at
    this.end = at
  }

  /** The last `count` rows once more. */
  repeat(count: number): void {
    const from = this.length - count
    const first = this.offsets[from]
    const size = this.end - first
    if (this.bytes.length - this.end < size) this.growBytes(this.end + size)
    this.bytes.copyWithin(this.end, first, this.end)
    while (this.length + count >= this.offsets.length) this.growRows()
    for (let row = from + 1; row <= from + count; row++) this.offsets[++this.length] = this.offsets[row] + size
    this.end += size
  }

  /** Rows of a utf8 vector, as they are. */
  pushRows({ offsets, values }: LaidOutTexts, from: number, to: number): void {
    const first = offsets[from]
    const size = offsets[to] - first
    if (this.bytes.length - this.end < size) this.growBytes(this.end + size)
    this.bytes.set(values.subarray(first, first + size), this.end)
    const ahead = this.end - first
    while (this.length + to - from >= this.offsets.length) this.growRows()
    for (let row = from + 1; row <= to; row++) this.offsets[++this.length] = offsets[row] + ahead
    this.end += size
  }

  get rowCount(): number {
    return this.length
  }

  /** Valid until the next push or reset: it looks into this builder's memory. */
  vector(): ArrowVector & LaidOutTexts {
    const { length } = this
    const offsets = this.offsets.subarray(0, length + 1)
    return { length, nullCount: 0, values: this.bytes.subarray(0, offsets[length]), offsets, children: [] }
  }

  reset(): void {
    this.length = 0
    this.end = 0
  }

  private growBytes(needed: number): void {
    if (needed > MAX_BYTES) throw new Error(`a text column would pass ${MAX_BYTES} bytes; write smaller batches`)
    const grown = Buffer.allocUnsafeSlow(Math.min(MAX_BYTES, Math.max(needed, this.bytes.length * 2)))
    grown.set(this.bytes)
    this.bytes = grown
  }

  private growRows(): void {
    const offsets = new Int32Array(this.offsets.length * 2)
    offsets.set(this.offsets)
    this.offsets = offsets
  }
}

/** The text of a row of a utf8 vector, null rows being ''; with `end`, of the rows before it too, joined. */
export function utf8Reader(vector: ArrowVector): (row: number, end?: number) => string {
  const offsets = vector.offsets!
  const first = offsets[0]
  const view = vector.values as Uint8Array
  const bytes = Buffer.from(view.buffer, view.byteOffset + first, offsets[vector.length] - first)
  if (isAscii(bytes)) {
    const text = bytes.toString('latin1')
    return (row, end = row + 1) => text.substring(offsets[row] - first, offsets[end] - first)
  }
  return (row, end = row + 1) => bytes.toString('utf8', offsets[row] - first, offsets[end] - first)
}
