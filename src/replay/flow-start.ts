/** When a flow begins: evenly over the horizon, by its own number. */
import type { Packet } from '../net/packet.ts'
import { drawOf, flowState, type StreamSeed } from '../sim/random.ts'
import type { TimeUs } from '../sim/time.ts'

/** Draws 0 and 1 of this state are taken; further ones of the flow's times are for the caller. */
export const arrivalState = ({ low, high }: StreamSeed, { flowLow, flowHigh }: Packet): number =>
  flowState(low, high, flowLow, flowHigh)

export function startOf(state: number, horizonUs: TimeUs): TimeUs {
  // 53 random bits: microseconds of a year are 45.
  const share = (drawOf(state, 0) * 2 ** 21 + (drawOf(state, 1) >>> 11)) / 2 ** 53
  return Math.floor(share * horizonUs)
}
