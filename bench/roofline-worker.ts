/** A thread of the roofline's: makes it ready once, then runs it `times` times when asked. */
import type { Burst } from '../src/replay/burst.ts'
import { newRoofline, rooflineTimes } from './roofline.ts'

export interface RooflineShift {
  readonly burst: Burst
  readonly times: number
}

let ready: (() => number) | undefined

/** Answers how many destinations it did not know. */
export default function runShift({ burst, times }: RooflineShift): number {
  ready ??= newRoofline(burst)
  return rooflineTimes(ready, times)
}
