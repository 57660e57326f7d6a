/**
 * A flow file (one JSON or YAML mapping: `topology` and `flows`) -> FlowFile, or one Problem that names file, line, column and path.
 * docs/cli.md describes the format. Every key must be known, every address possible, every source port within 65,535.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { FieldCursor, isJsonObject } from '../cluster/field-cursor.ts'
import { readManifest } from '../cluster/manifest.ts'
import { type ManifestDocument, type ManifestFile, placeIn } from '../cluster/manifest-document.ts'
import type { Flow, FlowFile, FlowTopology } from '../net/flow.ts'
import { familyBits, formatIp, type IpAddress, type IpPrefix, parseIp, parsePrefix } from '../net/ip.ts'
import { ORIGIN } from '../net/packet.ts'
import { didYouMean } from '../problem/near-names.ts'
import { badInput, type Problem, quoted } from '../problem/problem.ts'

export const decodeFlowFile = (file: ManifestFile): E.Either<Problem, FlowFile> =>
  pipe(readManifest(file), E.chain(onlyMapping(file.name)), E.chain(decode))

const FILE_KEYS = ['topology', 'flows']
const TOPOLOGY_KEYS = ['node_ips', 'pod_cidrs', 'local_ips', 'node_iface_ip_on_pod_side']
const FLOW_KEYS = [
  'id',
  'from',
  'src',
  'dst',
  'proto',
  'dport',
  'conns',
  'sport',
  'srcs',
  'pkts',
  'reply',
  'delay_ms',
  'then_ms',
]
const DEFAULT_NODE_IPS = ['192.168.10.1']
const DEFAULT_POD_CIDRS = ['10.244.0.0/14']
const ORIGINS = { external: ORIGIN.uplink, pod: ORIGIN.pod, node: ORIGIN.node } as const
const PROTOCOLS = { udp: 'UDP', tcp: 'TCP', sctp: 'SCTP' } as const
const MOST_PORT = 65_535
const MOST_COUNT = 2 ** 31 - 1
/** Of one flow, which are in memory at once: twice as many take a gigabyte and a half. */
const MOST_CONNECTIONS = 2_000_000
/** An hour; a replay in the kernel really waits. */
const MOST_WAIT_MS = 3_600_000

const onlyMapping =
  (file: string) =>
  (documents: readonly ManifestDocument[]): E.Either<Problem, ManifestDocument> => {
    const mend = 'a flow file is one mapping with flows and, if need be, topology'
    if (documents.length !== 1) return E.left(badInput({ file }, `holds ${documents.length} documents`, mend))
    const [document] = documents
    return isJsonObject(document.value)
      ? E.right(document)
      : E.left(badInput(placeIn(document, []), `is ${quoted(document.value)}`, mend))
  }

function decode(document: ManifestDocument): E.Either<Problem, FlowFile> {
  const root = new FieldCursor(document.value as Record<string, unknown>)
  refuseUnknown(root, FILE_KEYS)
  const topology = decodeTopology(root.object('topology'))
  if (!root.has('flows')) root.refuse('flows', 'is missing', 'list the flows: [{"src": …, "dst": …, "dport": …}]')
  const flows = root.objects('flows').map((flow, i) => decodeFlow(flow, i, topology))
  const { fault } = root
  return fault === undefined
    ? E.right({ topology, flows })
    : E.left(badInput(placeIn(document, fault.path), fault.what, fault.mend))
}

function decodeTopology(cursor: FieldCursor): FlowTopology {
  refuseUnknown(cursor, TOPOLOGY_KEYS)
  const podSideIp = parseIp(cursor.ip('node_iface_ip_on_pod_side'))
  return {
    nodeIps: addresses(orDefault(cursor.ips('node_ips'), DEFAULT_NODE_IPS)),
    podPrefixes: prefixes(orDefault(cursor.prefixes('pod_cidrs'), DEFAULT_POD_CIDRS)),
    localIps: addresses(cursor.ips('local_ips')),
    ...(podSideIp === undefined ? {} : { podSideIp }),
  }
}

function decodeFlow(cursor: FieldCursor, index: number, topology: FlowTopology): Flow {
  refuseUnknown(cursor, FLOW_KEYS)
  const source = address(cursor, 'src')
  const destination = address(cursor, 'dst')
  if (!cursor.has('dport')) cursor.refuse('dport', 'is missing', 'add it, the destination port')
  const flow: Flow = {
    id: cursor.json['id'] ?? index,
    origin: ORIGINS[cursor.oneOf('from', ['external', 'pod', 'node'], 'external')],
    source,
    destination,
    protocol: PROTOCOLS[cursor.oneOf('proto', ['udp', 'tcp', 'sctp'], 'udp')],
    destinationPort: cursor.integer('dport', 1, MOST_PORT, 1),
    connectionCount: cursor.integer('conns', 0, MOST_CONNECTIONS, 1),
    firstSourcePort: cursor.integer('sport', 1, MOST_PORT, 10_000),
    sourceCount: cursor.integer('srcs', 1, MOST_COUNT, 1),
    packetCount: cursor.integer('pkts', 1, MOST_COUNT, 1),
    reply: cursor.flag('reply', false),
    delayUs: microseconds(cursor, 'delay_ms'),
    gapUs: microseconds(cursor, 'then_ms'),
  }
  refuseImpossible(cursor, flow, topology)
  return flow
}

function refuseImpossible(cursor: FieldCursor, flow: Flow, topology: FlowTopology): void {
  const { source, destination, connectionCount, sourceCount, firstSourcePort } = flow
  if (source.family !== destination.family)
    cursor.refuse('dst', `${formatIp(destination)} is not of the family of src`, 'write both as IPv4 or both as IPv6')
  if (topology.nodeIps.every(ip => ip.family !== source.family))
    cursor.refuse(
      'src',
      `is IPv${source.family}, and the node has no such address`,
      'add one to topology.node_ips (and the pods’ prefix to topology.pod_cidrs)',
    )
  const used = Math.min(sourceCount, connectionCount)
  if (used > 0 && source.value + BigInt(used - 1) >= 1n << BigInt(familyBits(source.family)))
    cursor.refuse('srcs', `${sourceCount} addresses from ${formatIp(source)} on do not exist`, 'lower srcs or src')
  const lastPort = firstSourcePort + Math.ceil(connectionCount / sourceCount) - 1
  if (lastPort > MOST_PORT)
    cursor.refuse(
      'conns',
      `${connectionCount} connections from port ${firstSourcePort} on need port ${lastPort}`,
      'raise srcs, or lower conns or sport',
    )
}

/** A required address. */
function address(cursor: FieldCursor, key: string): IpAddress {
  const text = cursor.ip(key)
  if (text === '') cursor.refuse(key, 'is missing', 'add it, an address as 10.1.2.3 or fd00::1')
  return parseIp(text) ?? { family: 4, value: 0n }
}

/** Milliseconds in the file, with a fraction if need be. */
const microseconds = (cursor: FieldCursor, key: string): number =>
  Math.round(1000 * cursor.decimal(key, 0, MOST_WAIT_MS, 0))

function refuseUnknown(cursor: FieldCursor, known: readonly string[]): void {
  const unknown = Object.keys(cursor.json).find(key => !known.includes(key))
  if (unknown !== undefined)
    cursor.refuse(unknown, 'is an unknown key', didYouMean(unknown, known, `the keys here are ${known.join(', ')}`))
}

const orDefault = (texts: readonly string[], byDefault: readonly string[]): readonly string[] =>
  texts.length === 0 ? byDefault : texts

const addresses = (texts: readonly string[]): IpAddress[] => texts.flatMap(text => parseIp(text) ?? [])
const prefixes = (texts: readonly string[]): IpPrefix[] => texts.flatMap(text => parsePrefix(text) ?? [])
