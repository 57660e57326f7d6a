/** Decodes an EndpointSlice (discovery.k8s.io/v1). Absent conditions mean ready, serving and not terminating. */
import { PROTOCOLS } from '../net/protocol.ts'
import { quoted } from '../problem/problem.ts'
import { parseInstantUs } from '../sim/parse-instant.ts'
import { checkName, decodeMeta } from './decode-meta.ts'
import type { FieldCursor } from './field-cursor.ts'
import { dnsLabel, dnsSubdomain } from './names.ts'
import type { Endpoint, EndpointPort, EndpointSlice } from './objects.ts'
import { SERVICE_NAME_LABEL, TRIGGER_TIME_ANNOTATION } from './objects.ts'
import { isSpecialIp } from './special-ip.ts'

const ADDRESS_TYPES = ['IPv4', 'IPv6', 'FQDN'] as const
const MOST_ENDPOINTS = 1000
const MOST_PORTS = 100
const MOST_ADDRESSES = 100

export function decodeEndpointSlice(object: FieldCursor): EndpointSlice {
  const meta = decodeMeta(object, 'namespaced', dnsSubdomain)
  if (object.text('addressType') === '')
    object.refuse('addressType', 'the slice has no addressType', 'write IPv4, IPv6 or FQDN')
  const addressType = object.oneOf('addressType', ADDRESS_TYPES, 'IPv4')
  const ports = object.objects('ports')
  if (ports.length > MOST_PORTS)
    object.refuse('ports', `${ports.length} ports`, `split the slice: at most ${MOST_PORTS} in one`)
  const endpoints = object.objects('endpoints')
  if (endpoints.length > MOST_ENDPOINTS)
    object.refuse('endpoints', `${endpoints.length} endpoints`, `split the slice: at most ${MOST_ENDPOINTS} in one`)
  const triggerUs = parseInstantUs(object.object('metadata').object('annotations').text(TRIGGER_TIME_ANNOTATION))
  return {
    kind: 'EndpointSlice',
    ...meta,
    serviceName: meta.labels[SERVICE_NAME_LABEL] ?? '',
    addressType,
    ports: decodePorts(ports),
    endpoints: endpoints.map(endpoint => decodeEndpoint(endpoint, addressType)),
    ...(triggerUs === undefined ? {} : { lastChangeTriggerUs: triggerUs }),
  }
}

function decodePorts(ports: readonly FieldCursor[]): readonly EndpointPort[] {
  const names = new Set<string | null>()
  return ports.map(port => {
    const name = port.has('name') ? port.text('name') : null
    if (name !== null && name !== '') checkName(port, 'name', name, dnsLabel)
    if (names.has(name)) port.refuse('name', `two ports have the name ${quoted(name ?? '')}`, 'give each its own name')
    names.add(name)
    return {
      name,
      protocol: port.oneOf('protocol', PROTOCOLS, 'TCP'),
      port: port.has('port') ? port.integer('port', 1, 65535, 1) : null,
    }
  })
}

function decodeEndpoint(endpoint: FieldCursor, addressType: EndpointSlice['addressType']): Endpoint {
  const conditions = endpoint.object('conditions')
  const target = endpoint.object('targetRef')
  const hints = endpoint.object('hints')
  return {
    addresses: decodeAddresses(endpoint, addressType),
    ready: conditions.flag('ready', true),
    serving: conditions.flag('serving', true),
    terminating: conditions.flag('terminating', false),
    nodeName: endpoint.text('nodeName'),
    zone: endpoint.text('zone'),
    ...(hints.has('forZones') ? { hintZones: hints.objects('forZones').map(zone => zone.text('name')) } : {}),
    ...(hints.has('forNodes') ? { hintNodes: hints.objects('forNodes').map(node => node.text('name')) } : {}),
    podName: target.text('kind') === 'Pod' ? target.text('name') : '',
  }
}

function decodeAddresses(endpoint: FieldCursor, addressType: EndpointSlice['addressType']): readonly string[] {
  const addresses = addressType === 'FQDN' ? endpoint.texts('addresses') : endpoint.ips('addresses')
  if (addresses.length === 0 || addresses.length > MOST_ADDRESSES)
    endpoint.refuse('addresses', `${addresses.length} addresses`, `write 1 to ${MOST_ADDRESSES}`)
  addresses.forEach((address, i) => {
    if (addressType === 'FQDN') checkName(endpoint, 'addresses', address, dnsSubdomain, i)
    else if (address.includes(':') !== (addressType === 'IPv6'))
      endpoint.refuse(
        'addresses',
        `${quoted(address)} in a slice of addressType ${addressType}`,
        'move it to a slice of its own family',
        i,
      )
    else if (isSpecialIp(address))
      endpoint.refuse(
        'addresses',
        `${address} is unspecified, loopback or link-local`,
        "write a pod's or host's address",
        i,
      )
  })
  return addresses
}
