/**
 * Lives of processes as far as the API server knows them: what a pod's conditions say is taken for the truth. A pod is up when it runs and
 * has an address, accepts connections until it is no longer ready while it is being deleted, and is gone when it has ended or is
 * deleted. For recorded logs, where nothing better is known; a lost machine looks like any other end.
 */
import type { TimeUs } from '../sim/time.ts'
import type { ClusterEvent } from './cluster-event.ts'
import type { EndpointLife } from './endpoint-lives.ts'
import { objectKey, type Pod } from './objects.ts'

type OpenLife = { -readonly [K in keyof EndpointLife]: EndpointLife[K] }

export class LifeTracker {
  readonly #open = new Map<string, OpenLife>()
  readonly #closed: EndpointLife[] = []

  observe({ type, timeUs, object }: ClusterEvent): void {
    if (object.kind !== 'Pod' || object.hostNetwork) return
    const key = objectKey(object)
    const hasEnded = type === 'DELETED' || object.phase === 'Succeeded' || object.phase === 'Failed'
    const life = this.#open.get(key) ?? (hasEnded ? undefined : this.#begin(key, object, timeUs))
    if (life === undefined) return
    if (object.ready) life.readyUs = Math.min(life.readyUs, timeUs)
    if (object.terminating) {
      life.terminatingUs = Math.min(life.terminatingUs, timeUs)
      if (!object.ready) life.downUs = Math.min(life.downUs, timeUs)
    }
    if (!hasEnded) return
    life.downUs = Math.min(life.downUs, timeUs)
    life.goneUs = timeUs
    this.#open.delete(key)
    this.#closed.push(life)
  }

  /** Those that have ended, in order of their end, then those that go on, in order of their beginning. */
  lives(): readonly EndpointLife[] {
    return [...this.#closed, ...this.#open.values()]
  }

  #begin(key: string, pod: Pod, timeUs: TimeUs): OpenLife | undefined {
    if (pod.phase !== 'Running' || pod.podIPs.length === 0) return undefined
    const life: OpenLife = {
      pod: key,
      nodeName: pod.nodeName,
      addresses: pod.podIPs,
      upUs: timeUs,
      readyUs: Infinity,
      terminatingUs: Infinity,
      downUs: Infinity,
      goneUs: Infinity,
      cut: false,
    }
    this.#open.set(key, life)
    return life
  }
}

/** The lives that a whole log tells of. */
export function livesOfEvents(events: Iterable<ClusterEvent>): readonly EndpointLife[] {
  const tracker = new LifeTracker()
  for (const event of events) tracker.observe(event)
  return tracker.lives()
}
