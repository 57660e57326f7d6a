/**
 * What one node's kube-proxy has to do at its next sync, in either proxy mode: which Services changed since the last one, and
 * whether everything must be written anew. Granularity is the whole Service: all its ports, all its endpoints.
 *
 * Models the trackers of pkg/proxy and needFullSync of both proxiers (1.34). A Service that is changed back before the sync is
 * unchanged; a slice that is changed back still counts.
 */
import { isDeepStrictEqual } from 'node:util'
import type { ClusterNode } from '../cluster/objects.ts'
import { nodeZone } from '../cluster/objects.ts'
import type { TimeUs } from '../sim/time.ts'
import { proxierNode } from './proxier-node.ts'
import type { PortList, ServiceChange } from './service-catalog.ts'

/** Why all rules are written anew. */
export type FullSyncReason =
  /** The first sync since kube-proxy started, which it also does when its node's IPs change, or its pod CIDRs. */
  | 'start'
  /** Somebody flushed the rules (iptables mode: the canary chain is gone). */
  | 'flushed'
  /** The node's zone label changed. */
  | 'topology'
  /** More than an hour since the last one. */
  | 'hour'

export interface SyncRequest {
  readonly timeUs: TimeUs
  /** undefined: a partial sync. */
  readonly full?: FullSyncReason
  /** `namespace/name`; a Service may be gone. */
  readonly changed: ReadonlySet<string>
}

export class ChangeTracker {
  private full: FullSyncReason | undefined = 'start'
  private lastFullUs: TimeUs = 0
  /** Service -> its ports at the last sync, where they differ now. */
  private readonly portsBefore = new Map<string, PortList>()
  private readonly endpointsChanged = new Set<string>()

  noteChange(change: ServiceChange | undefined): void {
    if (change === undefined) return
    if (change.kind === 'endpoints') for (const service of change.services) this.endpointsChanged.add(service)
    else {
      const { service, after } = change
      const before = this.portsBefore.get(service) ?? change.before
      if (isDeepStrictEqual(before, after)) this.portsBefore.delete(service)
      else this.portsBefore.set(service, before)
    }
  }

  /** The node's own Node object changed. Its pod CIDRs count where kube-proxy tells local traffic by them. */
  noteNode(before: ClusterNode, after: ClusterNode, podCidrsCount: boolean): void {
    if (nodeZone(before) !== nodeZone(after)) this.requireFull('topology')
    const identity = (node: ClusterNode) => [nodeIps(node), podCidrsCount ? node.podCIDRs : []]
    if (!isDeepStrictEqual(identity(before), identity(after))) this.requireFull('start')
  }

  /** A reason that also tells of the kernel's state is not forgotten for one that does not. */
  requireFull(reason: FullSyncReason): void {
    if (this.full === undefined || this.full === 'topology') this.full = reason
  }

  /** kube-proxy would sync as soon as it may. */
  get isDue(): boolean {
    return this.full !== undefined || this.portsBefore.size > 0 || this.endpointsChanged.size > 0
  }

  /** Begins a sync: nothing is pending afterwards. `isLargeCluster`: as the last sync found it; there the hour does not count. */
  take(timeUs: TimeUs, isLargeCluster: boolean): SyncRequest {
    const hour = !isLargeCluster && timeUs - this.lastFullUs > HOUR_US ? 'hour' : undefined
    const full = this.full ?? hour
    const changed = new Set([...this.portsBefore.keys(), ...this.endpointsChanged])
    this.full = undefined
    if (full !== undefined) this.lastFullUs = timeUs
    this.portsBefore.clear()
    this.endpointsChanged.clear()
    return { timeUs, full, changed }
  }
}

const HOUR_US = 3_600_000_000

const nodeIps = (node: ClusterNode) => ([4, 6] as const).map(family => proxierNode(node, family, '').ip)
