/**
 * Lists of text and maps of text to text as Arrow columns, and readers of lists. A map's keys keep their order; a key that is
 * `__proto__` stays a plain key.
 */
import type { ArrowVector } from './arrow-vector.ts'
import { ListBuilder } from './column-builders.ts'
import { Utf8Builder, utf8Reader } from './utf8-column.ts'

export class TextListBuilder {
  private readonly texts = new Utf8Builder()
  private readonly lists = new ListBuilder()

  push(list: readonly string[]): void {
    for (const text of list) this.texts.push(text)
    this.lists.push(list.length)
  }

  vector(): ArrowVector {
    return this.lists.vector(this.texts.vector())
  }

  reset(): void {
    this.texts.reset()
    this.lists.reset()
  }
}

export class TextMapBuilder {
  private readonly keys = new Utf8Builder()
  private readonly values = new Utf8Builder()
  private readonly lists = new ListBuilder()

  push(map: Readonly<Record<string, string>>): void {
    let count = 0
    for (const key in map) {
      this.keys.push(key)
      this.values.push(map[key])
      count++
    }
    this.lists.push(count)
  }

  vector(): ArrowVector {
    return this.lists.vector(this.keys.vector(), this.values.vector())
  }

  reset(): void {
    this.keys.reset()
    this.values.reset()
    this.lists.reset()
  }
}

/** The lists of a vector by row, their items read by `item`. */
export function listReader<T>(vector: ArrowVector, item: (row: number) => T): (row: number) => readonly T[] {
  const offsets = vector.offsets!
  return row => {
    const items: T[] = []
    for (let i = offsets[row]; i < offsets[row + 1]; i++) items.push(item(i))
    return items
  }
}

export const textListReader = (vector: ArrowVector): ((row: number) => readonly string[]) =>
  listReader(vector, utf8Reader(vector.children[0]))

export function textMapReader(vector: ArrowVector): (row: number) => Readonly<Record<string, string>> {
  const offsets = vector.offsets!
  const key = utf8Reader(vector.children[0])
  const value = utf8Reader(vector.children[1])
  return row => {
    const map: Record<string, string> = {}
    for (let i = offsets[row]; i < offsets[row + 1]; i++) {
      const name = key(i)
      if (name === '__proto__') Object.defineProperty(map, name, { value: value(i), enumerable: true })
      else map[name] = value(i)
    }
    return map
  }
}
