/**
 * The iptables rules of one Service port, with what two variants have in common (a chain, the lines in a dispatch chain) as one object
 * in both. Endpoint rules are most of a ruleset: they are written once for each list of endpoints, not for each node.
 */
import { printRules } from '../ruleset/print-iptables.ts'
import type { Chain, Rule } from '../ruleset/ruleset.ts'
import { DISPATCH_NAMES, type DispatchRules } from './base-chains.ts'
import { Pool, type Pooled } from './pool.ts'
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

export interface IptablesVariant {
  readonly dispatch: DispatchRules
  /** KUBE-EXT, KUBE-FW, KUBE-SVC and KUBE-SVL: those in use. */
  readonly chains: readonly Chain[]
  /** KUBE-SEP: those in use. */
  readonly endpointChains: readonly Chain[]
}

/** Writes variants of one Service port, of the same parts wherever the parts are equal. */
export function iptablesVariantWriter(): (on: PortOnNode) => Pooled<IptablesVariant> {
  const lines = new Pool<readonly Rule[]>()
  const choices = new Pool<readonly Rule[]>()
  const chains = new Pool<Chain>()
  const endpointLists = new Pool<readonly Chain[]>()
  const endpointChains: Chain[] = []
  const variants = new Pool<IptablesVariant>()

  return on => {
    const { cluster, local, reachable } = on.categories
    const { family } = on.servicePort.clusterIP
    const ids: number[] = []
    const kept = <T>(pool: Pool<T>, key: string, make: () => T): T => {
      const { id, value } = pool.keep(key, make)
      ids.push(id)
      return value
    }
    const small = (chain: Chain): Chain => kept(chains, printRules(chain.name, chain.rules, family), () => chain)
    const policy = (name: string, endpoints: readonly number[]): Chain => {
      const first = name === on.internalPolicyChain && on.hasInternalEndpoints ? clusterIPMasquerade(on) : []
      const list = endpoints.join()
      const choice = choices.keep(list, () => endpointChoice(on, endpoints)).value
      return kept(chains, `${printRules(name, first, family)} ${name} ${list}`, () => ({
        name,
        rules: [...first, ...choice],
      }))
    }
    const dispatch = { ...dispatchRules(on) }
    for (const name of DISPATCH_NAMES) {
      const rules = dispatch[name]
      dispatch[name] = kept(lines, printRules('', rules, family), () => rules)
    }
    const variant = {
      dispatch,
      endpointChains: kept(endpointLists, reachable.join(), () =>
        reachable.map(i => {
          endpointChains[i] ??= endpointChain(on, i)
          return endpointChains[i]
        }),
      ),
      chains: [
        ...(on.usesExternalChain ? [small(externalChain(on))] : []),
        ...(usesFirewallChain(on) ? [small(firewallChain(on))] : []),
        ...(on.usesClusterChain ? [policy(on.names.cluster, cluster)] : []),
        ...(on.usesLocalChain ? [policy(on.names.local, local)] : []),
      ],
    }
    return variants.keep(ids.join(), () => variant)
  }
}
