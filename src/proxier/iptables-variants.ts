/**
 * The iptables rules of one Service port. Where nodes differ, what two variants have in common (a chain, the lines in a dispatch chain)
 * is one object in both, and endpoint rules, most of a ruleset, are written once for each list of endpoints. Most Service ports are
 * the same on all nodes, and nothing is looked up or remembered for them.
 */
import { printRules } from '../ruleset/print-iptables.ts'
import type { Chain, Rule } from '../ruleset/ruleset.ts'
import { DISPATCH_NAMES, type DispatchRules } from './base-chains.ts'
import type { PortOnNode } from './port-on-node.ts'
import {
  clusterIPMasquerade,
  endpointChain,
  endpointChoice,
  externalChain,
  firewallChain,
  usesFirewallChain,
} from './service-chains.ts'
import { dispatchRules } from './service-dispatch.ts'
import { type Keep, type VariantWriter, variantWriter } from './variant-writer.ts'

export interface IptablesVariant {
  readonly dispatch: DispatchRules
  /** KUBE-EXT, KUBE-FW, KUBE-SVC and KUBE-SVL: those in use. */
  readonly chains: readonly Chain[]
  /** KUBE-SEP: those in use. */
  readonly endpointChains: readonly Chain[]
}

type Part = 'lines' | 'chain' | 'choice' | 'endpoint' | 'endpoints'

/** Parts that together tell variants apart; the others are parts of these. */
const DISTINGUISHING: ReadonlySet<Part> = new Set<Part>(['lines', 'chain', 'endpoints'])

export const iptablesVariants: VariantWriter<IptablesVariant> = variantWriter(DISTINGUISHING, iptablesVariant)

function iptablesVariant(on: PortOnNode, keep: Keep<Part>): IptablesVariant {
  const { cluster, local, reachable } = on.categories
  const { family } = on.servicePort.clusterIP
  const small = (chain: Chain): Chain =>
    keep(
      'chain',
      () => printRules(chain.name, chain.rules, family),
      () => chain,
    )
  const policy = (name: string, endpoints: readonly number[]): Chain => {
    const first = name === on.internalPolicyChain && on.hasInternalEndpoints ? clusterIPMasquerade(on) : []
    const list = (): string => endpoints.join()
    const choice = keep('choice', list, () => endpointChoice(on, endpoints))
    return keep(
      'chain',
      () => `${printRules(name, first, family)} ${name} ${list()}`,
      () => ({ name, rules: [...first, ...choice] }),
    )
  }
  const dispatch: Record<keyof DispatchRules, readonly Rule[]> = { ...dispatchRules(on) }
  for (const name of DISPATCH_NAMES) {
    const rules = dispatch[name]
    dispatch[name] = keep(
      'lines',
      () => printRules('', rules, family),
      () => rules,
    )
  }
  const endpointChains = keep(
    'endpoints',
    () => reachable.join(),
    () =>
      reachable.map(i =>
        keep(
          'endpoint',
          () => `${i}`,
          () => endpointChain(on, i),
        ),
      ),
  )
  const chains: Chain[] = []
  if (on.usesExternalChain) chains.push(small(externalChain(on)))
  if (usesFirewallChain(on)) chains.push(small(firewallChain(on)))
  if (on.usesClusterChain) chains.push(policy(on.names.cluster, cluster))
  if (on.usesLocalChain) chains.push(policy(on.names.local, local))
  return { dispatch, chains, endpointChains }
}
