/**
 * A walk whose draws are chosen beforehand, and a note of what it depended on: how each draw's word would have led elsewhere, where the code
 * looked at the packet's source, which dispatch segments it left at a rule of theirs. For those who walk once for many packets: the chances of
 * all branches (branch-chances.ts), packets that the rules cannot tell apart (block-table.ts).
 */
export interface DrawScript {
  /** A draw beyond the last is 0 and is added. */
  readonly words: number[]
  /** Per draw: the words at which its answer changes, ascending, from 1 to 2^32 - 1. */
  readonly cuts: Float64Array[]
  /** Draws taken so far. */
  taken: number
  /** Places in the code where the source was compared or rewritten, or something rare: pc, or ~pc where the packet had come back through lo. */
  readonly sourceTests: number[]
  /** Dispatch id and slot of each hit whose verdict did not let the packet go on. */
  readonly hits: number[]
}

export const newDrawScript = (): DrawScript => ({ words: [], cuts: [], taken: 0, sourceTests: [], hits: [] })

/** Ready for a walk with the same words. */
export function rewind(script: DrawScript): void {
  script.taken = 0
  script.sourceTests.length = 0
  script.hits.length = 0
}

/** The next draw, whose answer changes at `cuts`. */
export function scriptedWord(script: DrawScript, cuts: Float64Array): number {
  const n = script.taken++
  if (n === script.words.length) script.words.push(0)
  script.cuts[n] = cuts
  return script.words[n]
}

export function noteHit(script: DrawScript, dispatch: number, slot: number): void {
  script.hits.push(dispatch, slot)
}

/** The verdict of an earlier hit let the packet go on after all. */
export function forgetHit({ hits }: DrawScript, dispatch: number, slot: number): void {
  let at = hits.length - 2
  while (hits[at] !== dispatch || hits[at + 1] !== slot) at -= 2
  hits.splice(at, 2)
}
