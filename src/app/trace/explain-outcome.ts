/** The two ends of an explained trace: the packet as it came, and what became of it. */
import { formatIp, readIpWords } from '../../net/ip.ts'
import type { Packet } from '../../net/packet.ts'
import { OUTCOME, type Outcome } from '../../netfilter/outcome.ts'
import { REJECT_KINDS } from '../../netfilter/reject-kind.ts'
import type { ExplainedHook, ExplainedPacket, ExplainedTrace } from './explained-trace.ts'

export const describePacket = (packet: Packet): ExplainedPacket => ({
  protocol: PROTOCOL_WORD[packet.protocol] ?? `protocol ${packet.protocol}`,
  source: formatIp({ family: packet.family, value: readIpWords(packet.source, 0) }),
  sourcePort: packet.sourcePort,
  destination: formatIp({ family: packet.family, value: readIpWords(packet.destination, 0) }),
  destinationPort: packet.destinationPort,
  mark: packet.mark,
})

const PROTOCOL_WORD: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' }

/** `rejection`: REJECT_KINDS index of a packet that was rejected. */
export function closeTrace(
  came: ExplainedPacket,
  hooks: readonly ExplainedHook[],
  outcome: Outcome,
  packet: Packet,
  rejection: number,
): ExplainedTrace {
  const left = describePacket(packet)
  const evaluated: Record<string, number> = {}
  for (const { steps } of hooks) for (const { table } of steps) evaluated[table] = (evaluated[table] ?? 0) + 1
  return { packet: came, hooks, ...endOf(outcome, came, left, rejection), left, evaluated }
}

function endOf(
  outcome: Outcome,
  came: ExplainedPacket,
  left: ExplainedPacket,
  rejection: number,
): { readonly outcome: string; readonly sentence: string } {
  const place = `${bracketed(left.destination)}:${left.destinationPort}`
  const source = left.source === came.source ? 'its source kept' : `its source now ${left.source}`
  switch (outcome) {
    case OUTCOME.toPod:
      return { outcome: 'to pod', sentence: `It is delivered to the pod at ${place}, ${source}.` }
    case OUTCOME.toUplink:
      return { outcome: 'to uplink', sentence: `It leaves the node by the uplink, to ${place}, ${source}.` }
    case OUTCOME.toNode:
      return { outcome: 'to node', sentence: `It is delivered to the node itself at ${place}, ${source}.` }
    case OUTCOME.dropped:
      return { outcome: 'dropped', sentence: 'It is dropped: its sender hears nothing.' }
    case OUTCOME.rejected:
      return { outcome: 'rejected', sentence: `It is refused: its sender hears ${REJECT_KINDS[rejection].name}.` }
  }
}

export const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address)
