/**
 * The delays of a run, drawn by number: a pure function of (seed, which delay, whose, how often before). So one more pod, or another
 * setting, moves no delay of anybody else, and two runs that differ in one thing share all other chance.
 */

import type { Scenario } from '../../scenario/scenario.ts'
import { type Delay, drawDelayUs } from '../../sim/delay.ts'
import { draw32, type StreamSeed, streamSeed } from '../../sim/random.ts'
import type { TimeUs } from '../../sim/time.ts'

export type DelayName = keyof NonNullable<Scenario['time']>['delays']

/** Whose delay it is: numbers of different kinds of actors never meet. */
export const ACTOR = { pod: 0, node: 1, workload: 2, service: 3, run: 4 } as const
type ActorKind = (typeof ACTOR)[keyof typeof ACTOR]

export class Delays {
  readonly #seed: string
  readonly #named: Readonly<Record<DelayName, Delay>>
  readonly #streams = new Map<string, StreamSeed>()

  constructor(seed: string, named: Readonly<Record<DelayName, Delay>>) {
    this.#seed = seed
    this.#named = named
  }

  /** The `nth` of this delay of an actor. */
  us(name: DelayName, kind: ActorKind, actor: number, nth: number): TimeUs {
    return this.of(this.#named[name], name, kind, actor, nth)
  }

  /** The same for a delay that is not one of the run's own, such as how long a workload's processes take to end. */
  of(delay: Delay, name: string, kind: ActorKind, actor: number, nth: number): TimeUs {
    return drawDelayUs(delay, this.#stream(name), actor, kind, nth)
  }

  /** Uniform in [0, 1). */
  fraction(name: string, kind: ActorKind, actor: number, nth: number): number {
    const { low, high } = this.#stream(name)
    return draw32(low, high, actor, kind, nth) / 0x1_0000_0000
  }

  #stream(name: string): StreamSeed {
    let stream = this.#streams.get(name)
    if (stream === undefined) {
      stream = streamSeed(this.#seed, `delay ${name}`)
      this.#streams.set(name, stream)
    }
    return stream
  }
}
