/**
 * All random branches of one NEW packet on one node, in closed form: how likely each translation and outcome is. For the expected shares
 * that stand next to the simulated ones.
 *
 * The packet is evaluated once per branch with its draws chosen beforehand: between two cuts all words of a draw lead the same way, so a
 * branch's chance is the product of its intervals, fractions of 2^32. Cost: one evaluation a branch (a Service has one per endpoint).
 */
import type { Packet } from '../net/packet.ts'
import { copyPacket, writePacket } from '../net/packet.ts'
import type { DrawScript, NotingScript } from './draw-script.ts'
import { newNotingScript, rewind } from './draw-script.ts'
import type { Engine } from './engine.ts'
import { evaluate } from './evaluate.ts'
import type { HostView } from './host.ts'
import type { Outcome } from './outcome.ts'

/** One entry per (DNAT id, outcome) that can happen, in the order first met; chances add up to 1. */
export interface BranchChances {
  /** DNAT id, -1 without translation. */
  readonly dnat: readonly number[]
  /** OUTCOME */
  readonly outcome: readonly number[]
  readonly chance: readonly number[]
}

/** Counts nothing in the engine and leaves `packet` as it was. */
export const branchChances = (engine: Engine, view: number, host: HostView, packet: Packet): BranchChances =>
  allBranches(engine, packet, () => evaluate(engine, view, host, 0, packet, 0))

/** The same of whatever engine takes its draws from a script; `evaluateOnce` walks the packet and leaves the DNAT id in the engine. */
export function allBranches(
  engine: { script: DrawScript | undefined; readonly dnat: number },
  packet: Packet,
  evaluateOnce: () => Outcome,
): BranchChances {
  const dnat: number[] = []
  const outcome: number[] = []
  const chance: number[] = []
  const places = new Map<number, number>()
  const script = newNotingScript()
  const before = copyPacket(packet)
  engine.script = script
  do {
    rewind(script)
    const end = evaluateOnce()
    const key = engine.dnat * 8 + end
    let at = places.get(key)
    if (at === undefined) {
      at = dnat.length
      places.set(key, at)
      dnat.push(engine.dnat)
      outcome.push(end)
      chance.push(0)
    }
    chance[at] += branchChance(script)
    writePacket(packet, before)
  } while (nextBranch(script))
  engine.script = undefined
  return { dnat, outcome, chance }
}

/** Moves the last draw that can still go another way to its next interval; false when all branches are done. */
function nextBranch({ words, notes: { cuts } }: NotingScript): boolean {
  while (words.length > 0) {
    const last = words.length - 1
    const next = nextCut(cuts[last], words[last])
    if (next < WORDS) {
      words[last] = next
      return true
    }
    words.pop()
    cuts.pop()
  }
  return false
}

/** Words always stand at the lower end of their interval. */
const branchChance = ({ words, notes: { cuts } }: NotingScript): number =>
  words.reduce((chance, word, i) => (chance * (nextCut(cuts[i], word) - word)) / WORDS, 1)

/** Number of 32-bit words. */
const WORDS = 0x1_0000_0000

/** The first cut above `word`, or 2^32. */
function nextCut(cuts: Float64Array, word: number): number {
  let low = 0
  let high = cuts.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (cuts[middle] > word) high = middle
    else low = middle + 1
  }
  return low === cuts.length ? WORDS : cuts[low]
}
