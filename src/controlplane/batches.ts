/**
 * Inputs cut into batches: runs of one instant in which no object comes twice. Within a batch order means nothing, so objects can refer
 * to each other whatever file came first.
 */
import { kindKey } from './cluster-store.ts'
import type { ControlPlaneInput } from './control-plane.ts'

/** Never an empty batch. Throws when the inputs are not in order of time. */
export function* batchesOf(inputs: readonly ControlPlaneInput[]): Generator<readonly ControlPlaneInput[]> {
  let batch: ControlPlaneInput[] = []
  const seen = new Set<string>()
  for (const input of inputs) {
    const key = kindKey(input.object)
    const last = batch.at(-1)
    if (last !== undefined && (last.timeUs !== input.timeUs || seen.has(key))) {
      if (input.timeUs < last.timeUs) throw new Error(`input of ${input.timeUs} µs after one of ${last.timeUs} µs`)
      yield batch
      batch = []
      seen.clear()
    }
    batch.push(input)
    seen.add(key)
  }
  if (batch.length > 0) yield batch
}
