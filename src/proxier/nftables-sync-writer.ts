/**
 * What kube-proxy in nftables mode hands to `nft -f -` at each sync of one node. It remembers what it wrote: a partial sync costs what
 * the changed Services have.
 *
 * Models syncProxyRules of kube-proxy 1.34 (pkg/proxy/nftables/proxier.go). Services go in order of (namespace, name, port name)
 * instead of Go's random map order. Only chains and sets that this writer made are taken to be there; kube-proxy lists the table at
 * every sync and also finds those of an earlier process.
 */
import type { ClusterNode } from '../cluster/objects.ts'
import type { TimeUs } from '../sim/time.ts'
import { SECOND_US } from '../sim/time.ts'
import type { FullSyncReason, SyncRequest } from './change-tracker.ts'
import { type Claim, ElementStore } from './element-store.ts'
import { deleteChain } from './nft-command.ts'
import { type NftablesBlock, type NftablesBlockMaker, nftablesBlockMaker } from './nftables-block.ts'
import { nftablesFrame, nftablesFrameSize } from './nftables-frame.ts'
import { affinitySetName } from './nftables-names.ts'
import { nftablesRelease } from './nftables-releases.ts'
import { type NftablesSetting, nftablesSetting, serviceCidrs } from './nftables-setting.ts'
import { SERVICE_SET_NAMES, type ServiceSet } from './nftables-setup.ts'
import { NftablesSync } from './nftables-sync.ts'
import { NftablesTransaction } from './nftables-transaction.ts'
import type { SyncWriter } from './node-proxier.ts'
import type { ProxierConfig } from './proxier-config.ts'
import type { ServiceCatalog } from './service-catalog.ts'
import { compareServicePorts, type ServicePort } from './service-ports.ts'

export class NftablesSyncWriter implements SyncWriter<NftablesSync> {
  readonly isLargeCluster = false
  private readonly catalog: ServiceCatalog
  readonly config: ProxierConfig
  private readonly blockOf: NftablesBlockMaker
  /** Service -> its ports, as written last. */
  private readonly entriesOf = new Map<string, readonly PortEntry[]>()
  private stores: Readonly<Record<ServiceSet, ElementStore>>
  /** Chains that nothing leads to any more, with the time of the last sync that emptied them. */
  private readonly stale = new Map<string, TimeUs>()
  /** Of all Service ports. */
  private chains = 0
  private rules = 0
  /** In the table, those of no Service too. */
  private allRules = 0

  /** Writers of one catalog and configuration may share a maker, and so the text of what their nodes have in common. */
  constructor(catalog: ServiceCatalog, config: ProxierConfig, blockOf = defaultMaker(config)) {
    this.catalog = catalog
    this.config = config
    this.blockOf = blockOf
    this.stores = emptyStores(catalog)
  }

  write({ timeUs, full, changed }: SyncRequest, node: ClusterNode): NftablesSync {
    const { family } = this.catalog
    const setting = nftablesSetting(node, this.config, family, serviceCidrs(this.catalog.serviceCidrs(), family))
    const frame = nftablesFrameSize(setting.setup)
    if (full === 'flushed') this.forget()
    const services = full === undefined ? changed : new Set([...this.catalog.serviceNames(), ...this.entriesOf.keys()])
    const before = [...services].flatMap(name => this.entriesOf.get(name) ?? [])
    const after = this.rewrite(services, setting)
    const deleted = this.deleteStale(timeUs, full)
    this.noteStale(before, after, timeUs)
    const main = new NftablesTransaction(family)
    if (full !== undefined) main.addFrame(nftablesFrame(setting.setup, family, full === 'start'), frame)
    for (const name of SERVICE_SET_NAMES) this.stores[name].replace(claims(before, name), claims(after, name))
    const kept = full === 'start' ? keptEndpoints(before, after) : NONE
    for (const { block } of after) main.addBlock(block, this.stores, kept)
    main.flushChains(this.stale.keys())
    main.deleteSets(missing(before.flatMap(setsOf), after.flatMap(setsOf)))
    for (const name of SERVICE_SET_NAMES) main.addElements(this.stores[name].finish())
    this.count(before, after)
    const { commands, chains, rules, elements, anonymousSets } = main
    const listed = this.allRules
    const total = {
      chains: frame.chains + this.chains + this.stale.size,
      rules: frame.rules + this.rules,
      elements: SERVICE_SET_NAMES.reduce((sum, name) => sum + this.stores[name].size, frame.elements),
    }
    this.allRules = total.rules
    const size = { listed, deletedChains: deleted.length, chains, rules, elements, anonymousSets, total }
    return new NftablesSync(full, size, [deleted.map(name => deleteChain(family, name)), commands])
  }

  private rewrite(services: ReadonlySet<string>, setting: NftablesSetting): PortEntry[] {
    const all: PortEntry[] = []
    for (const name of services) {
      const entries = this.catalog
        .portsOf(name)
        .map(servicePort => ({ servicePort, block: this.blockOf(servicePort, setting) }))
      if (entries.length === 0) this.entriesOf.delete(name)
      else this.entriesOf.set(name, entries)
      all.push(...entries)
    }
    return all.sort((a, b) => compareServicePorts(a.servicePort, b.servicePort))
  }

  /**
   * Kernels before 6.2 take a chain for used until a while after the element that led to it was deleted, so a chain is deleted by a
   * later sync than the one that emptied it. A new process does not know since when a chain is stale.
   */
  private deleteStale(timeUs: TimeUs, full: FullSyncReason | undefined): string[] {
    if (full === 'start') return []
    const old = [...this.stale].flatMap(([chain, sinceUs]) => (timeUs - sinceUs >= SECOND_US ? [chain] : []))
    for (const chain of old) this.stale.delete(chain)
    return old
  }

  private noteStale(before: readonly PortEntry[], after: readonly PortEntry[], timeUs: TimeUs): void {
    for (const chain of before.flatMap(chainsOf)) this.stale.set(chain, timeUs)
    for (const chain of after.flatMap(chainsOf)) this.stale.delete(chain)
    for (const chain of this.stale.keys()) this.stale.set(chain, timeUs)
  }

  private count(before: readonly PortEntry[], after: readonly PortEntry[]): void {
    this.chains += after.flatMap(chainsOf).length - before.flatMap(chainsOf).length
    this.rules += ruleCount(after) - ruleCount(before)
  }

  /** Somebody emptied the table. */
  private forget(): void {
    this.entriesOf.clear()
    this.stores = emptyStores(this.catalog)
    this.stale.clear()
    this.chains = 0
    this.rules = 0
    this.allRules = 0
  }
}

interface PortEntry {
  readonly servicePort: ServicePort
  readonly block: NftablesBlock
}

function defaultMaker(config: ProxierConfig): NftablesBlockMaker {
  const release = nftablesRelease(config.release)
  if (release === undefined) throw new Error(`no nftables rules of release ${config.release} are known`)
  return nftablesBlockMaker(release)
}

const emptyStores = ({ family }: ServiceCatalog): Readonly<Record<ServiceSet, ElementStore>> =>
  Object.fromEntries(SERVICE_SET_NAMES.map(name => [name, new ElementStore(family, name)])) as Record<
    ServiceSet,
    ElementStore
  >

const claims = (entries: readonly PortEntry[], name: ServiceSet): Claim[] =>
  entries.map(({ servicePort, block }) => ({ servicePort, elements: block.elements[name] }))

const chainsOf = ({ block }: PortEntry): string[] => [...block.endpoints.map(e => e.chain), ...block.chains]

const setsOf = ({ block }: PortEntry): readonly string[] => block.sets

const ruleCount = (entries: readonly PortEntry[]): number =>
  entries.reduce(
    (sum, { block }) => block.endpoints.reduce((rules, e) => rules + e.rules.count, sum + block.rules.count),
    0,
  )

const missing = (before: readonly string[], after: readonly string[]): string[] => {
  const there = new Set(after)
  return before.filter(name => !there.has(name))
}

const NONE: ReadonlySet<string> = new Set()

/** Chains of endpoints say all by their name, but for affinity: a new process leaves those that it finds as they are. */
function keptEndpoints(before: readonly PortEntry[], after: readonly PortEntry[]): ReadonlySet<string> {
  const sets = new Set(before.flatMap(setsOf))
  const chains = new Set(before.flatMap(({ block }) => block.endpoints.map(e => e.chain)))
  const kept = new Set<string>()
  for (const { block } of after)
    block.endpoints.forEach(({ chain }, i) => {
      const hadAffinity = sets.has(affinitySetName(chain))
      if (chains.has(chain) && hadAffinity === (block.sets[i] !== undefined)) kept.add(chain)
    })
  return kept
}
