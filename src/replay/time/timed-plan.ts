/**
 * Everything that passes 2 and 4 of a run over time need, as structured-cloneable data: versions of Services, what happens to nodes, how
 * long watches take, and the traffic. Node numbers are those of the ReplayPlan.
 */
import type { IpFamily } from '../../net/ip.ts'
import type { FrameAmounts } from '../../proxier/port-amounts.ts'
import type { ProxyMode } from '../../proxier/proxier-config.ts'
import type { HealthCheckPreset } from '../../scenario/load-balancer-spec.ts'
import type { SyncProfile } from '../../scenario/sync-profile.ts'
import type { StreamSeed } from '../../sim/random.ts'
import type { TimeUs } from '../../sim/time.ts'
import type { TrafficPlan } from '../../workload/traffic.ts'
import type { ChangeSteps } from './change-steps.ts'
import type { DelayTable } from './delay-table.ts'
import type { LifeTable } from './life-table.ts'
import type { VersionTable } from './version-table.ts'

/** What the syncs of a node hang on. */
export interface SyncPlan {
  readonly horizonUs: TimeUs
  readonly nodes: NodeTimes
  readonly sync: SyncSettings
  readonly watch: DelayTable
  readonly watchSeed: StreamSeed
}

export interface TimedPlan extends SyncPlan {
  readonly windowUs: TimeUs
  readonly windowCount: number
  readonly lives: LifeTable
  readonly families: { readonly 4: TimedFamily | null; readonly 6: TimedFamily | null }
  readonly traffic: TimedTraffic
  readonly balancers: Balancers
  /** null: tables never fill. */
  readonly conntrack: ConntrackPlan | null
  /** By pod number: `namespace/name`. */
  readonly podNames: readonly string[]
}

export interface ConntrackPlan {
  /** Entries of every node's table: nf_conntrack_max. */
  readonly max: number
  /** Where tuples hash to. */
  readonly seed: StreamSeed
}

/** Clouds' load balancers in front of Services: one a Service port and family. */
export interface Balancers {
  readonly check: HealthCheckPreset
  /** Of phases of checks and of choices among targets. */
  readonly seed: StreamSeed
  readonly ports: readonly { readonly family: IpFamily; readonly port: number }[]
  /** By destination of the plan: index into `ports`; -1: no load balancer. */
  readonly ofDestination: Int32Array
  /** By node, 1: not labelled out. */
  readonly isTarget: Uint8Array
}

export interface SyncSettings {
  readonly mode: ProxyMode
  readonly minSyncPeriodUs: TimeUs
  readonly largeClusterEndpoints: number
  /** Of the tool that loads the rules. */
  readonly prices: SyncProfile
  /** Instead of the priced durations; empty: priced. */
  readonly fullUs: DelayTable
  readonly partialUs: DelayTable
  readonly seed: StreamSeed
}

/** When each node is there. */
export interface NodeTimes {
  readonly count: number
  /** 0: from the start. */
  readonly joinedUs: Float64Array
  /** When the kube-proxy of a node that joined has listed everything, counted from there. */
  readonly proxyStart: DelayTable
  readonly startSeed: StreamSeed
  /** Outages of node n are outageStart[n] … outageStart[n + 1] - 1, in order of time: lost, and found again (Infinity: not). */
  readonly outageStart: Uint32Array
  readonly lostUs: Float64Array
  readonly foundUs: Float64Array
}

export interface TimedFamily {
  readonly table: VersionTable
  readonly services: ChangeColumns
  readonly slices: ChangeColumns
  /** null: what a change adds to a sync depends on the node. */
  readonly steps: ChangeSteps | null
  readonly frame: FrameAmounts
}

/** Changes of one watch after instant 0, in order of the log. */
export interface ChangeColumns {
  readonly count: number
  readonly position: Uint32Array
  readonly timeUs: Float64Array
  readonly service: Uint32Array
  /** Of the Service's objects or slices. */
  readonly version: Uint32Array
  readonly triggerUs: Float64Array
}

/** How a client uses its connections. */
export interface KeepAlive {
  /** Over one connection at most. */
  readonly requests: number
  readonly maxAgeUs: TimeUs
  readonly retries: number
  /** A closed loop: how long a request without an answer holds the client up; 0: an open one, which sends at its pace whatever comes of it. */
  readonly timeoutUs: TimeUs
  /** Clients begin evenly within this time. */
  readonly rampUs: TimeUs
}

/** When flows to a destination are sent. */
export const TURN = {
  /** Each for itself, with its node. */
  own: 0,
  /** In order of time with others at its node: what the node remembers of one has a say in the next (ClientIP affinity). */
  ordered: 1,
  /** With those that come in through load balancers, each for itself. */
  balanced: 2,
  /** With those, in order of time; with connection tables all flows are. */
  balancedInOrder: 3,
} as const

export interface TimedTraffic {
  readonly plan: TrafficPlan
  /** Stream of the rules' random choices, as in the ReplayPlan. */
  readonly ruleSeed: StreamSeed
  readonly arrivalSeed: StreamSeed
  /** First packet until the last of a connection. */
  readonly duration: DelayTable
  /** null: a flow is one connection. */
  readonly keepAlive: KeepAlive | null
  /** By destination of the plan: its port's number in the table of its family, its row among all Service ports, and 1: from outside. */
  readonly portOfDestination: Int32Array
  readonly rowOfDestination: Uint32Array
  readonly isOutside: Uint8Array
  /** By destination: a TURN. */
  readonly turnOfDestination: Uint8Array
  readonly rowCount: number
}
