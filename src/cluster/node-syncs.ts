/**
 * When a node's kube-proxy wrote its rules, and from what it knew. Watches are ordered, so what a node knows at a sync is a prefix of the
 * log: one position for Services, one for EndpointSlices. From `endUs[i]` (included) until `endUs[i + 1]` (excluded) the node's
 * rules are those of the state that the first `servicePosition[i]` events give its Services and the first `slicePosition[i]` its slices.
 * Between `startUs` and `endUs` the old rules stand. Ends rise strictly; a sync starts no earlier than the one before it ended.
 */
import type { TimeUs } from '../sim/time.ts'

export interface NodeSyncs {
  readonly startUs: Float64Array
  readonly endUs: Float64Array
  readonly servicePosition: Uint32Array
  readonly slicePosition: Uint32Array
  /** 1: all rules were written anew. */
  readonly isFull: Uint8Array
}

/** Index of the sync whose rules stand at `timeUs`; -1 before the end of the first. */
export function syncAt({ endUs }: NodeSyncs, timeUs: TimeUs): number {
  let low = 0
  let high = endUs.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (endUs[middle] <= timeUs) low = middle + 1
    else high = middle
  }
  return low - 1
}
