/**
 * The rules of one Service port on every node: nodes whose rules are the same get the same object, and what two variants have in
 * common (a chain, the lines in a dispatch chain) is one object in both. So rulesets can be told apart, and compiled, by identity.
 * Endpoint rules are most of a ruleset: they are written once for each list of endpoints, not for each node.
 */
import { printRules } from '../ruleset/print-iptables.ts'
import type { Chain, Rule } from '../ruleset/ruleset.ts'
import { DISPATCH_NAMES, type DispatchRules } from './base-chains.ts'
import type { ServicePortNames } from './chain-names.ts'
import { nodeDependence } from './node-dependence.ts'
import type { NodeSetting, PortOnNode } from './port-on-node.ts'
import { portOnNode } from './port-on-node.ts'
import { clusterIPMasquerade, endpointChain, endpointChoice, externalChain, firewallChain } from './service-chains.ts'
import { dispatchRules } from './service-dispatch.ts'
import type { ServicePort } from './service-ports.ts'

export interface PortVariant {
  /** Place among the variants of its Service port. */
  readonly id: number
  readonly dispatch: DispatchRules
  /** KUBE-EXT, KUBE-FW, KUBE-SVC and KUBE-SVL: those in use. */
  readonly chains: readonly Chain[]
  /** KUBE-SEP: those in use. */
  readonly endpointChains: readonly Chain[]
}

export interface PortVariants {
  /** Nodes may differ. */
  readonly dependsOnNode: boolean
  readonly on: (setting: NodeSetting) => PortVariant
}

/** `settingsAlike`: all nodes have the same `NodeSetting.portKey`. */
export function portVariants(servicePort: ServicePort, names: ServicePortNames, settingsAlike: boolean): PortVariants {
  const dependence = nodeDependence(servicePort)
  const dependsOnNode = dependence !== undefined || !settingsAlike
  const byKey = new Map<string, PortVariant>()
  const write = variantWriter()
  return {
    dependsOnNode,
    on: setting => {
      const key = dependsOnNode ? `${setting.portKey} ${dependence?.(setting.node) ?? ''}` : ''
      let variant = byKey.get(key)
      if (variant === undefined) {
        variant = write(portOnNode(servicePort, names, setting))
        byKey.set(key, variant)
      }
      return variant
    },
  }
}

/** Writes variants of one Service port, of the same parts wherever the parts are equal. */
function variantWriter(): (on: PortOnNode) => PortVariant {
  const lines = new Pool<readonly Rule[]>()
  const choices = new Pool<readonly Rule[]>()
  const chains = new Pool<Chain>()
  const endpointLists = new Pool<readonly Chain[]>()
  const endpointChains: Chain[] = []
  const variants = new Pool<Omit<PortVariant, 'id'>>()

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
        ...(on.usesFirewallChain ? [small(firewallChain(on))] : []),
        ...(on.usesClusterChain ? [policy(on.names.cluster, cluster)] : []),
        ...(on.usesLocalChain ? [policy(on.names.local, local)] : []),
      ],
    }
    const { id, value } = variants.keep(ids.join(), () => variant)
    return { id, ...value }
  }
}

/** The first value that came under each key, with its number. */
class Pool<T> {
  private readonly known = new Map<string, { readonly id: number; readonly value: T }>()

  keep(key: string, make: () => T): { readonly id: number; readonly value: T } {
    let kept = this.known.get(key)
    if (kept === undefined) {
      kept = { id: this.known.size, value: make() }
      this.known.set(key, kept)
    }
    return kept
  }
}
