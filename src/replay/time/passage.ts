/** One flow of a run over time on its way: when it asks the rules next, how far it has come, and what became of it. */
import type { TimeUs } from '../../sim/time.ts'
import { CAUSE, OUTCOME } from './outcome.ts'

export interface Passage {
  startUs: TimeUs
  /** Of its last packet. */
  lastUs: TimeUs
  /** When it asks the rules next; Infinity: it has come to its end. */
  nextUs: TimeUs
  /** Packets behind it, those that arrived, and those that it will not come to send. */
  sent: number
  delivered: number
  unsent: number
  /** How far a client that waits for answers is behind its own pace. */
  heldUs: TimeUs
  /** Random choices that rules have made for it. */
  draws: number
  outcome: number
  cause: number
  lagUs: TimeUs
}

export const newPassage = (): Passage => ({
  startUs: 0,
  lastUs: 0,
  nextUs: 0,
  sent: 0,
  delivered: 0,
  unsent: 0,
  heldUs: 0,
  draws: 0,
  outcome: OUTCOME.delivered,
  cause: CAUSE.none,
  lagUs: 0,
})

export function beginPassage(passage: Passage, startUs: TimeUs, lastUs: TimeUs): void {
  passage.startUs = startUs
  passage.lastUs = lastUs
  passage.nextUs = startUs
  passage.sent = 0
  passage.delivered = 0
  passage.unsent = 0
  passage.heldUs = 0
  passage.draws = 0
  passage.outcome = OUTCOME.delivered
  passage.cause = CAUSE.none
  passage.lagUs = 0
}
