/**
 * Versions of Services -> VersionTable. Every row is made once, for all nodes that see it alike; a row whose rules depend on the node costs
 * a look at every node. Maps of nodes to variants are shared by all rows that have the same.
 */
import { objectKey } from '../../cluster/objects.ts'
import { formatIp } from '../../net/ip.ts'
import { categorizeEndpoints } from '../../proxier/categorize-endpoints.ts'
import { nodeDependence } from '../../proxier/node-dependence.ts'
import type { AmountsOf, PortAmounts } from '../../proxier/port-amounts.ts'
import type { NodeSetting } from '../../proxier/port-on-node.ts'
import type { ServiceEndpoint } from '../../proxier/service-endpoints.ts'
import { entryOnNode, servicePortKey } from '../../proxier/service-endpoints.ts'
import type { ServicePort } from '../../proxier/service-ports.ts'
import { portsOfVersions, type ServiceVersions, type VersionedService } from '../../proxier/service-versions.ts'
import { SECOND_US } from '../../sim/time.ts'
import type { LifeNumbers } from './life-table.ts'
import { removedChains } from './removed-chains.ts'
import { AMOUNT, FLAG, type VersionTable } from './version-table.ts'

export interface EncodedVersions {
  readonly table: VersionTable
  /** Number of a port by servicePortKey. */
  readonly portNumbers: ReadonlyMap<string, number>
}

export interface NodesToEncodeFor<S extends NodeSetting> {
  /** By node number. */
  readonly settings: readonly S[]
  readonly nodeIndex: ReadonlyMap<string, number>
}

export function encodeVersions<S extends NodeSetting>(
  versions: ServiceVersions,
  nodes: NodesToEncodeFor<S>,
  amountsOf: AmountsOf<S>,
  numbers: LifeNumbers,
): EncodedVersions {
  const { services, family } = versions
  const draft = new TableDraft(nodes, amountsOf, numbers)
  const portNumbers = new Map<string, number>()
  const portStart = [0]
  const serviceOfPort: number[] = []
  const rowStart: number[] = []
  services.forEach((service, s) => {
    const keys = draftRows(draft, service, family)
    for (const [key, start] of keys) {
      portNumbers.set(key, serviceOfPort.length)
      serviceOfPort.push(s)
      rowStart.push(start)
    }
    portStart.push(serviceOfPort.length)
  })
  const stamps = (pick: 'objects' | 'slices') => ({
    start: words(Uint32Array, starts(services.map(s => s[pick].length))),
    position: words(
      Uint32Array,
      services.flatMap(s => s[pick].map(v => v.position)),
    ),
    us: words(
      Float64Array,
      services.flatMap(s => s[pick].map(v => v.timeUs)),
    ),
  })
  const objects = stamps('objects')
  const slices = stamps('slices')
  return {
    table: {
      family,
      nodeCount: nodes.settings.length,
      serviceCount: services.length,
      portCount: serviceOfPort.length,
      objectStart: objects.start,
      objectPosition: objects.position,
      objectUs: objects.us,
      sliceStart: slices.start,
      slicePosition: slices.position,
      sliceUs: slices.us,
      portStart: words(Uint32Array, portStart),
      serviceOfPort: words(Uint32Array, serviceOfPort),
      rowStart: words(Uint32Array, rowStart),
      ...draft.finish(),
    },
    portNumbers,
  }
}

/** Rows of all ports that a Service ever has; answers each port's first row. */
function draftRows<S extends NodeSetting>(
  draft: TableDraft<S>,
  service: VersionedService,
  family: 4 | 6,
): [key: string, firstRow: number][] {
  const columns = service.slices.length
  const pairs: (readonly ServicePort[])[] = []
  service.objects.forEach((_, i) => {
    service.slices.forEach((__, j) => {
      pairs.push(portsOfVersions(service, i, j, family))
    })
  })
  const keys = new Set(pairs.flatMap(ports => ports.map(keyOf)))
  return [...keys].map(key => {
    const start = draft.rowCount
    pairs.forEach((ports, pair) => {
      const isFirst = pair % columns === 0
      draft.addRow(
        ports.find(port => keyOf(port) === key),
        isFirst,
      )
    })
    return [key, start]
  })
}

const keyOf = (port: ServicePort): string => servicePortKey(objectKey(port), port.portName, port.protocol)

class TableDraft<S extends NodeSetting> {
  readonly #nodes: NodesToEncodeFor<S>
  readonly #amountsOf: AmountsOf<S>
  readonly #numbers: LifeNumbers
  readonly #variantOfRow: number[] = []
  readonly #mapOfRow: number[] = []
  readonly #maps: Uint16Array[] = []
  readonly #mapNumbers = new Map<string, number>()
  readonly #amounts: number[] = []
  readonly #flags: number[] = []
  readonly #affinityUs: number[] = []
  readonly #lists: number[] = []
  readonly #entries: number[] = []
  readonly #removedByStep: number[] = []
  readonly #endpointNumbers = new Map<string, number>()
  readonly #labelNumbers = new Map<string, number>()
  readonly #address: number[] = []
  readonly #pod: number[] = []
  readonly #node: number[] = []
  readonly #label: number[] = []

  constructor(nodes: NodesToEncodeFor<S>, amountsOf: AmountsOf<S>, numbers: LifeNumbers) {
    this.#nodes = nodes
    this.#amountsOf = amountsOf
    this.#numbers = numbers
  }

  get rowCount(): number {
    return this.#variantOfRow.length
  }

  addRow(port: ServicePort | undefined, isFirst: boolean): void {
    const row = this.rowCount
    const first = this.#flags.length
    if (port === undefined) {
      this.#variantOfRow.push(-1)
      this.#mapOfRow.push(-1)
      return
    }
    const { settings } = this.#nodes
    const dependence = nodeDependence(port)
    this.#variantOfRow.push(first)
    if (dependence === undefined || settings.length === 0) {
      if (settings.length > 0) this.#addVariant(port, settings[0])
      this.#mapOfRow.push(-1)
    } else {
      const variantOf = new Map<string, number>()
      const map = new Uint16Array(new SharedArrayBuffer(2 * settings.length))
      settings.forEach((setting, n) => {
        const key = dependence(setting.node)
        let variant = variantOf.get(key)
        if (variant === undefined) {
          variant = variantOf.size
          variantOf.set(key, variant)
          this.#addVariant(port, setting)
        }
        map[n] = variant
      })
      this.#mapOfRow.push(variantOf.size === 1 ? -1 : this.#mapNumber(map))
    }
    this.#noteRemoved(row, isFirst)
  }

  finish() {
    return {
      variantOfRow: words(Int32Array, this.#variantOfRow),
      mapOfRow: words(Int32Array, this.#mapOfRow),
      maps: this.#maps,
      amounts: words(Float64Array, this.#amounts),
      flags: words(Uint8Array, this.#flags),
      affinityUs: words(Float64Array, this.#affinityUs),
      lists: words(Uint32Array, this.#lists),
      entries: words(Uint32Array, this.#entries),
      removedByStep: words(Uint32Array, this.#removedByStep),
      addressOfEndpoint: words(Uint32Array, this.#address),
      podOfEndpoint: words(Uint32Array, this.#pod),
      nodeOfEndpoint: words(Int32Array, this.#node),
      labelOfEndpoint: words(Uint32Array, this.#label),
    }
  }

  #addVariant(port: ServicePort, setting: S): void {
    const { cluster, local, reachable, hasAny } = categorizeEndpoints(port, setting.node)
    this.#addAmounts(this.#amountsOf(port, setting))
    this.#flags.push(
      (hasAny ? FLAG.hasAny : 0) |
        (port.internalPolicyLocal ? FLAG.internalLocal : 0) |
        (port.externalPolicyLocal ? FLAG.externalLocal : 0) |
        (local.some(i => entryOnNode(port.endpoints[i], setting.node.name).ready) ? FLAG.readyHere : 0),
    )
    this.#affinityUs.push(port.affinitySeconds * SECOND_US)
    const numbers = port.endpoints.map(e => this.#endpoint(port, e))
    const serving = port.endpoints.flatMap(({ endpoint }, i) => (endpoint.serving ? [i] : []))
    for (const list of [cluster, local, reachable, serving]) {
      this.#lists.push(this.#entries.length, list.length)
      for (const i of list) this.#entries.push(numbers[i])
    }
    this.#removedByStep.push(0)
  }

  #addAmounts(a: PortAmounts): void {
    const at = this.#amounts.length
    for (let i = 0; i < AMOUNT.words; i++) this.#amounts.push(0)
    this.#amounts[at + AMOUNT.endpoints] = a.endpoints
    this.#amounts[at + AMOUNT.filterRules] = a.filterRules + a.elements
    this.#amounts[at + AMOUNT.sharedRules] = a.sharedRules
    this.#amounts[at + AMOUNT.sharedBytes] = a.sharedBytes
    this.#amounts[at + AMOUNT.chains] = a.chains
    this.#amounts[at + AMOUNT.rules] = a.rules
    this.#amounts[at + AMOUNT.bytes] = a.bytes
    this.#amounts[at + AMOUNT.anonymousSets] = a.anonymousSets
    this.#amounts[at + AMOUNT.comments] = a.comments
  }

  /** Only where row and predecessor have the same map: other steps are counted when they are met. */
  #noteRemoved(row: number, isFirst: boolean): void {
    const before = this.#variantOfRow[row - 1]
    const after = this.#variantOfRow[row]
    const map = this.#mapOfRow[row]
    if (isFirst || before < 0 || map >= 0 || this.#mapOfRow[row - 1] >= 0) return
    this.#removedByStep[after] = removedChains(
      { lists: this.#lists, entries: this.#entries, amounts: this.#amounts, labelOfEndpoint: this.#label },
      before,
      after,
    )
  }

  #mapNumber(map: Uint16Array): number {
    const key = map.join()
    let number = this.#mapNumbers.get(key)
    if (number === undefined) {
      number = this.#maps.push(map) - 1
      this.#mapNumbers.set(key, number)
    }
    return number
  }

  #endpoint({ namespace }: ServicePort, { label, address, endpoint }: ServiceEndpoint): number {
    const pod = endpoint.podName === '' ? '' : `${namespace}/${endpoint.podName}`
    const key = `${label} ${pod}`
    let number = this.#endpointNumbers.get(key)
    if (number === undefined) {
      number = this.#address.length
      this.#endpointNumbers.set(key, number)
      this.#address.push(this.#numbers.address(formatIp(address)))
      this.#pod.push(this.#numbers.pod(pod))
      this.#node.push(this.#nodes.nodeIndex.get(endpoint.nodeName) ?? -1)
      let labelNumber = this.#labelNumbers.get(label)
      if (labelNumber === undefined) {
        labelNumber = this.#labelNumbers.size
        this.#labelNumbers.set(label, labelNumber)
      }
      this.#label.push(labelNumber)
    }
    return number
  }
}

function starts(counts: readonly number[]): number[] {
  const sums = [0]
  for (const count of counts) sums.push(sums[sums.length - 1] + count)
  return sums
}

interface SharedColumn<T> {
  new (buffer: SharedArrayBuffer): T
  readonly BYTES_PER_ELEMENT: number
}

/** On a shared buffer: every thread reads the same. */
function words<T extends Uint8Array | Uint32Array | Int32Array | Float64Array>(
  type: SharedColumn<T>,
  values: readonly number[],
): T {
  const column = new type(new SharedArrayBuffer(type.BYTES_PER_ELEMENT * values.length))
  column.set(values)
  return column
}
