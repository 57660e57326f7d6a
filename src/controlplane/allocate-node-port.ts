/**
 * Node ports as the API server hands them out (pkg/registry/core/service/portallocator): one number for all nodes and protocols, the
 * first min(max(16, size/32), 128) of the range left to explicit choices, dynamic ones from above them at random. Health check node
 * ports come from the same pool. Ports of one Service that have the same number (53/TCP and 53/UDP) share a node port.
 */
import type { ServicePort } from '../cluster/objects.ts'
import type { RandomStream } from '../sim/random.ts'
import type { Reservation } from './allocate-cluster-ip.ts'
import type { BandedRange } from './banded-range.ts'
import { pickFree, staticBandSize } from './banded-range.ts'
import { Claims } from './claims.ts'

export class NodePortAllocator {
  readonly #range: BandedRange
  readonly #random: RandomStream
  readonly #claims = new Claims<number>()

  /** Ports `first` to `last`, both included. */
  constructor(first: number, last: number, random: RandomStream) {
    this.#range = {
      first: BigInt(first),
      last: BigInt(last),
      dynamicFirst: BigInt(first) + staticBandSize(BigInt(last - first + 1), 32n, 128n),
    }
    this.#random = random
  }

  /** Claims `port` for `service`, even in a clash (the caller decides what that means). */
  reserve(port: number, service: string): Reservation {
    if (port < this.#range.first || port > this.#range.last) return { outcome: 'out of range' }
    const other = this.#claims.claim(port, service)
    return other === undefined ? { outcome: 'granted' } : { outcome: 'clash', with: other }
  }

  /** A free port for `service`; undefined when there is none. */
  next(service: string): number | undefined {
    const picked = pickFree(this.#range, v => this.#claims.has(Number(v)), this.#random)
    if (picked === undefined) return undefined
    this.#claims.claim(Number(picked), service)
    return Number(picked)
  }

  release(port: number, service: string): void {
    this.#claims.release(port, service)
  }
}

/**
 * Gives every port of a Service without a node port one from `next`, once a port number: 53/TCP and 53/UDP get the same, and an
 * explicit node port of one of them serves the other. undefined when `next` had none left.
 */
export function fillNodePorts(
  ports: readonly ServicePort[],
  next: () => number | undefined,
): readonly ServicePort[] | undefined {
  const byNumber = new Map<number, number>()
  for (const p of ports) if (p.nodePort !== 0 && !byNumber.has(p.port)) byNumber.set(p.port, p.nodePort)
  const filled: ServicePort[] = []
  for (const p of ports) {
    const nodePort = p.nodePort !== 0 ? p.nodePort : (byNumber.get(p.port) ?? next())
    if (nodePort === undefined) return undefined
    byNumber.set(p.port, nodePort)
    filled.push(nodePort === p.nodePort ? p : { ...p, nodePort })
  }
  return filled
}
