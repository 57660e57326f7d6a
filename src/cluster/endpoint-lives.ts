/**
 * What really happens behind each pod address: the truth that rules and health checks lag behind. One life is one run of the process
 * in a pod; a crash begins another. Lives of one address follow each other without overlap (addresses are given again).
 *
 *     upUs           it accepts connections
 *     readyUs        the API server says that the pod is ready; Infinity: never in this life
 *     terminatingUs  the pod has a deletionTimestamp; Infinity: it was never deleted
 *     downUs         it accepts no more connections (refused from here on); established ones live
 *     goneUs         the process has ended: established connections are reset, at once or with their next packet
 *
 * upUs <= downUs <= goneUs; the rest may be in any order (a pod may be deleted before it is ready). Infinity: not within the horizon.
 * `cut`: the machine went away, so packets are blackholed from downUs = goneUs on and nobody refuses or resets anything.
 */
import type { TimeUs } from '../sim/time.ts'

export interface EndpointLife {
  /** `namespace/name` of the pod. */
  readonly pod: string
  readonly nodeName: string
  readonly addresses: readonly string[]
  readonly upUs: TimeUs
  readonly readyUs: TimeUs
  readonly terminatingUs: TimeUs
  readonly downUs: TimeUs
  readonly goneUs: TimeUs
  readonly cut: boolean
}

/** Lives by address, in order of time. Pods of the host network share addresses and are left out: their node answers for them. */
export class EndpointLives {
  readonly #byAddress = new Map<string, EndpointLife[]>()

  constructor(lives: Iterable<EndpointLife>) {
    for (const life of lives) {
      for (const address of life.addresses) {
        const known = this.#byAddress.get(address)
        if (known === undefined) this.#byAddress.set(address, [life])
        else known.push(life)
      }
    }
    for (const known of this.#byAddress.values()) known.sort((a, b) => a.upUs - b.upUs)
  }

  get addressCount(): number {
    return this.#byAddress.size
  }

  of(address: string): readonly EndpointLife[] {
    return this.#byAddress.get(address) ?? []
  }

  /** The last life of this address that had begun by then; undefined when nobody has ever answered there. */
  at(address: string, timeUs: TimeUs): EndpointLife | undefined {
    return this.of(address).findLast(life => life.upUs <= timeUs)
  }
}
