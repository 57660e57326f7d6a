/**
 * Pod CIDRs for nodes, cut from one cluster CIDR in order: a /24 a node from an IPv4 range, a /64 from an IPv6 one, as the node IPAM
 * controller does by default. Blocks that imported nodes have are skipped.
 */
import type { IpPrefix } from '../net/ip.ts'
import { formatPrefix, networkAddress, prefixSize } from '../net/ip.ts'

const NODE_PREFIX_LENGTH = { 4: 24, 6: 64 } as const

export class NodeCidrPool {
  readonly clusterCidr: IpPrefix
  readonly #length: number
  readonly #blockSize: bigint
  readonly #taken = new Set<bigint>()
  /** Imported prefixes wider than a block: there are few, and they may span more blocks than can be listed. */
  readonly #wide: IpPrefix[] = []
  #next = 0n

  constructor(clusterCidr: IpPrefix) {
    this.clusterCidr = clusterCidr
    this.#length = NODE_PREFIX_LENGTH[clusterCidr.family]
    this.#blockSize = prefixSize({ ...clusterCidr, length: this.#length })
  }

  /** How many nodes the cluster CIDR has blocks for. */
  get capacity(): bigint {
    return this.clusterCidr.length > this.#length ? 0n : prefixSize(this.clusterCidr) / this.#blockSize
  }

  /** Marks the blocks of an imported prefix as taken; one of another family or place changes nothing. */
  mark(prefix: IpPrefix): void {
    if (prefix.family !== this.clusterCidr.family) return
    if (prefix.length < this.#length) this.#wide.push(prefix)
    else this.#taken.add(this.#blockOf(prefix))
  }

  free(prefix: IpPrefix): void {
    if (prefix.family === this.clusterCidr.family) this.#taken.delete(this.#blockOf(prefix))
  }

  /** The next free block as text; undefined when there is none. */
  take(): string | undefined {
    const capacity = this.capacity
    for (let tried = 0n; tried < capacity; tried++) {
      const block = this.#next
      this.#next = block + 1n === capacity ? 0n : block + 1n
      const value = networkAddress(this.clusterCidr) + block * this.#blockSize
      const beyond = this.#wide.find(w => networkAddress(w) <= value && value < networkAddress(w) + prefixSize(w))
      if (beyond !== undefined) {
        const end = this.#blockOf({ ...beyond, value: networkAddress(beyond) + prefixSize(beyond) })
        tried += end - block - 1n
        this.#next = end >= capacity ? 0n : end
        continue
      }
      if (this.#taken.has(block)) continue
      this.#taken.add(block)
      return formatPrefix({ family: this.clusterCidr.family, value, length: this.#length })
    }
    return undefined
  }

  #blockOf(prefix: IpPrefix): bigint {
    return (prefix.value - networkAddress(this.clusterCidr)) / this.#blockSize
  }
}
