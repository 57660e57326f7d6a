/**
 * One node's kube-proxy from event to sync, in either proxy mode: collects what changed and hands it to the mode's writer when
 * somebody lets it sync. When it may sync (minSyncPeriod and the length of the last sync) is for the caller to say.
 */
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import type { ClusterNode } from '../cluster/objects.ts'
import type { TimeUs } from '../sim/time.ts'
import type { FullSyncReason, SyncRequest } from './change-tracker.ts'
import { ChangeTracker } from './change-tracker.ts'
import type { ProxierConfig } from './proxier-config.ts'
import type { ServiceChange } from './service-catalog.ts'

/** A proxy mode: makes what a sync writes, and remembers what the kernel holds by it. */
export interface SyncWriter<Sync> {
  readonly config: ProxierConfig
  write(request: SyncRequest, node: ClusterNode): Sync
  /** At the last sync: no hourly full sync. Always false in nftables mode. */
  readonly isLargeCluster: boolean
}

export class NodeProxier<Sync> {
  private readonly nodeName: string
  private readonly writer: SyncWriter<Sync>
  private readonly tracker = new ChangeTracker()
  private node: ClusterNode | undefined

  constructor(nodeName: string, writer: SyncWriter<Sync>) {
    this.nodeName = nodeName
    this.writer = writer
  }

  /** `change`: what the event is to the catalog of Services that the writer reads. */
  apply({ type, object }: ClusterEvent, change: ServiceChange | undefined): void {
    this.tracker.noteChange(change)
    if (object.kind !== 'Node' || object.name !== this.nodeName || type === 'DELETED') return
    if (this.node !== undefined)
      this.tracker.noteNode(this.node, object, this.writer.config.detectLocalMode === 'NodeCIDR')
    this.node = object
  }

  requireFull(reason: FullSyncReason): void {
    this.tracker.requireFull(reason)
  }

  get isDue(): boolean {
    return this.tracker.isDue
  }

  sync(timeUs: TimeUs): Sync {
    if (this.node === undefined) throw new Error(`no Node ${this.nodeName} yet`)
    return this.writer.write(this.tracker.take(timeUs, this.writer.isLargeCluster), this.node)
  }
}
