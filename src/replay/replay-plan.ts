/**
 * Everything one replay needs, as structured-cloneable data: the traffic, the compiled rules of every node in its proxy mode, and where each DNAT leads.
 * The big arrays lie on shared buffers, so posting a plan to a worker costs little.
 */
import type { CostProfile } from '../netfilter/cost/cost-profile.ts'
import type { ProgramPrices } from '../netfilter/cost/program-prices.ts'
import type { NftProgram } from '../netfilter/nft/nft-program.ts'
import type { Program } from '../netfilter/program.ts'
import type { StreamSeed } from '../sim/random.ts'
import type { TimeUs } from '../sim/time.ts'
import type { TrafficPlan } from '../workload/traffic.ts'
import type { HostTable } from './host-table.ts'

export type ReplayPlan = IptablesPlan | NftPlan

export interface IptablesPlan extends PlanOf<FamilyPlan> {
  readonly mode: 'iptables'
  /** Order of Services on each node (see keyed-permutation.ts); 0: as written. */
  readonly orderKeyOfNode: Uint32Array
}

/** No rule of nftables mode knows an order of Services. */
export interface NftPlan extends PlanOf<NftFamilyPlan> {
  readonly mode: 'nftables'
}

interface PlanOf<F> {
  readonly traffic: TrafficPlan
  /** Stream of the rules' random choices; another one than the traffic's. */
  readonly ruleSeed: StreamSeed
  /** null: no node has rules of this family, and the traffic has no class of it. */
  readonly families: { readonly 4: F | null; readonly 6: F | null }
  /** Distinct nodes whose rule counters are also kept apart. */
  readonly detailNodes: readonly number[]
  /**
   * By destination: 1 where every node's rules lead to the same backends with the same chances (no policy Local, no topology hints).
   * Spares expectedShares the look at every view; absent: it looks.
   */
  readonly sameOnEveryNode?: Uint8Array
  /** Absent: no choice of a backend hangs on who came before. */
  readonly affinity?: AffinityPlan
}

/** ClientIP affinity: rules remember clients, so connections to some destinations are replayed in order of time, node by node. */
export interface AffinityPlan {
  /** By destination, 1: its rules remember. */
  readonly remembers: Uint8Array
  /** When connections begin: evenly within this time, by their number (flow-start.ts). 0: all at one instant, in order of number. */
  readonly withinUs: TimeUs
  readonly arrivalSeed: StreamSeed
}

export interface FamilyPlan extends FamilyPlaces {
  readonly program: Program
  /** What evaluating it costs, in nanoseconds as cost profiles have them; absent: nobody asks. */
  readonly prices?: ProgramPrices
}

export interface NftFamilyPlan extends FamilyPlaces {
  readonly program: NftProgram
  /** Prices of packets' ways; absent: nobody asks. */
  readonly prices?: CostProfile
}

interface FamilyPlaces {
  readonly viewOfNode: Int32Array
  readonly hosts: HostTable
  /** Per DNAT id: the node where its address lives, or -1 where no node of the cluster has it. */
  readonly backendNode: Int32Array
}
