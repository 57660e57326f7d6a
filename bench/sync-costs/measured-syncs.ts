/**
 * What loading kube-proxy's rules took on one machine on 2026-11-22: Linux 6.18.44, AMD EPYC in a KVM guest of two shared processors,
 * iptables 1.8.9, nft 1.0.6 and 1.1.3, one private network namespace a run, tables empty at the start. Seconds of wall time; other work
 * only adds to them, so the least of each case counts.
 */
import type { SyncTool } from '../../src/scenario/sync-profile.ts'

/** SyncProxyRules of kube-proxy 1.34.9: its first sync, and one after an endpoint of one Service was replaced. */
export interface MeasuredSync {
  readonly tool: SyncTool
  /** ClusterIP Services of one port. */
  readonly services: number
  readonly endpoints: number
  readonly fullSeconds: number
  readonly partialSeconds: number
}

const sync = (
  tool: SyncTool,
  [services, endpoints]: readonly [number, number],
  fullSeconds: number,
  partialSeconds: number,
): MeasuredSync => ({ tool, services, endpoints, fullSeconds, partialSeconds })

export const MEASURED_SYNCS: readonly MeasuredSync[] = [
  sync('iptables-legacy', [1, 100], 0.055, 0.008),
  sync('iptables-legacy', [1, 1000], 0.075, 0.036),
  sync('iptables-legacy', [100, 5], 0.07, 0.018),
  sync('iptables-legacy', [1000, 5], 0.192, 0.082),
  sync('iptables-legacy', [10_000, 5], 2.488, 0.968),
  sync('iptables-nft', [1, 1000], 0.157, 0.154),
  sync('iptables-nft', [100, 5], 0.102, 0.051),
  sync('iptables-nft', [1000, 5], 1.155, 0.077),
  sync('nft-1.0.6', [1, 100], 0.042, 0.035),
  sync('nft-1.0.6', [1, 1000], 0.079, 0.139),
  sync('nft-1.0.6', [100, 5], 0.068, 0.084),
  sync('nft-1.0.6', [1000, 5], 0.595, 0.618),
  sync('nft-1.0.6', [10_000, 5], 102.628, 24.217),
  sync('nft-1.1.3', [1, 1000], 0.082, 0.121),
  sync('nft-1.1.3', [100, 5], 0.082, 0.083),
  sync('nft-1.1.3', [1000, 5], 0.589, 0.552),
  sync('nft-1.1.3', [10_000, 5], 118.5, 7.985),
]

/**
 * The kernel's part alone, by iptables-restore without a kube-proxy: Services of 3 endpoints, 11 rules each, all with comments. `whole`:
 * all of them into an empty table; `again`: all of them with --noflush; `partial`: the shared chains and one Service, as a partial sync.
 */
export interface MeasuredRestore {
  readonly tool: 'iptables-legacy' | 'iptables-nft'
  readonly what: 'whole' | 'again' | 'partial'
  readonly services: number
  readonly rules: number
  readonly seconds: number
}

const RESTORED = [
  { services: 90, rules: 1000 },
  { services: 909, rules: 10_000 },
  { services: 3636, rules: 40_000 },
  { services: 9090, rules: 100_000 },
]

const restores = (
  tool: MeasuredRestore['tool'],
  what: MeasuredRestore['what'],
  ...seconds: readonly number[]
): MeasuredRestore[] => RESTORED.map((size, i) => ({ tool, what, ...size, seconds: seconds[i] }))

/** The kernel's part alone, by `nft -f` on a core that others shared: Services of one endpoint, all of them into an empty table. */
export const MEASURED_TRANSACTIONS: readonly { readonly services: number; readonly seconds: number }[] = [
  { services: 1000, seconds: 0.27 },
  { services: 3000, seconds: 2.3 },
  { services: 5000, seconds: 5.7 },
  { services: 10_000, seconds: 62 },
  { services: 20_000, seconds: 277 },
]

export const MEASURED_RESTORES: readonly MeasuredRestore[] = [
  ...restores('iptables-legacy', 'whole', 0.016, 0.106, 0.5, 1.27),
  ...restores('iptables-legacy', 'partial', 0.012, 0.094, 0.39, 0.96),
  ...restores('iptables-nft', 'again', 0.059, 0.55, 8.7, 65),
  ...restores('iptables-nft', 'partial', 0.024, 0.1, 0.31, 0.85),
]
