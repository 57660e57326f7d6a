/**
 * What kube-proxy in iptables mode pipes to `iptables-restore --noflush --counters` at each sync of one node, byte for byte, and how
 * much that is. It remembers what it wrote: a partial sync costs what the changed Services have, and its text is put together only
 * when somebody asks for it.
 *
 * Models syncProxyRules of kube-proxy 1.34 (pkg/proxy/iptables/proxier.go). Services go in order of (namespace, name, port name)
 * instead of Go's random map order. Only chains that this writer made count as stale; kube-proxy also finds those of an earlier
 * process.
 */
import type { ClusterNode } from '../cluster/objects.ts'
import type { TimeUs } from '../sim/time.ts'
import { SECOND_US } from '../sim/time.ts'
import { BlockSequence } from './block-sequence.ts'
import type { SyncRequest } from './change-tracker.ts'
import type { IptablesSetting } from './iptables-setting.ts'
import { endpointCount, iptablesSetting } from './iptables-setting.ts'
import { IptablesSync } from './iptables-sync.ts'
import type { SyncWriter } from './node-proxier.ts'
import type { ProxierConfig } from './proxier-config.ts'
import type { RestoreBlock } from './restore-block.ts'
import { type RestoreFrame, restoreFrame } from './restore-frame.ts'
import type { ServiceCatalog } from './service-catalog.ts'
import type { ServicePort } from './service-ports.ts'
import { SharedBlocks } from './shared-blocks.ts'

export class IptablesSyncWriter implements SyncWriter<IptablesSync> {
  isLargeCluster = false
  private readonly catalog: ServiceCatalog
  readonly config: ProxierConfig
  private readonly common: SharedBlocks
  private setting: KnownSetting | undefined
  /** As written last. */
  private ports = BlockSequence.EMPTY
  /** Chains that nothing leads to any more. */
  private readonly stale = new Set<string>()
  private cleanedUs: TimeUs | undefined
  private natRules = 0

  /** Writers of one catalog and configuration may share what their nodes have in common. */
  constructor(catalog: ServiceCatalog, config: ProxierConfig, common = new SharedBlocks(catalog)) {
    this.catalog = catalog
    this.config = config
    this.common = common
  }

  write({ timeUs, full, changed }: SyncRequest, node: ClusterNode): IptablesSync {
    this.common.forgetOld()
    const { setting, frame, ports, removed, added } =
      full === undefined ? this.rewrite(changed, node) : this.rewriteAll(node)
    this.ports = ports
    this.isLargeCluster = !setting.comments
    if (full === 'flushed') this.forget()
    else for (const block of removed) for (const chain of block.chains) this.stale.add(chain)
    if (this.stale.size > 0) for (const block of added) for (const chain of block.chains) this.stale.delete(chain)
    const deleted = this.clean(timeUs)
    const sync = new IptablesSync({
      full,
      frame,
      ports,
      written: full === undefined ? new Set(added) : 'all',
      deleted,
      natBefore: this.natRules,
    })
    this.natRules = sync.size.total.nat
    return sync
  }

  private rewrite(services: ReadonlySet<string>, node: ClusterNode): Rewritten {
    const removed: RestoreBlock[] = []
    const after: ServicePort[] = []
    for (const service of services) {
      const [namespace, name] = service.split('/')
      removed.push(...this.ports.ofService(namespace, name))
      after.push(...this.catalog.portsOf(service))
    }
    const endpoints =
      this.ports.totals.endpoints - endpointCount(removed.map(b => b.servicePort)) + endpointCount(after)
    const known = this.settingOf(node, endpoints)
    const added = after.map(port => this.common.blockOf(port, known.setting))
    return { ...known, ports: this.ports.replace(removed, added), removed, added }
  }

  private rewriteAll(node: ClusterNode): Rewritten {
    const known = this.settingOf(node, this.common.endpoints())
    const before = this.ports
    const ports = this.common.sequenceOf(known.setting)
    return { ...known, ports, removed: blocksOutside(before, ports), added: blocksOutside(ports, before) }
  }

  private settingOf(node: ClusterNode, endpoints: number): KnownSetting {
    const comments = endpoints <= this.config.largeClusterEndpoints
    if (this.setting?.node !== node || this.setting.setting.comments !== comments) {
      const setting = iptablesSetting(node, this.config, this.catalog.family, endpoints)
      this.setting = { node, setting, frame: restoreFrame(setting, this.catalog.family) }
    }
    return this.setting
  }

  /** Somebody emptied the tables. */
  private forget(): void {
    this.stale.clear()
    this.natRules = 0
  }

  /** The chains to delete; undefined: nobody looked. It takes an iptables-save, which a large cluster does not pay for every time. */
  private clean(timeUs: TimeUs): readonly string[] | undefined {
    if (this.isLargeCluster && this.cleanedUs !== undefined && timeUs - this.cleanedUs <= SYNC_PERIOD_US)
      return undefined
    const deleted = [...this.stale]
    this.stale.clear()
    this.cleanedUs = timeUs
    return deleted
  }
}

/** kube-proxy's `--iptables-sync-period` by default. */
const SYNC_PERIOD_US = 30 * SECOND_US

interface KnownSetting {
  readonly node: ClusterNode
  readonly setting: IptablesSetting
  readonly frame: RestoreFrame
}

interface Rewritten extends KnownSetting {
  readonly ports: BlockSequence
  readonly removed: readonly RestoreBlock[]
  readonly added: readonly RestoreBlock[]
}

/** Blocks of a sequence that are in no stretch of another. */
function blocksOutside(sequence: BlockSequence, other: BlockSequence): RestoreBlock[] {
  const shared = new Set(other.stretches)
  return sequence.stretches.flatMap(stretch => (shared.has(stretch) ? [] : stretch.blocks))
}
