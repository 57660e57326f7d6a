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
  /** Pushed last, and its size: pods of one workload share their labels and come in a row. */
  private last: Readonly<Record<string, string>> | undefined
  private lastCount = 0

  push(map: Readonly<Record<string, string>>): void {
    let count = 0
    if (map === this.last) {
      count = this.lastCount
      this.keys.repeat(count)
      this.values.repeat(count)
    } else
      for (const key in map) {
        this.keys.push(key)
        this.values.push(map[key])
        count++
      }
    this.last = map
    this.lastCount = count
    this.lists.push(count)
  }

  vector(): ArrowVector {
    return this.lists.vector(this.keys.vector(), this.values.vector())
  }

  reset(): void {
    this.keys.reset()
    this.values.reset()
    this.lists.reset()
    this.last = undefined
  }
}

const NOTHING: readonly never[] = []

/** The lists of a vector by row, their items read by `item`. */
export function listReader<T>(vector: ArrowVector, item: (row: number) => T): (row: number) => readonly T[] {
  const offsets = vector.offsets!
  return row => {
    const from = offsets[row]
    const to = offsets[row + 1]
    if (from === to) return NOTHING
    const items = [item(from)]
    for (let i = from + 1; i < to; i++) items.push(item(i))
    return items
  }
}

export const textListReader = (vector: ArrowVector): ((row: number) => readonly string[]) =>
  listReader(vector, utf8Reader(vector.children[0]))

export type TextMap = Readonly<Record<string, string>>

/**
 * The maps of a vector by row. Equal maps are one object: `pool` remembers those it has seen, over the batches of a stream too, as
 * thousands of pods share their labels.
 */
export function textMapReader(vector: ArrowVector, pool: TextMapPool): (row: number) => TextMap {
  const offsets = vector.offsets!
  const [keys, values] = vector.children
  const key = utf8Reader(keys)
  const value = utf8Reader(values)
  return row => {
    const from = offsets[row]
    const to = offsets[row + 1]
    if (from === to) return NO_TEXTS
    const keyText = key(from, to)
    const valueText = value(from, to)
    const known = pool.get(keyText, valueText)
    if (known !== undefined && hasLengths(known, keys.offsets!, values.offsets!, from, to)) return known.map
    const map: Record<string, string> = {}
    const lengths: number[] = []
    for (let i = from; i < to; i++) {
      const name = key(i, i + 1)
      if (name === '__proto__') Object.defineProperty(map, name, { value: value(i, i + 1), enumerable: true })
      else map[name] = value(i, i + 1)
      lengths.push(keys.offsets![i + 1] - keys.offsets![i], values.offsets![i + 1] - values.offsets![i])
    }
    pool.set(keyText, valueText, { map, lengths })
    return map
  }
}

/** Maps by the texts of all their keys and of all their values, the last of those that differ in where one text ends. */
export class TextMapPool {
  private byKeys = new Map<string, Map<string, PooledMap>>()
  private size = 0
  /** Asked for last: rows of one workload stand together as a rule, and comparing texts is cheaper than hashing them. */
  private last: { readonly keyText: string; readonly valueText: string; readonly pooled: PooledMap } | undefined

  get(keyText: string, valueText: string): PooledMap | undefined {
    const { last } = this
    if (last !== undefined && last.valueText === valueText && last.keyText === keyText) return last.pooled
    const pooled = this.byKeys.get(keyText)?.get(valueText)
    if (pooled !== undefined) this.last = { keyText, valueText, pooled }
    return pooled
  }

  set(keyText: string, valueText: string, pooled: PooledMap): void {
    if (++this.size > MOST_POOLED) {
      this.byKeys = new Map()
      this.size = 1
    }
    this.last = { keyText, valueText, pooled }
    const byValues = this.byKeys.get(keyText)
    if (byValues === undefined) this.byKeys.set(keyText, new Map([[valueText, pooled]]))
    else byValues.set(valueText, pooled)
  }
}

interface PooledMap {
  readonly map: TextMap
  /** In bytes: of the first key, its value, the second key… */
  readonly lengths: readonly number[]
}

/** Where no two maps are equal, the pool is no more than a cost: it starts anew here. */
const MOST_POOLED = 65_536

const NO_TEXTS: TextMap = {}

function hasLengths({ lengths }: PooledMap, keys: Int32Array, values: Int32Array, from: number, to: number): boolean {
  if (lengths.length !== 2 * (to - from)) return false
  for (let i = from, j = 0; i < to; i++)
    if (lengths[j++] !== keys[i + 1] - keys[i] || lengths[j++] !== values[i + 1] - values[i]) return false
  return true
}
