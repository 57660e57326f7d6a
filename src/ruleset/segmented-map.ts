/**
 * An ordered map in segments, and others that differ from it in a few segments and share the rest as the same objects: what is alike
 * on all nodes of a cluster is held once. A key that stands in several segments has the place of the first and the value of the last;
 * as a rule none does.
 */
export type Segment<V> = readonly (readonly [key: string, value: V])[]

export class SegmentedMap<V> implements ReadonlyMap<string, V> {
  readonly size: number
  private readonly base: Base<V>
  private readonly changed: ReadonlyMap<number, Segment<V>>
  /** Where it differs from the base; undefined: the key is not there. */
  private readonly overlay: ReadonlyMap<string, V | undefined>

  constructor(segments: readonly Segment<V>[] | Base<V>, changed: ReadonlyMap<number, Segment<V>> = new Map()) {
    this.base = segments instanceof Base ? segments : new Base(segments)
    this.changed = changed
    this.overlay = this.base.overlayOf(changed)
    let size = this.base.latest.size
    for (const [key, value] of this.overlay) size += (value === undefined ? 0 : 1) - (this.base.latest.has(key) ? 1 : 0)
    this.size = size
  }

  /** The map that was made of segments, with others in place of some, by their number. */
  with(changed: ReadonlyMap<number, Segment<V>>): SegmentedMap<V> {
    return new SegmentedMap(this.base, changed)
  }

  /** Keys outside of which two maps over the same segments are alike; undefined: they are over others. */
  static keysApart<V>(a: SegmentedMap<V>, b: SegmentedMap<V>): readonly string[] | undefined {
    return a.base === b.base ? [...a.overlay.keys(), ...b.overlay.keys()] : undefined
  }

  get(key: string): V | undefined {
    return this.overlay.has(key) ? this.overlay.get(key) : this.base.latest.get(key)
  }

  has(key: string): boolean {
    return this.get(key) !== undefined
  }

  *entries(): MapIterator<[string, V]> {
    const segments = this.base.segments.map((segment, i) => this.changed.get(i) ?? segment)
    const entryCount = segments.reduce((sum, segment) => sum + segment.length, 0)
    const seen = entryCount === this.size ? undefined : new Set<string>()
    for (const segment of segments)
      for (const [key, value] of segment) {
        if (seen === undefined) yield [key, value]
        else if (!seen.has(key)) {
          seen.add(key)
          yield [key, this.get(key)!]
        }
      }
  }

  *keys(): MapIterator<string> {
    for (const [key] of this.entries()) yield key
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries()
  }

  forEach(visit: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this)
  }
}

/** What `other` has elsewhere than `first`: the keys that only one of them has (undefined: gone) or that have another value. */
export function* differences<V>(
  first: ReadonlyMap<string, V>,
  other: ReadonlyMap<string, V>,
): Generator<readonly [key: string, value: V | undefined]> {
  const keys =
    first instanceof SegmentedMap && other instanceof SegmentedMap
      ? (SegmentedMap.keysApart(first, other) ?? [...first.keys(), ...other.keys()])
      : [...first.keys(), ...other.keys()]
  for (const key of new Set(keys)) {
    const value = other.get(key)
    if (value !== first.get(key)) yield [key, value]
  }
}

/** What the maps that share segments have in common. */
class Base<V> {
  readonly segments: readonly Segment<V>[]
  readonly latest = new Map<string, V>()
  /** Numbers of the segments that hold a key, rising. Made when a first map differs. */
  private holders: Map<string, number[]> | undefined

  constructor(segments: readonly Segment<V>[]) {
    this.segments = segments
    for (const segment of segments) for (const [key, value] of segment) this.latest.set(key, value)
  }

  overlayOf(changed: ReadonlyMap<number, Segment<V>>): Map<string, V | undefined> {
    const numbers = [...changed.keys()].sort((a, b) => a - b)
    const placed = new Map<string, { readonly segment: number; readonly value: V }>()
    for (const i of numbers) for (const [key, value] of changed.get(i)!) placed.set(key, { segment: i, value })
    const overlay = new Map<string, V | undefined>()
    const settle = (key: string): void => {
      const kept = this.holdersOf(key).findLast(i => !changed.has(i)) ?? -1
      const moved = placed.get(key)
      if (moved !== undefined && moved.segment > kept) overlay.set(key, moved.value)
      else overlay.set(key, this.segments[kept]?.findLast(([k]) => k === key)?.[1])
    }
    for (const i of numbers) for (const [key] of this.segments[i]) settle(key)
    for (const key of placed.keys()) settle(key)
    return overlay
  }

  private holdersOf(key: string): readonly number[] {
    if (this.holders === undefined) {
      this.holders = new Map()
      for (let i = 0; i < this.segments.length; i++)
        for (const [k] of this.segments[i]) {
          const numbers = this.holders.get(k)
          if (numbers === undefined) this.holders.set(k, [i])
          else if (numbers.at(-1) !== i) numbers.push(i)
        }
    }
    return this.holders.get(key) ?? []
  }
}
