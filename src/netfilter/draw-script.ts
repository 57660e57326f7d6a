/**
 * A walk whose draws are chosen beforehand, and, if asked for, a note of what it depended on: how each draw's word would have led elsewhere, where
 * the code looked at the packet's source, which dispatch segments it left at a rule of theirs. For those who walk once for many packets: the chances
 * of all branches (branch-chances.ts), packets that the rules cannot tell apart (way-table.ts, hop-memo.ts).
 */
export interface DrawScript {
  /** A draw beyond the last is 0 and is added. */
  readonly words: number[]
  /** Draws taken so far. */
  taken: number
  /** Taking notes allocates: a walk that repeats one whose notes are known goes without. */
  readonly notes: DrawNotes | undefined
}

export interface DrawNotes {
  /** Per draw: the words at which its answer changes, ascending, from 1 to 2^32 - 1. */
  readonly cuts: Float64Array[]
  /** Places in the code where the source was compared or rewritten, or something rare: pc, or ~pc where the packet had come back through lo. */
  readonly sourceTests: number[]
  /** Places in the code where the destination's address was looked at. */
  readonly destinationTests: number[]
  /** Dispatch id and slot of each hit whose verdict did not let the packet go on. */
  readonly hits: number[]
}

export interface NotingScript extends DrawScript {
  readonly notes: DrawNotes
}

export const newDrawScript = (): DrawScript => ({ words: [], taken: 0, notes: undefined })

export const newNotingScript = (): NotingScript => ({
  words: [],
  taken: 0,
  notes: { cuts: [], sourceTests: [], destinationTests: [], hits: [] },
})

/** Ready for a walk with the same words. */
export function rewind(script: DrawScript): void {
  script.taken = 0
  const { notes } = script
  if (notes === undefined) return
  notes.sourceTests.length = 0
  notes.destinationTests.length = 0
  notes.hits.length = 0
}

/** The word of the next draw. */
export function scriptedWord(script: DrawScript): number {
  const n = script.taken++
  if (n === script.words.length) script.words.push(0)
  return script.words[n]
}

/** The draw that was just taken changes its answer at `cuts`. */
export function noteCuts({ taken, notes }: DrawScript, cuts: Float64Array): void {
  if (notes !== undefined) notes.cuts[taken - 1] = cuts
}

export function noteHit({ hits }: DrawNotes, dispatch: number, slot: number): void {
  hits.push(dispatch, slot)
}

/** The verdict of an earlier hit let the packet go on after all. */
export function forgetHit({ hits }: DrawNotes, dispatch: number, slot: number): void {
  let at = hits.length - 2
  while (hits[at] !== dispatch || hits[at + 1] !== slot) at -= 2
  hits.splice(at, 2)
}
