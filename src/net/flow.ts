/**
 * Flows as a flow file lists them, and the small world they run in: clients behind the node's uplink, the node, and its pods. What
 * `replay`, `verify` and the kernel's own injector share. A flow is a number of connections that differ only in source address and port.
 */
import type { IpAddress, IpPrefix } from './ip.ts'
import type { Origin } from './packet.ts'
import type { Protocol } from './protocol.ts'

export interface FlowFile {
  readonly topology: FlowTopology
  readonly flows: readonly Flow[]
}

export interface FlowTopology {
  /** Addresses of the uplink; the first of a family is its primary one. */
  readonly nodeIps: readonly IpAddress[]
  /** Routed to the pods of the node; everything else that is not the node's own leaves by the uplink. */
  readonly podPrefixes: readonly IpPrefix[]
  /** Further addresses of the node itself, on `lo`. */
  readonly localIps: readonly IpAddress[]
  /** Address of the pods' side of the node: what MASQUERADE writes there; absent: the primary address. */
  readonly podSideIp?: IpAddress
}

export interface Flow {
  /** As the file gives it; its place in the list when it gives none. */
  readonly id: unknown
  readonly origin: Origin
  readonly source: IpAddress
  readonly destination: IpAddress
  readonly protocol: Protocol
  readonly destinationPort: number
  readonly connectionCount: number
  readonly firstSourcePort: number
  /** Connection k comes from `source` + (k mod sourceCount), port `firstSourcePort` + floor(k / sourceCount). */
  readonly sourceCount: number
  /** Packets of each connection in its original direction. */
  readonly packetCount: number
  /** TCP flags of each packet, in the bits of the header; absent: SYN, then PSH and ACK. */
  readonly tcpFlags?: readonly number[]
  /** The receiver answers every packet. */
  readonly reply: boolean
  /** Before the flow begins. */
  readonly delayUs: number
  /** Between the rounds of packets: every connection's first packet, every connection's second, … */
  readonly gapUs: number
}

/** Where connection `k` of a flow comes from. */
export function connectionSource(flow: Flow, k: number): { readonly address: IpAddress; readonly port: number } {
  const { family, value } = flow.source
  return {
    address: { family, value: value + BigInt(k % flow.sourceCount) },
    port: flow.firstSourcePort + Math.floor(k / flow.sourceCount),
  }
}
