/**
 * The EndpointSlice controller over time: a Service whose pods change is looked at once, when the first change has waited for the batch
 * period, reached the controller and its write the API server; all that happened until then is in that one update, whose trigger is the
 * first change. Deviation: a Service's own queue never waits for the other Services' (workers and request limits are not modelled).
 */
import type { TimeUs } from '../../sim/time.ts'
import type { TimerQueue } from '../../sim/timer-queue.ts'
import type { ControlPlane } from '../control-plane.ts'
import { ACTOR, type Delays } from './delays.ts'
import { TIMER } from './timer-kind.ts'

interface WaitingService {
  readonly key: string
  /** Infinity: nothing has changed since the last look. */
  triggerUs: TimeUs
  looks: number
}

export class LiveSlices {
  readonly #controlPlane: ControlPlane
  readonly #queue: TimerQueue
  readonly #delays: Delays
  readonly #batchPeriodUs: TimeUs
  readonly #services: WaitingService[] = []
  readonly #numberOf = new Map<string, number>()

  constructor(controlPlane: ControlPlane, queue: TimerQueue, delays: Delays, batchPeriodUs: TimeUs) {
    this.#controlPlane = controlPlane
    this.#queue = queue
    this.#delays = delays
    this.#batchPeriodUs = batchPeriodUs
  }

  /** Takes note of the Services that the store found changed. */
  follow(): void {
    this.#controlPlane.topology.follow()
    const { dirtyServices, nowUs } = this.#controlPlane.store
    if (dirtyServices.size === 0) return
    for (const key of dirtyServices) {
      const number = this.#numberFor(key)
      const service = this.#services[number]
      if (service.triggerUs < Infinity) continue
      service.triggerUs = nowUs
      const nth = service.looks++
      const waitUs =
        this.#batchPeriodUs +
        this.#delays.us('controller', ACTOR.service, number, nth) +
        this.#delays.us('apiCall', ACTOR.service, number, nth)
      this.#queue.set(nowUs + waitUs, TIMER.slices, number)
    }
    dirtyServices.clear()
  }

  look(number: number): void {
    const service = this.#services[number]
    const { triggerUs } = service
    service.triggerUs = Infinity
    this.#controlPlane.reconcile(service.key, triggerUs)
  }

  #numberFor(key: string): number {
    let number = this.#numberOf.get(key)
    if (number === undefined) {
      number = this.#services.length
      this.#services.push({ key, triggerUs: Infinity, looks: 0 })
      this.#numberOf.set(key, number)
    }
    return number
  }
}
