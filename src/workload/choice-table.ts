/**
 * A weighted choice among items, taken with one uniform 32-bit word and without a division: Chen and Asau's guide table (1974)
 * over integer thresholds. Item i is taken iff the word lies above the threshold before it and not above its own, so its chance is
 * a whole number of 2^-32 steps: exact, and within 2^-32 of its weight's share. An item whose share rounds to no step is never taken.
 * Thresholds are integers made with + × ÷ only, which round alike on every machine. A choice takes two look-ups and, on average, less
 * than one further step. Plain data on shared buffers: a worker gets it without a copy.
 */
export interface ChoiceTable {
  /** Items that can be taken; 0 when the weights are all zero. */
  readonly size: number
  /** Two words an entry, side by side for the cache: the highest word that still takes it (rising, the last 2^32 - 1), and its item. */
  readonly entries: Uint32Array
  /** First entry worth looking at, by the word's leading bits. */
  readonly guide: Uint32Array
  /** Word >>> shift is the guide's cell. */
  readonly shift: number
}

const WORDS = 0x1_0000_0000

/** `weights[i]` is the weight of `items[i]`: finite and not negative (else it throws, callers check what users wrote). */
export function choiceTable(items: ArrayLike<number>, weights: ArrayLike<number>): ChoiceTable {
  if (items.length !== weights.length) throw new Error(`choiceTable: ${items.length} items, ${weights.length} weights`)
  let total = 0
  for (let i = 0; i < weights.length; i++) {
    if (!(weights[i] >= 0 && weights[i] < Infinity)) throw new Error(`choiceTable: weight ${weights[i]} at ${i}`)
    total += weights[i]
  }
  const kept: number[] = []
  const ends: number[] = []
  let sum = 0
  let end = 0
  for (let i = 0; i < weights.length && total > 0; i++) {
    sum += weights[i]
    const next = Math.min(WORDS, Math.round((sum / total) * WORDS))
    if (next === end) continue
    kept.push(items[i])
    ends.push(next)
    end = next
  }
  return withGuide(kept, ends)
}

/** The item that `word` (uniform, 32 bits) takes. The table must not be empty. */
export function choose(table: ChoiceTable, word: number): number {
  const { entries } = table
  let at = 2 * table.guide[word >>> table.shift]
  while (word > entries[at]) at += 2
  return entries[at + 1]
}

/** The item of entry `entry`, from 0 to size - 1. */
export const entryItem = (table: ChoiceTable, entry: number): number => table.entries[2 * entry + 1]

/** The exact chance of entry `entry` (not item). */
export const entryChance = (table: ChoiceTable, entry: number): number =>
  (table.entries[2 * entry] - (entry === 0 ? -1 : table.entries[2 * entry - 2])) / WORDS

function withGuide(items: readonly number[], ends: readonly number[]): ChoiceTable {
  const size = items.length
  // Twice as many cells as entries, from 2 (a shift by 32 would be a shift by 0).
  const bits = Math.max(1, Math.min(24, 33 - Math.clz32(Math.max(1, size))))
  const shift = 32 - bits
  const entries = new Uint32Array(new SharedArrayBuffer(8 * size))
  const guide = new Uint32Array(new SharedArrayBuffer(4 * (size === 0 ? 0 : 1 << bits)))
  for (let i = 0; i < size; i++) {
    entries[2 * i] = i === size - 1 ? WORDS - 1 : ends[i] - 1
    entries[2 * i + 1] = items[i]
  }
  let entry = 0
  for (let cell = 0; cell < guide.length; cell++) {
    while (cell * 2 ** shift > entries[2 * entry]) entry++
    guide[cell] = entry
  }
  return { size, entries, guide, shift }
}
