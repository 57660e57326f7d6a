/** What traffic a run asks for, in addresses and ports: the input of plan-traffic.ts. */
import type { IpFamily } from '../net/ip.ts'
import type { PacketsPerConnection } from './packets-per-connection.ts'
import type { TrafficNode } from './source-table.ts'

export interface TrafficRequest {
  /** The scenario's seed. */
  readonly seed: string
  /** Budget: packets of all connections in their original direction. */
  readonly packets: number
  readonly packetsPerConnection: PacketsPerConnection
  readonly nodes: readonly TrafficNode[]
  readonly destinations: readonly TrafficDestination[]
  readonly classes: readonly TrafficClassRequest[]
}

export interface TrafficDestination {
  readonly family: IpFamily
  /** Canonical text; absent: the primary address of the node where the packet comes in (a node port). */
  readonly address?: string
  /** IANA number. */
  readonly protocol: number
  readonly port: number
  /** Nodes that take this destination's connections from outside. Share one array where they are the same: it is read once. */
  readonly ingressNodes?: readonly number[]
}

export interface TrafficClassRequest {
  readonly origin: 'pod' | 'node' | 'outside'
  /** Part of the connections, relative to the other classes. */
  readonly weight: number
  /** Numbers of destinations, each with its weight. */
  readonly destinations: readonly number[]
  readonly weights: ArrayLike<number>
  /** Addresses of the clients outside; absent: 254 documentation addresses a family. */
  readonly clients?: readonly string[]
}
