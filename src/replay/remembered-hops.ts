/** The rules of iptables mode as hops ask them: packets that a thread remembers (netfilter/hop-memo.ts) are counted, the others evaluated. */
import type { Packet } from '../net/packet.ts'
import { findRecord, passFirst, passLater } from '../netfilter/hop-memo.ts'
import type { HopMemo } from '../netfilter/hop-records.ts'
import type { Outcome } from '../netfilter/outcome.ts'
import { secondPlaces } from './hop-places.ts'
import { HOP, type Hop, type HopRules } from './replay-hops.ts'
import { type FamilyReplayer, memoAt, type Nodes } from './replay-state.ts'

export class RememberedHops implements HopRules {
  readonly #nodes: Nodes
  readonly #family: FamilyReplayer
  #memo: HopMemo

  constructor(nodes: Nodes, family: FamilyReplayer) {
    this.#nodes = nodes
    this.#family = family
    this.#memo = family.journeys.memo
  }

  get dnat(): number {
    return this.#memo.dnat
  }

  get rulesEvaluated(): number {
    return this.#memo.rulesEvaluated
  }

  get costPs(): Float64Array {
    return this.#memo.costPs
  }

  /** The record of a first hop stands in the family's way already: who asks for hops has looked for it. */
  pass(hop: Hop, node: number, packet: Packet): Outcome {
    const { way, hosts, plan, places, lists } = this.#family
    const { orderKeyOfNode } = this.#nodes
    const memo = memoAt(this.#nodes, this.#family, node)
    const view = plan.viewOfNode[node]
    this.#memo = memo
    if (hop === HOP.second) {
      const known = secondPlaces(places, node, this.#nodes.detailOfNode[node])
      way.secondRecord = findRecord(memo, known, way.dnat, view, hosts[node], packet)
      return passFirst(memo, way.secondRecord, view, hosts[node], orderKeyOfNode[node], packet)
    }
    memo.engine.recent = lists
    const outcome = passFirst(memo, way.record, view, hosts[node], orderKeyOfNode[node], packet)
    memo.engine.recent = undefined
    return outcome
  }

  passLater(hop: Hop, node: number, packet: Packet, count: number): Outcome {
    const { way, hosts, plan } = this.#family
    const record = hop === HOP.second ? way.secondRecord : way.record
    const memo = memoAt(this.#nodes, this.#family, node)
    this.#memo = memo
    const orderKey = this.#nodes.orderKeyOfNode[node]
    return passLater(memo, record, plan.viewOfNode[node], hosts[node], orderKey, packet, count)
  }
}
