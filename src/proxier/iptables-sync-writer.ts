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
import type { SyncRequest } from './change-tracker.ts'
import type { IptablesSetting } from './iptables-setting.ts'
import { endpointCount, iptablesSetting } from './iptables-setting.ts'
import { IptablesSync } from './iptables-sync.ts'
import type { SyncWriter } from './node-proxier.ts'
import { type PortEntry, PortSequence } from './port-sequence.ts'
import type { ProxierConfig } from './proxier-config.ts'
import { type BlockMaker, blockMaker } from './restore-block.ts'
import { restoreFrame } from './restore-frame.ts'
import type { ServiceCatalog } from './service-catalog.ts'
import { compareServicePorts } from './service-ports.ts'

export class IptablesSyncWriter implements SyncWriter<IptablesSync> {
  isLargeCluster = false
  private readonly catalog: ServiceCatalog
  private readonly config: ProxierConfig
  private readonly blockOf: BlockMaker
  private ports = PortSequence.EMPTY
  /** Service -> its ports, as written last. */
  private readonly entriesOf = new Map<string, readonly PortEntry[]>()
  private endpoints = 0
  /** Chains that nothing leads to any more. */
  private readonly stale = new Set<string>()
  private cleanedUs: TimeUs | undefined
  private syncs = 0

  /** Writers of one catalog and configuration may share a maker, and so the text of what their nodes have in common. */
  constructor(catalog: ServiceCatalog, config: ProxierConfig, blockOf = blockMaker()) {
    this.catalog = catalog
    this.config = config
    this.blockOf = blockOf
  }

  write({ timeUs, full, changed }: SyncRequest, node: ClusterNode): IptablesSync {
    const services = full === undefined ? changed : new Set([...this.catalog.serviceNames(), ...this.entriesOf.keys()])
    const before = [...services].flatMap(name => this.entriesOf.get(name) ?? [])
    this.endpoints +=
      endpointCount([...services].flatMap(name => this.catalog.portsOf(name))) -
      endpointCount(before.map(e => e.servicePort))
    const setting = iptablesSetting(node, this.config, this.catalog.family, this.endpoints)
    this.isLargeCluster = !setting.comments
    const written = this.rewrite(services, setting)
    this.ports =
      full === undefined
        ? this.ports.replace(before, written)
        : PortSequence.of(written.sort((a, b) => compareServicePorts(a.servicePort, b.servicePort)))
    if (full === 'flushed') this.stale.clear()
    else for (const entry of before) for (const chain of entry.block.chains) this.stale.add(chain)
    for (const entry of written) for (const chain of entry.block.chains) this.stale.delete(chain)
    const deleted = this.clean(timeUs)
    return new IptablesSync({
      full,
      number: this.syncs,
      frame: restoreFrame(setting, this.catalog.family),
      ports: this.ports,
      written,
      deleted,
    })
  }

  private rewrite(services: ReadonlySet<string>, setting: IptablesSetting): PortEntry[] {
    const writtenBy = ++this.syncs
    const all: PortEntry[] = []
    for (const name of services) {
      const entries = this.catalog
        .portsOf(name)
        .map(servicePort => ({ servicePort, block: this.blockOf(servicePort, setting), writtenBy }))
      if (entries.length === 0) this.entriesOf.delete(name)
      else this.entriesOf.set(name, entries)
      all.push(...entries)
    }
    return all
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
