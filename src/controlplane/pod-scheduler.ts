/**
 * Where pods go: over the ready nodes in turn, in a seeded order that is drawn again when the set of nodes changes, at most
 * `maxPodsPerNode` on each. This stands for the real scheduler's spreading; resources, affinity and taints are not modelled.
 */
import { randomStream } from '../sim/random.ts'

interface Slot {
  readonly name: string
  pods: number
  /** undefined: there is no such node, or no more. */
  isReady: boolean | undefined
}

export class PodScheduler {
  readonly #seed: string
  readonly #maxPodsPerNode: number
  readonly #slots = new Map<string, Slot>()
  /** Those of nodes, in the order in which each came to be as it is. */
  readonly #nodes = new Set<Slot>()
  #ring: Slot[] = []
  #cursor = 0
  #stale = false
  #generation = 0
  #readyCount = 0
  #room = 0

  constructor(seed: string, maxPodsPerNode: number) {
    this.#seed = seed
    this.#maxPodsPerNode = maxPodsPerNode
  }

  setNode(name: string, ready: boolean): void {
    const slot = this.#slot(name)
    if (slot.isReady === ready) return
    this.removeNode(name)
    slot.isReady = ready
    this.#nodes.add(slot)
    if (!ready) return
    this.#readyCount++
    this.#room += this.#roomIn(slot)
  }

  removeNode(name: string): void {
    const slot = this.#slot(name)
    if (slot.isReady) {
      this.#readyCount--
      this.#room -= this.#roomIn(slot)
    }
    slot.isReady = undefined
    this.#nodes.delete(slot)
    this.#stale = true
  }

  /** A pod is on the node, whoever put it there. */
  occupy(name: string): void {
    this.#count(this.#slot(name), 1)
  }

  /** A pod has left the node. */
  vacate(name: string): void {
    const slot = this.#slot(name)
    if (this.#roomIn(slot) === 0) this.#stale = true
    this.#count(slot, -1)
  }

  /** Pods that one node can still take. */
  roomOn(name: string): number {
    return this.#roomIn(this.#slot(name))
  }

  get readyNodeCount(): number {
    return this.#readyCount
  }

  /** Pods that all ready nodes together can still take. */
  get room(): number {
    return this.#room
  }

  /** The node for the next pod; undefined when no ready node has room. The caller then calls `occupy`. */
  pick(): string | undefined {
    if (this.#stale) this.#redraw()
    while (this.#ring.length > 0) {
      if (this.#cursor >= this.#ring.length) this.#cursor = 0
      const slot = this.#ring[this.#cursor]
      if (this.#roomIn(slot) > 0) {
        this.#cursor++
        return slot.name
      }
      this.#ring.splice(this.#cursor, 1)
    }
    return undefined
  }

  #slot(name: string): Slot {
    let slot = this.#slots.get(name)
    if (slot === undefined) {
      slot = { name, pods: 0, isReady: undefined }
      this.#slots.set(name, slot)
    }
    return slot
  }

  #roomIn({ pods }: Slot): number {
    return Math.max(0, this.#maxPodsPerNode - pods)
  }

  #count(slot: Slot, change: number): void {
    const before = this.#roomIn(slot)
    slot.pods += change
    if (slot.isReady) this.#room += this.#roomIn(slot) - before
  }

  #redraw(): void {
    const ring = [...this.#nodes].filter(slot => slot.isReady && this.#roomIn(slot) > 0)
    const random = randomStream(this.#seed, `scheduler ${this.#generation++}`)
    for (let i = ring.length - 1; i > 0; i--) {
      const j = random.below(i + 1)
      const slot = ring[i]
      ring[i] = ring[j]
      ring[j] = slot
    }
    this.#ring = ring
    this.#cursor = 0
    this.#stale = false
  }
}
