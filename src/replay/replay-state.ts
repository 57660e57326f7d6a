/** What one thread works with while it replays one plan: engines, memories, tallies, the flow at hand. */
import type { Packet } from '../net/packet.ts'
import type { HopMemo, Places } from '../netfilter/hop-records.ts'
import type { HostView } from '../netfilter/host.ts'
import type { NodeMemory } from '../netfilter/memory/node-memory.ts'
import type { Outcome } from '../netfilter/outcome.ts'
import type { Flow } from '../workload/draw-flow.ts'
import type { HopPlaces } from './hop-places.ts'
import type { Journeys } from './journeys.ts'
import type { FamilyPlan, ReplayPlan } from './replay-plan.ts'
import type { Roads } from './roads.ts'
import type { FamilyTallies, Tallies } from './tallies.ts'
import type { Whereabouts } from './whereabouts.ts'

/** One thread's engines and tallies for one plan. */
export interface Replayer {
  readonly plan: ReplayPlan
  readonly tallies: Tallies
  readonly families: { readonly 4: FamilyReplayer | null; readonly 6: FamilyReplayer | null }
  /** By node: its place among the detail nodes, or -1. */
  readonly detailOfNode: Int32Array
}

export interface FamilyReplayer {
  readonly plan: FamilyPlan
  readonly tallies: FamilyTallies
  readonly hosts: readonly HostView[]
  /** Counts for all nodes but the detail nodes, which have one each. */
  readonly journeys: Journeys
  readonly detailJourneys: readonly Journeys[]
  /** Connections of one journey are alike in what other nodes see of their source: no pod or client has a node's address. */
  readonly travels: boolean
  readonly places: HopPlaces
  /** By the first hop's Places and the source's signature. */
  readonly roads: Map<Places, Map<number, Roads>>
  readonly whereabouts: Whereabouts
  /** Of the class and node at hand. */
  firstPlaces: Places | undefined
  ingressPlaces: Places | undefined
  /** While flows are replayed whose rules remember clients: what they remember. */
  lists: Pick<NodeMemory, 'recent' | 'nowUs'> | undefined
  /** Signature of the address that a masquerade at this node gives, and how many words of tests it is made of. */
  uplinkSignature: number
  uplinkTests: number
  readonly flow: Flow
  /** The flow's packet as the backend's node sees it. */
  readonly secondPacket: Packet
  readonly way: Way
}

/** How the flow at hand got on. */
export interface Way {
  outcome: Outcome
  /** What hop-memo.ts knows of its hops. */
  record: number
  /** DNAT id of the first hop and the node of its backend, or -1. */
  dnat: number
  target: number
  twoHops: boolean
  secondOutcome: Outcome
  secondRecord: number
  fate: Fate
  /** What it cost so far, per lane. */
  readonly costPs: Float64Array
}

/** Where a first packet's way ends, or that it goes on to its second hop. */
export const FATE = { delivered: 0, rejected: 1, dropped: 2, unmatched: 3, goesOn: 4 } as const
export type Fate = (typeof FATE)[keyof typeof FATE]

export function journeysAt(replayer: Replayer, family: FamilyReplayer, node: number): Journeys {
  const detail = replayer.detailOfNode[node]
  return detail < 0 ? family.journeys : family.detailJourneys[detail]
}

export const memoAt = (replayer: Replayer, family: FamilyReplayer, node: number): HopMemo =>
  journeysAt(replayer, family, node).memo
