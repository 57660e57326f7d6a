/**
 * The rules of one Service port on every node: nodes whose rules are the same get the same object, and what two variants have in
 * common (a chain, the lines in a dispatch chain) is one object in both. So rulesets can be told apart, and compiled, by identity.
 */
import type { IpFamily } from '../net/ip.ts'
import { printRules } from '../ruleset/print-iptables.ts'
import type { Chain, Rule } from '../ruleset/ruleset.ts'
import type { DispatchChain } from './base-chains.ts'
import type { ServicePortNames } from './chain-names.ts'
import type { NodeDependence } from './node-dependence.ts'
import { nodeDependence } from './node-dependence.ts'
import type { NodeSetting } from './port-on-node.ts'
import { portOnNode } from './port-on-node.ts'
import { endpointChain } from './service-chains.ts'
import { servicePortRules } from './service-port-rules.ts'
import type { ServicePort } from './service-ports.ts'

export interface PortVariant {
  /** Place among the variants of its Service port. */
  readonly id: number
  readonly dispatch: PortRules['dispatch']
  readonly chains: PortRules['chains']
}

export interface PortVariants {
  /** Nodes may differ. */
  readonly dependsOnNode: boolean
  readonly on: (setting: NodeSetting) => PortVariant
}

interface PortRules {
  readonly dispatch: Readonly<Record<DispatchChain, readonly Rule[]>>
  /** KUBE-EXT, KUBE-FW, KUBE-SVC, KUBE-SVL and KUBE-SEP: those in use. */
  readonly chains: readonly Chain[]
}

/** `settingsAlike`: all nodes have the same `NodeSetting.key`. */
export function portVariants(servicePort: ServicePort, names: ServicePortNames, settingsAlike: boolean): PortVariants {
  const endpointChains: Chain[] = []
  const write = (setting: NodeSetting): PortRules => {
    const on = portOnNode(servicePort, names, setting)
    const { dispatch, chains } = servicePortRules(on)
    const endpoints = on.categories.reachable.map(i => (endpointChains[i] ??= endpointChain(on, i)))
    return { dispatch, chains: [...chains, ...endpoints] }
  }
  const dependence = nodeDependence(servicePort)
  if (dependence === undefined && settingsAlike) return oneVariant(write)
  return manyVariants(write, dependence, servicePort.clusterIP.family)
}

function oneVariant(write: (setting: NodeSetting) => PortRules): PortVariants {
  let only: PortVariant | undefined
  return { dependsOnNode: false, on: setting => (only ??= { id: 0, ...write(setting) }) }
}

function manyVariants(
  write: (setting: NodeSetting) => PortRules,
  dependence: NodeDependence | undefined,
  family: IpFamily,
): PortVariants {
  const byKey = new Map<string, PortVariant>()
  const share = variantSharer(family)
  return {
    dependsOnNode: true,
    on: setting => {
      const key = `${setting.key} ${dependence?.(setting.node) ?? ''}`
      let variant = byKey.get(key)
      if (variant === undefined) {
        variant = share(write(setting))
        byKey.set(key, variant)
      }
      return variant
    },
  }
}

/** Turns freshly written rules into a variant made of the objects that earlier, equal ones were made of. */
function variantSharer(family: IpFamily): (rules: PortRules) => PortVariant {
  const chains = new Pool<Chain>()
  const lists = new Pool<readonly Rule[]>()
  const variants = new Pool<PortRules>()
  return fresh => {
    const parts: number[] = []
    const shared = <T>(pool: Pool<T>, key: string, value: T): T => {
      const kept = pool.keep(key, value)
      parts.push(kept.id)
      return kept.value
    }
    const dispatch = { ...fresh.dispatch }
    for (const name of Object.keys(dispatch) as DispatchChain[])
      dispatch[name] = shared(lists, printRules('', dispatch[name], family), dispatch[name])
    const rules: PortRules = {
      dispatch,
      chains: fresh.chains.map(c => shared(chains, `${c.name}\n${printRules(c.name, c.rules, family)}`, c)),
    }
    const kept = variants.keep(parts.join(), rules)
    return { id: kept.id, ...kept.value }
  }
}

/** The first value that came under each key, with its number. */
class Pool<T> {
  private readonly known = new Map<string, { readonly id: number; readonly value: T }>()

  keep(key: string, value: T): { readonly id: number; readonly value: T } {
    let kept = this.known.get(key)
    if (kept === undefined) {
      kept = { id: this.known.size, value }
      this.known.set(key, kept)
    }
    return kept
  }
}
