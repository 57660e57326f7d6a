/** Measurements with what was written in each: by the real sync writers for kube-proxy's syncs, by counting for the kernel's part alone. */
import type { ClusterObject } from '../../src/cluster/objects.ts'
import { IptablesSyncWriter } from '../../src/proxier/iptables-sync-writer.ts'
import { NftablesSyncWriter } from '../../src/proxier/nftables-sync-writer.ts'
import { NodeProxier } from '../../src/proxier/node-proxier.ts'
import { DEFAULT_PROXIER_CONFIG, NFTABLES_PROXIER_CONFIG, type ProxyMode } from '../../src/proxier/proxier-config.ts'
import { ServiceCatalog } from '../../src/proxier/service-catalog.ts'
import { type SyncWritten, syncTerms } from '../../src/proxier/sync-duration.ts'
import type { SyncTerm } from '../../src/proxier/sync-terms.ts'
import { makeNode, makeService, makeSlice } from '../../src/proxier/testing/make-objects.ts'
import { modeOfTool, type SyncTool } from '../../src/scenario/sync-profile.ts'
import { SECOND_US } from '../../src/sim/time.ts'
import { MEASURED_RESTORES, MEASURED_SYNCS, MEASURED_TRANSACTIONS, type MeasuredRestore } from './measured-syncs.ts'

export interface PricedCase {
  readonly tool: SyncTool
  /** `full 1000 x 5`, `partial 1000 x 5`, `whole 40000 rules`. */
  readonly name: string
  readonly services: number
  /** Of kube-proxy; otherwise the kernel's part alone. */
  readonly isSync: boolean
  readonly terms: readonly SyncTerm[]
  readonly us: number
}

export function pricedCases(): readonly PricedCase[] {
  const written = new Map<string, readonly SyncWritten[]>()
  const syncs = MEASURED_SYNCS.flatMap(({ tool, services, endpoints, fullSeconds, partialSeconds }): PricedCase[] => {
    const size = `${services} x ${endpoints}`
    const key = `${modeOfTool(tool)} ${size}`
    const [full, partial] = written.get(key) ?? firstSyncs(modeOfTool(tool), services, endpoints)
    written.set(key, [full, partial])
    const common = { tool, services, isSync: true }
    return [
      { ...common, name: `full ${size}`, terms: syncTerms(full), us: fullSeconds * SECOND_US },
      { ...common, name: `partial ${size}`, terms: syncTerms(partial), us: partialSeconds * SECOND_US },
    ]
  })
  return [...syncs, ...MEASURED_RESTORES.map(restoreCase), ...transactionCases()]
}

/** The first sync of a kube-proxy, and the one after an endpoint of one Service was replaced. */
export function firstSyncs(mode: ProxyMode, services: number, endpoints: number): readonly [SyncWritten, SyncWritten] {
  const catalog = new ServiceCatalog(4)
  const proxier =
    mode === 'iptables'
      ? new NodeProxier(NODE, new IptablesSyncWriter(catalog, { ...DEFAULT_PROXIER_CONFIG, ...CIDRS }))
      : new NodeProxier(NODE, new NftablesSyncWriter(catalog, { ...NFTABLES_PROXIER_CONFIG, ...CIDRS }))
  const apply = (object: ClusterObject): void => {
    const event = { sequence: 0, timeUs: 0, type: 'MODIFIED', object } as const
    proxier.apply(event, catalog.apply(event))
  }
  const slice = (service: number, first: number): ClusterObject =>
    makeSlice(
      Array.from({ length: endpoints }, (_, k) => podAddress(k === 0 ? first : service * endpoints + k)),
      { name: `s${service}-a`, serviceName: `s${service}` },
    )
  apply(makeNode(NODE, { ip: '172.18.0.2' }))
  for (let i = 0; i < services; i++) {
    apply(makeService({ name: `s${i}`, clusterIPs: [`10.96.${i >> 8}.${i & 255}`] }))
    apply(slice(i, i * endpoints))
  }
  const sync = (timeUs: number): SyncWritten =>
    ({ mode, isFull: timeUs === 0, size: proxier.sync(timeUs).size }) as SyncWritten
  const full = sync(0)
  apply(slice(0, services * endpoints))
  return [full, sync(2 * SECOND_US)]
}

const NODE = 'node-0'
const CIDRS = { clusterCidrs: ['10.128.0.0/9'] }

const podAddress = (i: number): string => `10.${128 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`

const transactionCases = (): PricedCase[] =>
  MEASURED_TRANSACTIONS.flatMap(({ services, seconds }) => {
    const terms = syncTerms(firstSyncs('nftables', services, 1)[0])
    const common = { name: `whole ${services} x 1`, services, isSync: false, terms, us: seconds * SECOND_US }
    // What grows is the kernel's part, and the kernel was the same.
    return (['nft-1.0.6', 'nft-1.1.3'] as const).map(tool => ({ tool, ...common }))
  })

function restoreCase({ tool, what, services, rules, seconds }: MeasuredRestore): PricedCase {
  // A partial one writes a rule a Service, the eleven of the one that changed, and those of the shared chains.
  const written = what === 'partial' ? services + 11 + 9 : rules
  const size = {
    bytes: 0,
    filter: { chains: 0, rules: 0 },
    nat: { chains: 0, rules: written },
    deletedChains: 0,
    listsNat: false,
    listed: 0,
    total: { filter: 0, nat: rules, comments: rules },
  }
  const terms = syncTerms({ mode: 'iptables', isFull: false, size })
  return { tool, name: `${what} ${rules} rules`, services, isSync: false, terms, us: seconds * SECOND_US }
}
