/**
 * Flows through one node: packet by packet, in the order in which native/kernel-replay sends them, so that the same flow file gives the same
 * counters here and in the kernel. A function of rules, topology, flows and seed.
 */

import type { Flow, FlowFile } from '../../net/flow.ts'
import { writeIpWords } from '../../net/ip.ts'
import { newPacket, ORIGIN, type Packet } from '../../net/packet.ts'
import { PROTOCOL_NUMBER } from '../../net/protocol.ts'
import { SCTP_CHUNK } from '../../netfilter/conntrack/sctp-states.ts'
import type { HostView } from '../../netfilter/host.ts'
import { TCP_FLAG } from '../../ruleset/ruleset.ts'
import { ConnectionLog } from './connection-log.ts'
import type { FlowResult } from './flow-result.ts'
import { FlowWorld, type Sender } from './flow-world.ts'
import type { NodeEvaluator } from './node-evaluator.ts'

/** Packets that are sent before receivers answer, unless the round ends first. */
const BURST = 128

/** Draws set apart for one packet of a connection. */
const DRAWS = 65_536

/** One result a flow; all flows are of the host's family. Draws depend on the seed the evaluator was made with and on the number of the connection. */
export function replayFlows(evaluator: NodeEvaluator, host: HostView, { flows }: FlowFile): FlowResult[] {
  const world = new FlowWorld(evaluator, host, listeningPorts(flows))
  let firstConnection = 0
  let sinceAnswer = 0
  return flows.map(flow => {
    const log = new ConnectionLog(host.family, flow.connectionCount)
    const senders = sendersOf(flow, log)
    const packet = newPacket(host.family)
    world.nowUs += flow.delayUs
    for (let n = 0; n < flow.packetCount; n++) {
      if (n > 0) world.nowUs += flow.gapUs
      for (const sender of senders) {
        writeFlowPacket(packet, sender, n, firstConnection + sender.connection)
        world.send(packet, sender)
        if (++sinceAnswer < BURST) continue
        world.answer()
        sinceAnswer = 0
      }
      world.answer()
    }
    firstConnection += flow.connectionCount
    return log.result(flow.id)
  })
}

function sendersOf(flow: Flow, log: ConnectionLog): Sender[] {
  const destination = new Uint32Array(4)
  writeIpWords(flow.destination.value, destination, 0)
  return Array.from({ length: flow.connectionCount }, (_, connection) => {
    const source = new Uint32Array(4)
    writeIpWords(flow.source.value + BigInt(connection % flow.sourceCount), source, 0)
    const sourcePort = flow.firstSourcePort + Math.floor(connection / flow.sourceCount)
    return { flow, log, connection, source, sourcePort, destination }
  })
}

function writeFlowPacket(
  packet: Packet,
  { flow, source, sourcePort, destination }: Sender,
  n: number,
  id: number,
): void {
  packet.source.set(source)
  packet.destination.set(destination)
  packet.sourcePort = sourcePort
  packet.destinationPort = flow.destinationPort
  packet.protocol = PROTOCOL_NUMBER[flow.protocol]
  packet.origin = flow.origin
  packet.mark = 0
  packet.tcpFlags = flow.tcpFlags?.[n] ?? (n === 0 ? TCP_FLAG.SYN : TCP_FLAG.PSH | TCP_FLAG.ACK)
  packet.sctpChunk = SCTP_CHUNK.init
  packet.flowLow = id >>> 0
  packet.flowHigh = 0
  packet.draws = n * DRAWS
}

/** UDP ports of the node's own flows that are answered. */
const listeningPorts = (flows: readonly Flow[]): ReadonlySet<number> =>
  new Set(
    flows
      .filter(flow => flow.origin === ORIGIN.node && flow.protocol === 'UDP' && flow.reply)
      .flatMap(({ firstSourcePort, connectionCount, sourceCount }) =>
        Array.from({ length: Math.ceil(connectionCount / sourceCount) }, (_, i) => firstSourcePort + i),
      ),
  )
