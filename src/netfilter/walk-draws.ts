/**
 * The draws of statistic rules: a run of them takes one for all (statistic-run.ts), a rule that stands alone one of its own. Words are the
 * flow's, by number (sim/random.ts), or a script's, chosen beforehand (draw-script.ts). Hot: nothing is allocated without a script.
 */
import type { Packet } from '../net/packet.ts'
import { draw32 } from '../sim/random.ts'
import { noteCuts, scriptedWord } from './draw-script.ts'
import type { Engine } from './engine.ts'

/** Which rule of a run the next draw takes, from 0; `count` when none. Thresholds of equal shares are guessed right at once. */
export function takenRule(engine: Engine, packet: Packet, thresholdStart: number, count: number): number {
  const { thresholds } = engine.program
  const word =
    engine.script === undefined ? flowWord(engine, packet) : scriptedRun(engine, packet, thresholdStart, count)
  let i = Math.floor((word * (count + 1)) / 0x1_0000_0000)
  let low = 0
  let high = count
  // The first rule whose threshold lies above the word; `i` is the guess, then the middle.
  for (;;) {
    if (i < high && word >= thresholds[thresholdStart + i]) low = i + 1
    else if (i > low && word < thresholds[thresholdStart + i - 1]) high = i - 1
    else return i
    i = (low + high) >>> 1
  }
}

/** A statistic match with a draw of its own; `threshold` in 0 … 2^31. */
export const nextDraw = (engine: Engine, packet: Packet, threshold: number): boolean =>
  (engine.script === undefined ? flowWord(engine, packet) : scriptedChance(engine, packet, threshold)) < 2 * threshold

const flowWord = (engine: Engine, packet: Packet): number =>
  draw32(engine.seed.low, engine.seed.high, packet.flowLow, packet.flowHigh, packet.draws++)

function scriptedRun({ script, program }: Engine, packet: Packet, thresholdStart: number, count: number): number {
  packet.draws++
  const word = scriptedWord(script!)
  if (script!.notes !== undefined)
    noteCuts(script!, program.thresholds.subarray(thresholdStart, thresholdStart + count))
  return word
}

function scriptedChance({ script }: Engine, packet: Packet, threshold: number): number {
  packet.draws++
  const word = scriptedWord(script!)
  if (script!.notes !== undefined) noteCuts(script!, Float64Array.of(2 * threshold))
  return word
}
