/** What one thread works with while it replays one plan of iptables mode: engines, memories, tallies, the flow at hand. */
import type { HopMemo, Places } from '../netfilter/hop-records.ts'
import type { HostView } from '../netfilter/host.ts'
import type { NodeMemory } from '../netfilter/memory/node-memory.ts'
import type { HopPlaces } from './hop-places.ts'
import type { Journeys } from './journeys.ts'
import type { FlowAtHand, HopRules, Way } from './replay-hops.ts'
import type { FamilyPlan, IptablesPlan } from './replay-plan.ts'
import type { Roads } from './roads.ts'
import type { Tallies } from './tallies.ts'
import type { Whereabouts } from './whereabouts.ts'

/** One thread's engines and tallies for one plan. */
export interface Replayer extends Nodes {
  readonly tallies: Tallies
  readonly families: { readonly 4: FamilyReplayer | null; readonly 6: FamilyReplayer | null }
  readonly hops: { readonly 4: HopRules | null; readonly 6: HopRules | null }
}

export interface Nodes {
  readonly plan: IptablesPlan
  /** By node: its place among the detail nodes, or -1. */
  readonly detailOfNode: Int32Array
  /** The plan's orderKeyOfNode, signed: a field that holds words above 2^31 now and then is recompiled for when the first one comes. */
  readonly orderKeyOfNode: Int32Array
}

export interface FamilyReplayer extends FlowAtHand {
  readonly plan: FamilyPlan
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
  readonly way: RememberedWay
}

/** With what hop-memo.ts knows of its hops. */
export interface RememberedWay extends Way {
  record: number
  secondRecord: number
}

export function journeysAt({ detailOfNode }: Nodes, family: FamilyReplayer, node: number): Journeys {
  const detail = detailOfNode[node]
  return detail < 0 ? family.journeys : family.detailJourneys[detail]
}

export const memoAt = (nodes: Nodes, family: FamilyReplayer, node: number): HopMemo =>
  journeysAt(nodes, family, node).memo
