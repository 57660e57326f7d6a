/**
 * EndpointSlices as Arrow columns: the log's struct `endpointSlice`, its fields, how a slice fills them and how one is made of them
 * again. Name, namespace and labels are columns of every event and not in here.
 */
import type { ArrowVector } from '../arrow/arrow-vector.ts'
import { isNull, isTrue } from '../arrow/arrow-vector.ts'
import { BitBuilder, ListBuilder, NumberBuilder, structVector } from '../arrow/column-builders.ts'
import { int64ToFloat64, int64Vector } from '../arrow/table-vectors.ts'
import { listReader, TextListBuilder, textListReader } from '../arrow/text-columns.ts'
import { Utf8Builder, utf8Reader } from '../arrow/utf8-column.ts'
import type { Endpoint, EndpointPort, EndpointSlice, Labels } from '../cluster/objects.ts'
import { PROTOCOLS } from '../net/protocol.ts'
import { listField, nullable, PROTOCOL_FIELD, plainField, structField, wordField } from './event-fields.ts'

const ADDRESS_TYPES: readonly EndpointSlice['addressType'][] = ['IPv4', 'IPv6', 'FQDN']

export const SLICE_FIELD = nullable(
  structField(
    'endpointSlice',
    [
      plainField('utf8', 'serviceName', 'label kubernetes.io/service-name, empty without a Service'),
      wordField('addressType', ADDRESS_TYPES, 'IPv4, IPv6 or FQDN'),
      listField(
        'ports',
        {
          kind: 'struct',
          fields: [
            nullable(plainField('utf8', 'name', 'null: the field was absent')),
            PROTOCOL_FIELD,
            nullable(plainField('uint16', 'port', 'null: all ports')),
          ],
        },
        'ports of every endpoint',
      ),
      listField(
        'endpoints',
        {
          kind: 'struct',
          fields: [
            listField('addresses', { kind: 'utf8' }, 'consumers use the first'),
            plainField('bool', 'ready', 'conditions.ready'),
            plainField('bool', 'serving', 'conditions.serving'),
            plainField('bool', 'terminating', 'conditions.terminating'),
            plainField('utf8', 'nodeName', 'empty when unknown'),
            plainField('utf8', 'zone', 'empty when unknown'),
            nullable(listField('hintZones', { kind: 'utf8' }, 'hints.forZones; null: no zone hints')),
            nullable(listField('hintNodes', { kind: 'utf8' }, 'hints.forNodes; null: no node hints')),
            plainField('utf8', 'podName', 'targetRef.name when it is a Pod, else empty'),
          ],
        },
        'in the order of the object',
      ),
      nullable(
        plainField('int64', 'lastChangeTriggerUs', 'when the first change that this version answers came about', 'us'),
      ),
    ],
    'the EndpointSlice after the change; null for other kinds',
  ),
)

/** Takes one EndpointSlice, or nothing, a row. */
export class SliceBuilder {
  private readonly present = new BitBuilder()
  private readonly serviceNames = new Utf8Builder()
  private readonly addressTypes = new NumberBuilder(n => new Int8Array(n))
  private readonly ports = new PortBuilder()
  private readonly portLists = new ListBuilder()
  private readonly endpoints = new EndpointBuilder()
  private readonly endpointLists = new ListBuilder()
  private readonly triggered = new BitBuilder()
  private readonly triggers = new NumberBuilder(n => new Float64Array(n))
  private length = 0

  push(slice: EndpointSlice): void {
    this.present.push(true)
    this.serviceNames.push(slice.serviceName)
    this.addressTypes.push(ADDRESS_TYPES.indexOf(slice.addressType))
    for (const port of slice.ports) this.ports.push(port)
    this.portLists.push(slice.ports.length)
    for (const endpoint of slice.endpoints) this.endpoints.push(endpoint)
    this.endpointLists.push(slice.endpoints.length)
    this.triggered.push(slice.lastChangeTriggerUs !== undefined)
    this.triggers.push(slice.lastChangeTriggerUs ?? 0)
    this.length++
  }

  pushNone(): void {
    this.present.push(false)
    this.serviceNames.push('')
    this.addressTypes.push(0)
    this.portLists.push(0)
    this.endpointLists.push(0)
    this.triggered.push(false)
    this.triggers.push(0)
    this.length++
  }

  vector(): ArrowVector {
    return this.present.mask(
      structVector(
        this.length,
        this.serviceNames.vector(),
        this.addressTypes.vector(),
        this.portLists.vector(this.ports.vector()),
        this.endpointLists.vector(this.endpoints.vector()),
        this.triggered.mask(int64Vector(this.triggers.used())),
      ),
    )
  }

  reset(): void {
    const { present, serviceNames, addressTypes, ports, portLists, endpoints, endpointLists, triggered, triggers } =
      this
    for (const b of [present, serviceNames, addressTypes, ports, portLists, endpoints, endpointLists]) b.reset()
    for (const b of [triggered, triggers]) b.reset()
    this.length = 0
  }
}

/** Makes the EndpointSlice of a row out of the struct's vector; the caller knows that the row is one. */
export function sliceReader(
  vector: ArrowVector,
): (row: number, namespace: string, name: string, labels: Labels) => EndpointSlice {
  const [serviceNames, addressTypes, portLists, endpointLists, triggers] = vector.children
  const serviceName = utf8Reader(serviceNames)
  const addressType = addressTypes.values as Int8Array
  const ports = listReader(portLists, portReader(portLists.children[0]))
  const endpoints = listReader(endpointLists, endpointReader(endpointLists.children[0]))
  const triggerUs = int64ToFloat64(triggers.values as BigInt64Array)
  return (row, namespace, name, labels) => ({
    kind: 'EndpointSlice',
    namespace,
    name,
    labels,
    serviceName: serviceName(row),
    addressType: ADDRESS_TYPES[addressType[row]],
    ports: ports(row),
    endpoints: endpoints(row),
    ...(isNull(triggers, row) ? {} : { lastChangeTriggerUs: triggerUs[row] }),
  })
}

class PortBuilder {
  private readonly named = new BitBuilder()
  private readonly names = new Utf8Builder()
  private readonly protocols = new NumberBuilder(n => new Int8Array(n))
  private readonly numbered = new BitBuilder()
  private readonly numbers = new NumberBuilder(n => new Uint16Array(n))
  private length = 0

  push({ name, protocol, port }: EndpointPort): void {
    this.named.push(name !== null)
    this.names.push(name ?? '')
    this.protocols.push(PROTOCOLS.indexOf(protocol))
    this.numbered.push(port !== null)
    this.numbers.push(port ?? 0)
    this.length++
  }

  vector(): ArrowVector {
    return structVector(
      this.length,
      this.named.mask(this.names.vector()),
      this.protocols.vector(),
      this.numbered.mask(this.numbers.vector()),
    )
  }

  reset(): void {
    for (const builder of [this.named, this.names, this.protocols, this.numbered, this.numbers]) builder.reset()
    this.length = 0
  }
}

function portReader({ children: [names, protocols, numbers] }: ArrowVector): (row: number) => EndpointPort {
  const name = utf8Reader(names)
  const protocol = protocols.values as Int8Array
  const number = numbers.values as Uint16Array
  return row => ({
    name: isNull(names, row) ? null : name(row),
    protocol: PROTOCOLS[protocol[row]],
    port: isNull(numbers, row) ? null : number[row],
  })
}

class EndpointBuilder {
  private readonly addresses = new TextListBuilder()
  private readonly ready = new BitBuilder()
  private readonly serving = new BitBuilder()
  private readonly terminating = new BitBuilder()
  private readonly nodeNames = new Utf8Builder()
  private readonly zones = new Utf8Builder()
  private readonly zoneHinted = new BitBuilder()
  private readonly hintZones = new TextListBuilder()
  private readonly nodeHinted = new BitBuilder()
  private readonly hintNodes = new TextListBuilder()
  private readonly podNames = new Utf8Builder()
  private length = 0

  push(endpoint: Endpoint): void {
    this.addresses.push(endpoint.addresses)
    this.ready.push(endpoint.ready)
    this.serving.push(endpoint.serving)
    this.terminating.push(endpoint.terminating)
    this.nodeNames.push(endpoint.nodeName)
    this.zones.push(endpoint.zone)
    this.zoneHinted.push(endpoint.hintZones !== undefined)
    this.hintZones.push(endpoint.hintZones ?? [])
    this.nodeHinted.push(endpoint.hintNodes !== undefined)
    this.hintNodes.push(endpoint.hintNodes ?? [])
    this.podNames.push(endpoint.podName)
    this.length++
  }

  vector(): ArrowVector {
    return structVector(
      this.length,
      this.addresses.vector(),
      this.ready.vector(),
      this.serving.vector(),
      this.terminating.vector(),
      this.nodeNames.vector(),
      this.zones.vector(),
      this.zoneHinted.mask(this.hintZones.vector()),
      this.nodeHinted.mask(this.hintNodes.vector()),
      this.podNames.vector(),
    )
  }

  reset(): void {
    const { addresses, ready, serving, terminating, nodeNames, zones, podNames } = this
    for (const b of [addresses, ready, serving, terminating, nodeNames, zones, podNames]) b.reset()
    for (const b of [this.zoneHinted, this.hintZones, this.nodeHinted, this.hintNodes]) b.reset()
    this.length = 0
  }
}

function endpointReader(vector: ArrowVector): (row: number) => Endpoint {
  const [addresses, ready, serving, terminating, nodeNames, zones, hintZones, hintNodes, podNames] = vector.children
  const address = textListReader(addresses)
  const nodeName = utf8Reader(nodeNames)
  const zone = utf8Reader(zones)
  const hintZone = textListReader(hintZones)
  const hintNode = textListReader(hintNodes)
  const podName = utf8Reader(podNames)
  return row => ({
    addresses: address(row),
    ready: isTrue(ready, row),
    serving: isTrue(serving, row),
    terminating: isTrue(terminating, row),
    nodeName: nodeName(row),
    zone: zone(row),
    ...(isNull(hintZones, row) ? {} : { hintZones: hintZone(row) }),
    ...(isNull(hintNodes, row) ? {} : { hintNodes: hintNode(row) }),
    podName: podName(row),
  })
}
