/**
 * The traffic of a run as plain data: who sends how many connections where. Written once by plan-traffic.ts, read by draw-flow.ts in
 * every worker: typed arrays lie on shared buffers, so a plan crosses threads without a copy. It knows addresses and ports, no rules.
 *
 * A flow is one connection: number `flowLow` (from 0) of a class at a node. The pair (class, node) is the high word, so what a
 * flow is never depends on jobs or workers.
 */
import type { IpFamily } from '../net/ip.ts'
import type { Origin } from '../net/packet.ts'
import type { StreamSeed } from '../sim/random.ts'
import type { ChoiceTable } from './choice-table.ts'
import type { PacketsLaw } from './packets-per-connection.ts'

export interface TrafficPlan {
  /** Stream of every draw of the traffic; the rules' draws are another stream. */
  readonly seed: StreamSeed
  readonly nodeCount: number
  /** Connections of all classes, those without a target included. */
  readonly connections: number
  readonly packetsLaw: PacketsLaw
  readonly destinations: DestinationTable
  readonly sources: { readonly 4: SourceTable; readonly 6: SourceTable }
  readonly classes: readonly TrafficClass[]
  /** Connections by destination that came from outside and found no ingress node: no rule ever sees them. */
  readonly noTarget: Float64Array
  /** Classes that were asked for and cannot send anything, with the reason: their part went to the others. */
  readonly silent: readonly { readonly asked: number; readonly why: string }[]
}

/** Eight words a destination, so that a flow finds its own in one cache line; places by DESTINATION. */
export interface DestinationTable {
  readonly count: number
  readonly words: Uint32Array
}

export const DESTINATION_WORDS = 8

export const DESTINATION = {
  /** Four words; zeroes where the destination is the ingress node's own address. */
  address: 0,
  /** IANA number. */
  protocol: 4,
  port: 5,
  /** 1: the address is the primary one of the node where the packet comes in. */
  atIngress: 6,
  /** 4 or 6. */
  family: 7,
} as const

/** Sources of one family. */
export interface SourceTable {
  /** Four words a node: its primary address. */
  readonly nodeAddress: Uint32Array
  /** Pods of node n are podStart[n] … podStart[n + 1] - 1. */
  readonly podStart: Uint32Array
  /** Four words a pod. */
  readonly podAddress: Uint32Array
}

/**
 * Connections of one origin and family. A flow at node n takes a *group* of destinations by groupTables[groupTableOfNode[n]], then a
 * destination of the group by destinationTables[group]: destinations with the same ingress nodes form a group, and nodes with the
 * same groups share a table, so memory stays linear.
 */
export interface TrafficClass {
  /** Its number among the classes that were asked for (a dual-stack one becomes two). */
  readonly asked: number
  readonly origin: Origin
  readonly family: IpFamily
  readonly connections: number
  readonly connectionsOfNode: Float64Array
  /** Expected share of the class's connections by node. Origin uplink has one cell more: the share that finds no ingress node. */
  readonly chanceOfNode: Float64Array
  readonly groupTables: readonly ChoiceTable[]
  /** -1: the node gets nothing. */
  readonly groupTableOfNode: Int32Array
  readonly destinationTables: readonly ChoiceTable[]
  /** Origin uplink only: four words a client address, each as likely as the others. */
  readonly clients: Uint32Array
}

/** Bits of flowHigh that hold the node; the class number lies above them. The highest node number stands for "no ingress node". */
export const NODE_BITS = 20
export const NO_NODE = 2 ** NODE_BITS - 1
export const MAX_CLASSES = 2 ** (32 - NODE_BITS)
