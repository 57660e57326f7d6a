/**
 * What is made of a Service port on a node, made once for all nodes that see the port alike. Forgotten with the Service port.
 */
import { type NodeDependence, nodeDependence } from './node-dependence.ts'
import type { NodeSetting } from './port-on-node.ts'
import type { ServicePort } from './service-ports.ts'

/** For settings of one configuration. */
export function blockCache<S extends NodeSetting, B>(
  make: (servicePort: ServicePort, setting: S) => B,
): (servicePort: ServicePort, setting: S) => B {
  interface Known {
    readonly dependence?: NodeDependence
    readonly blocks: Map<string, B>
  }
  const known = new WeakMap<ServicePort, Known>()
  return (servicePort, setting) => {
    let of = known.get(servicePort)
    if (of === undefined) {
      of = { dependence: nodeDependence(servicePort), blocks: new Map() }
      known.set(servicePort, of)
    }
    const key = `${setting.portKey} ${setting.comments} ${of.dependence?.(setting.node) ?? ''}`
    let block = of.blocks.get(key)
    if (block === undefined) {
      block = make(servicePort, setting)
      of.blocks.set(key, block)
    }
    return block
  }
}
