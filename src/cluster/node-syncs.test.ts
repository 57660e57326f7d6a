import { expect, it } from 'vitest'
import { type NodeSyncs, syncAt } from './node-syncs.ts'

const syncs = (ends: readonly number[]): NodeSyncs => ({
  startUs: Float64Array.from(ends, end => end - 1),
  endUs: Float64Array.from(ends),
  servicePosition: new Uint32Array(ends.length),
  slicePosition: new Uint32Array(ends.length),
  isFull: new Uint8Array(ends.length),
})

it.each([
  [[], 5, -1],
  [[10], 9, -1],
  [[10], 10, 0],
  [[10], Number.POSITIVE_INFINITY, 0],
  [[10, 20, 30], 19, 0],
  [[10, 20, 30], 20, 1],
  [[10, 20, 30], 31, 2],
])('syncs that end at %j: at %d the rules are those of %d', (ends, timeUs, index) => {
  expect(syncAt(syncs(ends), timeUs)).toBe(index)
})
