/** What a connection's first packet costs on its way, in the nanoseconds of each lane: noted hop by hop, recorded as they come and summed. */
import { record } from '../metrics/histogram.ts'
import type { HopHistograms } from './tallies.ts'

/** `costPs`: what the hop cost, per lane. `wayPs`: the connection's sum so far. */
export function noteFirstHop(lanes: readonly HopHistograms[], costPs: Float64Array, wayPs: Float64Array): void {
  for (let lane = 0; lane < lanes.length; lane++) {
    wayPs[lane] = costPs[lane]
    record(lanes[lane].firstHop, nanoseconds(costPs[lane]), 1)
  }
}

export function noteSecondHop(lanes: readonly HopHistograms[], costPs: Float64Array, wayPs: Float64Array): void {
  for (let lane = 0; lane < lanes.length; lane++) {
    wayPs[lane] += costPs[lane]
    record(lanes[lane].secondHop, nanoseconds(costPs[lane]), 1)
  }
}

/** The second hop of so many connections at once; per lane at costPs[at …]. */
export function recordSecondHop(
  lanes: readonly HopHistograms[],
  costPs: Float64Array,
  at: number,
  connections: number,
): void {
  for (let lane = 0; lane < lanes.length; lane++)
    record(lanes[lane].secondHop, nanoseconds(costPs[at + lane]), connections)
}

export function noteWay(lanes: readonly HopHistograms[], wayPs: Float64Array): void {
  for (let lane = 0; lane < lanes.length; lane++) record(lanes[lane].total, nanoseconds(wayPs[lane]), 1)
}

export const nanoseconds = (ps: number): number => Math.round(ps / 1000)
