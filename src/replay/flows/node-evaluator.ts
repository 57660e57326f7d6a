/** One node's rules as the replay of flows asks them: a packet in, what came of it out, and in the end what every rule has counted. */
import type { Packet } from '../../net/packet.ts'
import type { Outcome } from '../../netfilter/outcome.ts'
import type { TimeUs } from '../../sim/time.ts'

export interface NodeEvaluator {
  /** Takes the packet, as it arrives, through the node at `nowUs` and changes it: addresses, ports and mark are then as it left. */
  pass(packet: Packet, sizeBytes: number, nowUs: TimeUs): Outcome
  /** As `pass`, for a packet that carries the connection of the one before (a TCP reset of a REJECT): translation and state are in it. */
  passAttached(packet: Packet, sizeBytes: number, nowUs: TimeUs): Outcome
  /** REJECT_KINDS index of the last packet, when it was rejected. */
  readonly rejection: number
  counters(): readonly ChainCounters[]
}

export interface ChainCounters {
  /** As its tool writes it: `nat`, or `ip kube-proxy`. */
  readonly table: string
  readonly chain: string
  readonly enteredCount: number
  /** Of a chain that has a policy: what the policy decided. */
  readonly policy?: { readonly packets: number; readonly bytes: number }
  readonly rules: readonly RuleCounters[]
}

export interface RuleCounters {
  readonly evaluatedCount: number
  readonly packets: number
  readonly bytes: number
}
