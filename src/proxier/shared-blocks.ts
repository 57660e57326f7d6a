/**
 * What the kube-proxies of many nodes (iptables mode, one catalog, one configuration) have in common: blocks of Service ports, and whole
 * sequences of them for nodes that see all alike. A full sync of a further node costs a look-up for each Service port that may depend on
 * the node.
 */
import { BlockSequence } from './block-sequence.ts'
import { endpointCount } from './iptables-setting.ts'
import { nodeDependence } from './node-dependence.ts'
import type { NodeSetting } from './port-on-node.ts'
import { type BlockMaker, blockMaker } from './restore-block.ts'
import type { ServiceCatalog } from './service-catalog.ts'
import { compareServicePorts, type ServicePort } from './service-ports.ts'

export class SharedBlocks {
  readonly blockOf: BlockMaker = blockMaker()
  private readonly catalog: ServiceCatalog
  private latest: Latest | undefined

  constructor(catalog: ServiceCatalog) {
    this.catalog = catalog
  }

  /** Of all Service ports, ready or not. */
  endpoints(): number {
    return this.latestPorts().endpoints
  }

  /** All Service ports of the catalog, as a node with that setting sees them. */
  sequenceOf(setting: NodeSetting): BlockSequence {
    const latest = this.latestPorts()
    const { ports, dependences, sequences } = latest
    let key = `${setting.portKey} ${setting.comments}`
    for (const dependence of dependences) key += ` ${dependence(setting.node)}`
    let sequence = sequences.get(key)
    if (sequence === undefined) {
      sequence = BlockSequence.of(
        ports.map(port => this.blockOf(port, setting)),
        latest.first,
      )
      sequences.set(key, sequence)
      latest.first ??= sequence
    }
    return sequence
  }

  /** Sequences of a catalog that has changed since would keep all later ones alive. */
  forgetOld(): void {
    if (this.latest?.version !== this.catalog.version) this.latest = undefined
  }

  private latestPorts(): Latest {
    this.forgetOld()
    this.latest ??= latestOf(this.catalog)
    return this.latest
  }
}

/** The catalog at one version. */
interface Latest {
  readonly version: number
  readonly endpoints: number
  readonly ports: readonly ServicePort[]
  readonly dependences: readonly ((node: NodeSetting['node']) => string)[]
  /** By what a node is to the Service ports. */
  readonly sequences: Map<string, BlockSequence>
  first?: BlockSequence
}

function latestOf(catalog: ServiceCatalog): Latest {
  const ports = [...catalog.serviceNames()].flatMap(name => catalog.portsOf(name)).sort(compareServicePorts)
  const dependences = ports.map(nodeDependence).filter(dependence => dependence !== undefined)
  return { version: catalog.version, endpoints: endpointCount(ports), ports, dependences, sequences: new Map() }
}
