/** What came of replayed flows. Maps are in the order of their keys. */
import type { ChainCounters } from './node-evaluator.ts'
import type { ModelledCost } from './packet-costs.ts'

export interface FlowReplay {
  readonly flows: readonly FlowResult[]
  readonly chains: readonly ChainCounters[]
  readonly connectionCount: number
  /** Packets that flows sent. */
  readonly packetCount: number
  /** What conntrack holds in the end, and packets it had no room for. */
  readonly entryCount: number
  readonly fullDropCount: number
  /** When a cost profile was given. */
  readonly modelled?: ModelledCost
}

export interface FlowResult {
  readonly id: unknown
  readonly connectionCount: number
  /** Connections by outcome: `delivered`, `local`, `rejected icmp 3/3`, `rejected tcp-rst`, `routed_out_uplink`, `dropped`. */
  readonly outcome: ReadonlyMap<string, number>
  /** Connections by the `address:port` where their first packet arrived, and by the source it had there: `kept` or `masq:ADDRESS`. */
  readonly backends: ReadonlyMap<string, number>
  readonly source: ReadonlyMap<string, number>
  /** Connections whose source address was kept, but not its port. */
  readonly sourcePortChangedCount: number
  /** Connections whose packets arrived at more than one place. */
  readonly splitCount: number
  /** Packets that arrived at a pod or at the node. */
  readonly arrivalCount: number
  /** Answers that reached the sender, from where it wrote to; from elsewhere. */
  readonly answerCount: number
  readonly strayAnswerCount: number
}
