/**
 * Which hints each Service's endpoints get, and which Services must be looked at again because nodes have changed: those of topology mode
 * Auto whose hints now leave a zone with too few endpoints (the EndpointSlice controller's checkNodeTopologyDistribution). The annotation
 * goes before trafficDistribution.
 */
import type { Service } from '../cluster/objects.ts'
import type { ClusterStore } from './cluster-store.ts'
import { type HintPolicy, isOverloaded } from './zone-hints.ts'
import { zoneShares } from './zone-shares.ts'

export class TopologyHints {
  readonly #store: ClusterStore
  #generation = -1
  #shares: ReadonlyMap<string, number> | undefined

  constructor(store: ClusterStore) {
    this.#store = store
  }

  policyOf({ topologyMode, trafficDistribution }: Service): HintPolicy {
    if (topologyMode === 'Auto') return { kind: 'proportional', shares: this.#currentShares() }
    if (trafficDistribution === undefined) return { kind: 'none' }
    return { kind: 'close', forNodes: trafficDistribution === 'PreferSameNode' }
  }

  /** Marks the Services that a change of nodes has left overloaded. */
  follow(): void {
    const { topologyServices, topologyGeneration, dirtyServices } = this.#store
    if (topologyServices.size === 0 || topologyGeneration === this.#generation) return
    const shares = this.#currentShares()
    for (const key of topologyServices) {
      const endpoints = this.#store.slicesOf(key).flatMap(s => s.endpoints)
      if (isOverloaded(endpoints, shares)) dirtyServices.add(key)
    }
  }

  #currentShares(): ReadonlyMap<string, number> | undefined {
    if (this.#generation !== this.#store.topologyGeneration) {
      this.#generation = this.#store.topologyGeneration
      this.#shares = zoneShares(this.#store.state.nodes.values().map(n => n.object))
    }
    return this.#shares
  }
}
