/**
 * Pods as Arrow columns: the log's struct `pod`, its fields, how a Pod fills them and how one is made of them again.
 * Name, namespace and labels are columns of every event and not in here.
 */
import type { ArrowVector } from '../arrow/arrow-vector.ts'
import { isTrue } from '../arrow/arrow-vector.ts'
import { BitBuilder, ListBuilder, NumberBuilder, structVector } from '../arrow/column-builders.ts'
import { listReader, TextListBuilder, textListReader } from '../arrow/text-columns.ts'
import { Utf8Builder, utf8Reader } from '../arrow/utf8-column.ts'
import type { ContainerPort, Labels, Pod } from '../cluster/objects.ts'
import { PROTOCOLS } from '../net/protocol.ts'
import { listField, nullable, PROTOCOL_FIELD, plainField, structField, wordField } from './event-fields.ts'

const PHASES: readonly Pod['phase'][] = ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown']

export const POD_FIELD = nullable(
  structField(
    'pod',
    [
      plainField('utf8', 'nodeName', 'spec.nodeName, empty until scheduled'),
      listField('podIPs', { kind: 'utf8' }, 'status.podIPs, empty until started'),
      wordField('phase', PHASES, 'status.phase'),
      plainField('bool', 'ready', 'condition Ready is True'),
      plainField('bool', 'terminating', 'metadata.deletionTimestamp is set'),
      plainField('bool', 'hostNetwork', 'spec.hostNetwork'),
      listField(
        'containerPorts',
        {
          kind: 'struct',
          fields: [
            plainField('utf8', 'name', 'empty when unnamed'),
            plainField('uint16', 'port', 'containerPort'),
            PROTOCOL_FIELD,
          ],
        },
        'spec.containers[].ports',
      ),
    ],
    'the Pod after the change; null for other kinds',
  ),
)

/** Takes one Pod, or nothing, a row. */
export class PodBuilder {
  private readonly present = new BitBuilder()
  private readonly nodeNames = new Utf8Builder()
  private readonly podIPs = new TextListBuilder()
  private readonly phases = new NumberBuilder(n => new Int8Array(n))
  private readonly ready = new BitBuilder()
  private readonly terminating = new BitBuilder()
  private readonly hostNetwork = new BitBuilder()
  private readonly portNames = new Utf8Builder()
  private readonly ports = new NumberBuilder(n => new Uint16Array(n))
  private readonly protocols = new NumberBuilder(n => new Int8Array(n))
  private readonly portLists = new ListBuilder()
  private length = 0
  private portCount = 0

  push(pod: Pod): void {
    this.present.push(true)
    this.nodeNames.push(pod.nodeName)
    this.podIPs.push(pod.podIPs)
    this.phases.push(PHASES.indexOf(pod.phase))
    this.ready.push(pod.ready)
    this.terminating.push(pod.terminating)
    this.hostNetwork.push(pod.hostNetwork)
    for (const { name, port, protocol } of pod.containerPorts) {
      this.portNames.push(name)
      this.ports.push(port)
      this.protocols.push(PROTOCOLS.indexOf(protocol))
    }
    this.portLists.push(pod.containerPorts.length)
    this.portCount += pod.containerPorts.length
    this.length++
  }

  pushNone(): void {
    this.present.push(false)
    this.nodeNames.push('')
    this.podIPs.push([])
    this.phases.push(0)
    this.ready.push(false)
    this.terminating.push(false)
    this.hostNetwork.push(false)
    this.portLists.push(0)
    this.length++
  }

  vector(): ArrowVector {
    const port = structVector(this.portCount, this.portNames.vector(), this.ports.vector(), this.protocols.vector())
    return this.present.mask(
      structVector(
        this.length,
        this.nodeNames.vector(),
        this.podIPs.vector(),
        this.phases.vector(),
        this.ready.vector(),
        this.terminating.vector(),
        this.hostNetwork.vector(),
        this.portLists.vector(port),
      ),
    )
  }

  reset(): void {
    for (const builder of [
      this.present,
      this.nodeNames,
      this.podIPs,
      this.phases,
      this.ready,
      this.terminating,
      this.hostNetwork,
      this.portNames,
      this.ports,
      this.protocols,
      this.portLists,
    ])
      builder.reset()
    this.length = 0
    this.portCount = 0
  }
}

/** Lists of one container port by number and protocol, the last name of each: pods of one workload share theirs. */
export type PortPool = Map<number, readonly ContainerPort[]>

/** Makes the Pod of a row out of the struct's vector; the caller knows that the row is a Pod. */
export function podReader(
  vector: ArrowVector,
  pool: PortPool,
): (row: number, namespace: string, name: string, labels: Labels) => Pod {
  const [nodeNames, ipLists, phases, ready, terminating, hostNetwork, portLists] = vector.children
  const nodeName = utf8Reader(nodeNames)
  const podIPs = textListReader(ipLists)
  const phase = phases.values as Int8Array
  const containerPorts = containerPortsReader(portLists, pool)
  return (row, namespace, name, labels) => ({
    kind: 'Pod',
    namespace,
    name,
    labels,
    nodeName: nodeName(row),
    podIPs: podIPs(row),
    phase: PHASES[phase[row]],
    ready: isTrue(ready, row),
    terminating: isTrue(terminating, row),
    hostNetwork: isTrue(hostNetwork, row),
    containerPorts: containerPorts(row),
  })
}

function containerPortsReader(vector: ArrowVector, pool: PortPool): (row: number) => readonly ContainerPort[] {
  const offsets = vector.offsets!
  const [names, numbers, protocols] = vector.children[0].children
  const name = utf8Reader(names)
  const port = numbers.values as Uint16Array
  const protocol = protocols.values as Int8Array
  const list = listReader(vector, i => ({ name: name(i), port: port[i], protocol: PROTOCOLS[protocol[i]] }))
  return row => {
    const i = offsets[row]
    if (offsets[row + 1] - i !== 1) return list(row)
    const key = port[i] * PROTOCOLS.length + protocol[i]
    const known = pool.get(key)
    if (known !== undefined && known[0].name === name(i)) return known
    const made = list(row)
    pool.set(key, made)
    return made
  }
}
