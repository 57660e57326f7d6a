/** A case of Services: the rules kube-proxy would write for a world, in one of the backends, and what a mean packet pays there. */
import type { CostBackend, CostItem } from '../../netfilter/cost/cost-profile.ts'
import { iptablesRuleset } from '../../proxier/iptables-proxier.ts'
import { nftablesRuleset } from '../../proxier/nftables-proxier.ts'
import { printRuleset } from '../../ruleset/print-iptables.ts'
import { printNftRuleset } from '../../ruleset/print-nftables.ts'
import type { CostCase } from './cost-case.ts'
import { destinations, NODE_NAME, SOURCE, spreadOf, type WorldShape, worldConfig, worldState } from './service-world.ts'
import { firstPacketItems } from './traced-items.ts'

export function serviceCase(name: string, backend: CostBackend, shape: WorldShape, packets: number): CostCase {
  const state = worldState(shape)
  const source = SOURCE[shape.from]
  const common = {
    name,
    backend,
    // A client of a Service with affinity must be a new one, so each packet is from another.
    sources: [source, shape.affinity ? packets : 100],
    destinations: destinations(shape),
    packets,
  } as const
  const ruleset = iptablesRuleset(state, NODE_NAME, worldConfig('iptables', shape), 4)
  const traffic = { backend, ruleset, source, destinations: common.destinations, spread: spreadOf(shape) }
  const traces = shape.to !== 'every' && shape.endpoints === 1 ? 1 : TRACES
  const items = firstPacketItems(traffic, traces)
  if (backend !== 'nftables') return { ...common, rules: printRuleset(ruleset), items }
  const nft = nftablesRuleset(state, NODE_NAME, worldConfig('nftables', shape), 4)
  const sets = nft.tables.flatMap(t => [...t.sets.keys()].filter(set => set.startsWith('affinity-')))
  const more: readonly CostItem[] = shape.byNodePort ? [{ term: 'nodePort', count: 1, size: 1 }] : []
  return { ...common, rules: printNftRuleset(nft), forgetSets: sets, items: [...items, ...more] }
}

const TRACES = 64
