/**
 * Texts of a column by number, each held and encoded once however many rows and columns say it: a large cluster has a million rows of
 * rules and a quarter of that in texts, 30 MB. Equal texts have equal numbers. Rows whose numbers follow each other lie together
 * in the pool's bytes too, so a column is mostly copied or hashed a stretch at a time.
 */
import type { LaidOutTexts } from './arrow-vector.ts'
import { Utf8Builder } from './utf8-column.ts'

/** Rows of one column. */
export class PooledTexts {
  readonly pool: TextPool
  readonly numbers: Uint32Array

  constructor(pool: TextPool, numbers: Uint32Array) {
    this.pool = pool
    this.numbers = numbers
  }

  static of(texts: readonly string[]): PooledTexts {
    const pool = new TextPool()
    return new PooledTexts(
      pool,
      Uint32Array.from(texts, text => pool.numberOf(text)),
    )
  }

  get length(): number {
    return this.numbers.length
  }

  toArray(): string[] {
    const { numbers, pool } = this
    const texts = new Array<string>(numbers.length)
    for (let row = 0; row < numbers.length; row++) texts[row] = pool.texts[numbers[row]]
    return texts
  }
}

export class TextPool {
  /** By number, which is the order in which they came. */
  readonly texts: string[] = []
  readonly #numbers = new Map<string, number>()
  readonly #utf8 = new Utf8Builder()

  numberOf(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    const number = this.add(text)
    this.#numbers.set(text, number)
    return number
  }

  /** The number of a text that the pool does not have, which `numberOf` will not find: for who knows its equals otherwise. */
  add(text: string): number {
    return this.texts.push(text) - 1
  }

  /** All texts by number; valid until the next text and call. */
  utf8(): LaidOutTexts {
    for (let number = this.#utf8.rowCount; number < this.texts.length; number++) this.#utf8.push(this.texts[number])
    return this.#utf8.vector()
  }
}

/** Where the run of following numbers that begins at row `from` ends. */
export function runEnd(numbers: Uint32Array, from: number, to: number): number {
  const ahead = numbers[from] - from
  let end = from + 1
  while (end < to && numbers[end] - end === ahead) end++
  return end
}
