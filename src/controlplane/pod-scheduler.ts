/**
 * Where pods go: over the ready nodes in turn, in a seeded order that is drawn again when the set of nodes changes, at most
 * `maxPodsPerNode` on each. This stands for the real scheduler's spreading; resources, affinity and taints are not modelled.
 */
import { randomStream } from '../sim/random.ts'

export class PodScheduler {
  readonly #seed: string
  readonly #maxPodsPerNode: number
  readonly #ready = new Map<string, boolean>()
  readonly #podCount = new Map<string, number>()
  #ring: string[] = []
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
    if (this.#ready.get(name) === ready) return
    this.removeNode(name)
    this.#ready.set(name, ready)
    if (!ready) return
    this.#readyCount++
    this.#room += this.roomOn(name)
  }

  removeNode(name: string): void {
    if (this.#ready.get(name)) {
      this.#readyCount--
      this.#room -= this.roomOn(name)
    }
    this.#ready.delete(name)
    this.#stale = true
  }

  /** A pod is on the node, whoever put it there. */
  occupy(name: string): void {
    this.#count(name, 1)
  }

  /** A pod has left the node. */
  vacate(name: string): void {
    if (this.roomOn(name) === 0) this.#stale = true
    this.#count(name, -1)
  }

  /** Pods that one node can still take. */
  roomOn(name: string): number {
    return Math.max(0, this.#maxPodsPerNode - (this.#podCount.get(name) ?? 0))
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
      const name = this.#ring[this.#cursor]
      if (this.roomOn(name) > 0) {
        this.#cursor++
        return name
      }
      this.#ring.splice(this.#cursor, 1)
    }
    return undefined
  }

  #count(name: string, change: number): void {
    const before = this.roomOn(name)
    this.#podCount.set(name, (this.#podCount.get(name) ?? 0) + change)
    if (this.#ready.get(name)) this.#room += this.roomOn(name) - before
  }

  #redraw(): void {
    const ring = [...this.#ready.keys()].filter(name => this.#ready.get(name) && this.roomOn(name) > 0)
    const random = randomStream(this.#seed, `scheduler ${this.#generation++}`)
    for (let i = ring.length - 1; i > 0; i--) {
      const j = random.below(i + 1)
      const name = ring[i]
      ring[i] = ring[j]
      ring[j] = name
    }
    this.#ring = ring
    this.#cursor = 0
    this.#stale = false
  }
}
