/**
 * Which way a draw goes, for sets of ways that many destinations have in common (kube-proxy writes the same statistic rules for every Service of
 * the same size). Threshold i of a row is the lowest 32-bit word that takes way i; the last one whose threshold is not above the word is taken.
 *
 * Ways of even chances are guessed: word x count / 2^32 is the way's number unless its fraction lies within margin / 2^32 of a whole number.
 * Only then, and for rows that are not even at all, the thresholds are looked at.
 */
import type { Program } from './program.ts'

export interface DrawRows {
  /** By row: its first threshold. */
  readonly starts: number[]
  readonly thresholds: number[]
  /** Of the even rows, the widest. */
  margin: number
  readonly known: Map<string, number>
}

/** A row and its count in one word: the count in the low bits, the row above, the sign where it is uneven. Never 0. */
export type Run = number

export const RUN_COUNT_MASK = 0xf_ffff
export const RUN_ROW_SHIFT = 20
export const RUN_ROW_MASK = 0x7ff

export const newDrawRows = (): DrawRows => ({ starts: [], thresholds: [], margin: 1, known: new Map() })

/** The run of a draw with these cuts (DrawScript.cuts); undefined when it has too many ways, or there are too many rows. */
export function runOf(rows: DrawRows, program: Program, cuts: Float64Array): Run | undefined {
  const key = cuts.buffer === program.thresholds.buffer ? `${cuts.byteOffset} ${cuts.length}` : cuts.join()
  const known = rows.known.get(key)
  if (known !== undefined) return known
  const thresholds = [0, ...cuts].filter(word => word < WORDS)
  const count = thresholds.length
  const row = rows.starts.length
  if (count > RUN_COUNT_MASK || row > RUN_ROW_MASK) return undefined
  const off = thresholds.reduce((most, word, i) => Math.max(most, Math.abs(word - (i * WORDS) / count)), 0)
  const margin = count + count * off
  const uneven = margin > MOST_MARGIN
  if (!uneven) rows.margin = Math.max(rows.margin, Math.ceil(margin))
  rows.starts.push(rows.thresholds.length)
  for (const word of thresholds) rows.thresholds.push(word)
  const run = count | (row << RUN_ROW_SHIFT) | (uneven ? 1 << 31 : 0)
  rows.known.set(key, run)
  return run
}

/** Number of 32-bit words. */
export const WORDS = 0x1_0000_0000

/** With the widest margin one draw in a hundred looks at its thresholds. */
const MOST_MARGIN = WORDS / 200

export const rowStart = (starts: ArrayLike<number>, run: Run): number => starts[(run >> RUN_ROW_SHIFT) & RUN_ROW_MASK]

/** Whether no word takes way `way` of the row that begins at `start`. */
export const isEmpty = (thresholds: ArrayLike<number>, start: number, count: number, way: number): boolean =>
  way < count - 1 && thresholds[start + way] === thresholds[start + way + 1]

/** The way that `word` takes, by its thresholds. */
export function exactWay(thresholds: ArrayLike<number>, start: number, count: number, word: number): number {
  let low = 0
  let high = count - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (thresholds[start + middle] <= word) low = middle
    else high = middle - 1
  }
  return low
}

/** The way that `word` takes. */
export function wayOf(rows: DrawRows, run: Run, word: number): number {
  const count = run & RUN_COUNT_MASK
  const scaled = word * count
  const way = Math.floor(scaled / WORDS)
  const rest = scaled - way * WORDS
  if (rest >= rows.margin && rest < WORDS - rows.margin && run > 0) return way
  return exactWay(rows.thresholds, rowStart(rows.starts, run), count, word)
}
