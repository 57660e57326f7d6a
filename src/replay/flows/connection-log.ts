/**
 * What came of each connection of one flow: typed arrays, one place a connection. What a connection's outcome is when several things
 * happened to it: a delivery first, then an ICMP error, a reset, a way out by the uplink; else it was dropped.
 */
import type { IpFamily } from '../../net/ip.ts'
import { formatIp, readIpWords } from '../../net/ip.ts'
import type { FlowResult } from './flow-result.ts'

/** Bits of what happened. */
const SEEN = { pod: 1, node: 2, icmp: 4, reset: 8, uplink: 16, keptSource: 32, changedPort: 64, split: 128 } as const

export class ConnectionLog {
  readonly #family: IpFamily
  readonly #seen: Uint8Array
  readonly #backend: Uint32Array
  readonly #backendPort: Uint16Array
  readonly #source: Uint32Array
  /** Type << 8 | code of the ICMP error. */
  readonly #icmp: Uint16Array
  arrivalCount = 0
  answerCount = 0
  strayAnswerCount = 0

  constructor(family: IpFamily, connections: number) {
    this.#family = family
    this.#seen = new Uint8Array(connections)
    this.#backend = new Uint32Array(4 * connections)
    this.#backendPort = new Uint16Array(connections)
    this.#source = new Uint32Array(4 * connections)
    this.#icmp = new Uint16Array(connections)
  }

  /** A packet of connection k arrived at a pod or at the node's own stack; source kept, or port changed, against what was sent. */
  arrive(
    k: number,
    at: 'pod' | 'node',
    destination: Uint32Array,
    port: number,
    source: Uint32Array,
    keptSource: boolean,
    keptPort: boolean,
  ): void {
    this.arrivalCount++
    if ((this.#seen[k] & (SEEN.pod | SEEN.node)) !== 0) {
      if (!this.#isBackend(k, destination, port)) this.#seen[k] |= SEEN.split
      return
    }
    this.#seen[k] |= SEEN[at] | (keptSource ? SEEN.keptSource : 0) | (keptSource && !keptPort ? SEEN.changedPort : 0)
    this.#backend.set(destination, 4 * k)
    this.#backendPort[k] = port
    this.#source.set(source, 4 * k)
  }

  leave(k: number): void {
    this.#seen[k] |= SEEN.uplink
  }

  refuse(k: number, type: number, code: number): void {
    this.#seen[k] |= SEEN.icmp
    this.#icmp[k] = (type << 8) | code
  }

  reset(k: number): void {
    this.#seen[k] |= SEEN.reset
  }

  result(id: unknown): FlowResult {
    const outcome = new Map<string, number>()
    const backends = new Map<string, number>()
    const source = new Map<string, number>()
    let portChanged = 0
    let split = 0
    this.#seen.forEach((seen, k) => {
      count(outcome, this.#outcome(seen, k))
      if ((seen & (SEEN.pod | SEEN.node)) === 0) return
      count(backends, this.#endpoint(k))
      count(source, (seen & SEEN.keptSource) !== 0 ? 'kept' : `masq:${this.#address(this.#source, k)}`)
      if ((seen & SEEN.changedPort) !== 0) portChanged++
      if ((seen & SEEN.split) !== 0) split++
    })
    return {
      id,
      connectionCount: this.#seen.length,
      outcome: sorted(outcome),
      backends: sorted(backends),
      source: sorted(source),
      sourcePortChangedCount: portChanged,
      splitCount: split,
      arrivalCount: this.arrivalCount,
      answerCount: this.answerCount,
      strayAnswerCount: this.strayAnswerCount,
    }
  }

  #outcome(seen: number, k: number): string {
    if ((seen & SEEN.pod) !== 0) return 'delivered'
    if ((seen & SEEN.node) !== 0) return 'local'
    if ((seen & SEEN.icmp) !== 0) return `rejected icmp ${this.#icmp[k] >> 8}/${this.#icmp[k] & 255}`
    if ((seen & SEEN.reset) !== 0) return 'rejected tcp-rst'
    return (seen & SEEN.uplink) !== 0 ? 'routed_out_uplink' : 'dropped'
  }

  #endpoint(k: number): string {
    const address = this.#address(this.#backend, k)
    return `${this.#family === 6 ? `[${address}]` : address}:${this.#backendPort[k]}`
  }

  #address(words: Uint32Array, k: number): string {
    return formatIp({ family: this.#family, value: readIpWords(words, 4 * k) })
  }

  #isBackend(k: number, destination: Uint32Array, port: number): boolean {
    const { [k]: before } = this.#backendPort
    return before === port && [0, 1, 2, 3].every(i => this.#backend[4 * k + i] === destination[i])
  }
}

const count = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

const sorted = (counts: ReadonlyMap<string, number>): ReadonlyMap<string, number> =>
  new Map([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
