/** One thing to measure and to predict: rules, the packets sent through them, and the terms of a cost profile that a packet pays. */
import type { CostBackend, CostItem } from '../../netfilter/cost/cost-profile.ts'
import type { Destination } from './service-world.ts'

export interface CostCase {
  readonly name: string
  readonly backend: CostBackend
  /** As iptables-restore or nft -f takes them; empty: none. */
  readonly rules: string
  /** Clients: `count` addresses from the first on. */
  readonly sources: readonly [first: string, count: number]
  readonly destinations: readonly Destination[]
  /** A sample. */
  readonly packets: number
  /** Packets of connections that were answered, not first ones; the backend's address and port. */
  readonly established?: Destination
  /** nft sets (of table kube-proxy) that forget their clients before every sample. */
  readonly forgetSets?: readonly string[]
  /** Of a mean packet. */
  readonly items: readonly CostItem[]
}
