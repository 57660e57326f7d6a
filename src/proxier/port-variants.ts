/**
 * What one Service port is on every node, as some proxy mode writes it: nodes on which it is the same get the same object. So rulesets
 * can be told apart, and compiled, by identity; a node costs a look-up.
 */
import type { ServicePortNames } from './chain-names.ts'
import { nodeDependence } from './node-dependence.ts'
import type { Pooled } from './pool.ts'
import type { NodeSetting } from './port-on-node.ts'
import { portOnNode } from './port-on-node.ts'
import type { ServicePort } from './service-ports.ts'
import type { VariantWriter } from './variant-writer.ts'

export interface PortVariants<V> {
  /** Nodes may differ. */
  readonly dependsOnNode: boolean
  /** The id tells variants of one Service port apart. */
  readonly on: (setting: NodeSetting) => Pooled<V>
}

/** `settingsAlike`: all nodes have the same `NodeSetting.portKey`. */
export function portVariants<V>(
  servicePort: ServicePort,
  names: ServicePortNames,
  settingsAlike: boolean,
  { many, one }: VariantWriter<V>,
): PortVariants<V> {
  const dependence = nodeDependence(servicePort)
  const dependsOnNode = dependence !== undefined || !settingsAlike
  if (!dependsOnNode) {
    let only: Pooled<V> | undefined
    const on = (setting: NodeSetting): Pooled<V> => {
      only ??= one(portOnNode(servicePort, names, setting))
      return only
    }
    return { dependsOnNode, on }
  }
  const write = many()
  const byKey = new Map<string, Pooled<V>>()
  const on = (setting: NodeSetting): Pooled<V> => {
    const key = `${setting.portKey} ${dependence?.(setting.node) ?? ''}`
    let variant = byKey.get(key)
    if (variant === undefined) {
      variant = write(portOnNode(servicePort, names, setting))
      byKey.set(key, variant)
    }
    return variant
  }
  return { dependsOnNode, on }
}
