/** What prices the packets of a run: iptables rules also tell what the same Services would cost in nftables mode, those of nftables nothing else. */
import { COST_BACKENDS, type CostBackend } from '../netfilter/cost/cost-profile.ts'
import type { ProxyMode } from '../proxier/proxier-config.ts'

export const PRICED_BACKENDS: Readonly<Record<ProxyMode, readonly CostBackend[]>> = {
  iptables: COST_BACKENDS,
  nftables: ['nftables'],
}
