/**
 * Pods replaced at a steady rate: at every beat one ready pod, any with the same chance, is deleted, and its workload makes another. Beats
 * are a Poisson process or lie at equal distances. A beat that finds no ready pod passes.
 */
import type { Scenario } from '../../scenario/scenario.ts'
import { delayAtUs } from '../../sim/delay.ts'
import { SECOND_US, type TimeUs } from '../../sim/time.ts'
import { ACTOR, type Delays } from './delays.ts'
import { isLeaving, type LivePod } from './live-pod.ts'

export type ChurnSpec = NonNullable<Scenario['churn']>

export class Churn {
  readonly #spec: ChurnSpec
  readonly #untilUs: TimeUs
  readonly #delays: Delays
  /** Ready pods, in an order that depends on nothing but the run; `#placeOf` has the index of each by its number. */
  readonly #ready: LivePod[] = []
  readonly #placeOf = new Map<number, number>()
  #beats = 0

  constructor(spec: ChurnSpec, horizonUs: TimeUs, delays: Delays) {
    this.#spec = spec
    this.#untilUs = Math.min(spec.until ?? horizonUs, horizonUs)
    this.#delays = delays
  }

  /** When the next beat is due, after one at `timeUs`; undefined: there is none any more. */
  nextUs(timeUs: TimeUs | undefined): TimeUs | undefined {
    const { podsPerSecond, arrivals, from } = this.#spec
    if (podsPerSecond === 0) return undefined
    const meanUs = SECOND_US / podsPerSecond
    const beat = this.#beats++
    const dueUs =
      arrivals === 'regular'
        ? from + Math.round(beat * meanUs)
        : (timeUs ?? from) +
          delayAtUs({ kind: 'exponential', meanUs }, this.#delays.fraction('churn beat', ACTOR.run, beat, 0))
    return dueUs <= this.#untilUs ? dueUs : undefined
  }

  /** Takes note of a pod whose readiness may have changed. */
  follow(pod: LivePod): void {
    const place = this.#placeOf.get(pod.number)
    const isReady = pod.readyUs < Infinity && !isLeaving(pod) && !pod.isLost
    if (isReady === (place !== undefined)) return
    if (isReady) {
      this.#placeOf.set(pod.number, this.#ready.length)
      this.#ready.push(pod)
      return
    }
    const last = this.#ready.pop()!
    this.#placeOf.delete(pod.number)
    if (last === pod) return
    this.#ready[place!] = last
    this.#placeOf.set(last.number, place!)
  }

  /** The pod to replace at this beat. */
  choose(): LivePod | undefined {
    const fraction = this.#delays.fraction('churn choice', ACTOR.run, this.#beats, 0)
    return this.#ready[Math.floor(fraction * this.#ready.length)]
  }
}
