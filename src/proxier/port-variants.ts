/**
 * What one Service port is on every node, as some proxy mode writes it: nodes on which it is the same get the same object. So rulesets
 * can be told apart, and compiled, by identity; a node costs a look-up.
 */
import type { ServicePortNames } from './chain-names.ts'
import { nodeDependence } from './node-dependence.ts'
import type { Pooled } from './pool.ts'
import type { NodeSetting, PortOnNode } from './port-on-node.ts'
import { portOnNode } from './port-on-node.ts'
import type { ServicePort } from './service-ports.ts'

export interface PortVariants<V> {
  /** Nodes may differ. */
  readonly dependsOnNode: boolean
  /** The id tells variants of one Service port apart. */
  readonly on: (setting: NodeSetting) => Pooled<V>
}

/**
 * `write` gives equal variants the same id; it is asked once for all nodes that cannot differ.
 * `settingsAlike`: all nodes have the same `NodeSetting.portKey`.
 */
export function portVariants<V>(
  servicePort: ServicePort,
  names: ServicePortNames,
  settingsAlike: boolean,
  write: (on: PortOnNode) => Pooled<V>,
): PortVariants<V> {
  const dependence = nodeDependence(servicePort)
  const dependsOnNode = dependence !== undefined || !settingsAlike
  const byKey = new Map<string, Pooled<V>>()
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
