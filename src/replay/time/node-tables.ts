/**
 * The connection tables of all nodes in a run over time (netfilter/conntrack/entry-table.ts). Both nodes of a connection's way have an entry for
 * it; a packet that is dropped, rejected or reset at once leaves none. Tables of different nodes depend on each other, so all flows come in order.
 */

import type { Packet } from '../../net/packet.ts'
import { BUCKET_BITS, EntryTable } from '../../netfilter/conntrack/entry-table.ts'
import { draw32 } from '../../sim/random.ts'
import type { TimeUs } from '../../sim/time.ts'
import type { EntryLife } from './entry-life.ts'
import type { ConntrackPlan, NodeTimes } from './timed-plan.ts'

export const HOP = { first: 0, second: 1 } as const

export class NodeTables {
  readonly tables: readonly EntryTable[]
  readonly #plan: ConntrackPlan
  readonly #nodes: NodeTimes
  /** By node: outages that are over. */
  readonly #outages: Uint32Array

  constructor(plan: ConntrackPlan, nodes: NodeTimes) {
    this.#plan = plan
    this.#nodes = nodes
    this.tables = Array.from({ length: nodes.count }, () => new EntryTable(plan.max))
    this.#outages = nodes.outageStart.slice(0, nodes.count)
  }

  /** Has the node room for the new connection that its flow begins with its `draws`-th choice? */
  admits(node: number, hop: number, packet: Packet, draws: number, nowUs: TimeUs): boolean {
    this.#forgetOutages(node, nowUs)
    return this.tables[node].admits(this.#bucket(packet, draws, hop, 0), this.#bucket(packet, draws, hop, 1), nowUs)
  }

  keep(node: number, hop: number, packet: Packet, draws: number, { closesUs, expiresUs, isAssured }: EntryLife): void {
    const [original, reply] = [this.#bucket(packet, draws, hop, 0), this.#bucket(packet, draws, hop, 1)]
    this.tables[node].insert(original, reply, closesUs, expiresUs, isAssured)
  }

  /** Hashes of tuples are keyed at random on every boot. */
  #bucket({ flowLow, flowHigh }: Packet, draws: number, hop: number, direction: number): number {
    const { low, high } = this.#plan.seed
    return draw32(low, high, flowLow, flowHigh, 4 * draws + 2 * hop + direction) >>> (32 - BUCKET_BITS)
  }

  #forgetOutages(node: number, nowUs: TimeUs): void {
    const { outageStart, foundUs } = this.#nodes
    while (this.#outages[node] < outageStart[node + 1] && foundUs[this.#outages[node]] <= nowUs) {
      this.#outages[node]++
      this.tables[node].clear()
    }
  }
}
