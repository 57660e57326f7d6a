/**
 * Packets through nftables rules as kube-proxy writes them, compiled and with a connection table, as `svcsim replay` walks them; the twin is
 * trace-nft. First packets of connections to a Service drawn for each, and later packets of connections that are known.
 */
import {
  destinations,
  NODE_NAME,
  ONE_SERVICE,
  SOURCE,
  type WorldShape,
  worldConfig,
  worldState,
} from '../../src/app/calibrate/service-world.ts'
import { CT, newPacket, ORIGIN, type Packet } from '../../src/net/packet.ts'
import { PROTOCOL_NUMBER } from '../../src/net/protocol.ts'
import { makeHostView } from '../../src/netfilter/testing/make-rules.ts'
import { nftablesRuleset } from '../../src/proxier/nftables-proxier.ts'
import { fastNftEvaluator } from '../../src/replay/flows/fast-nft-evaluator.ts'
import { nftEvaluator } from '../../src/replay/flows/nft-evaluator.ts'
import type { NodeEvaluator } from '../../src/replay/flows/node-evaluator.ts'
import type { NftRuleset } from '../../src/ruleset/nft-ruleset.ts'
import type { StreamSeed } from '../../src/sim/random.ts'
import { addressWords } from '../address-words.ts'
import { type BenchCase, type BenchSize, type Measured, mix } from '../bench-case.ts'
import { right } from '../right.ts'

interface NftSize {
  readonly services: number
  readonly packets: number
  readonly traced: number
}

const SIZES: Readonly<Record<BenchSize, NftSize>> = {
  small: { services: 20, packets: 2_000, traced: 200 },
  large: { services: 10_000, packets: 500_000, traced: 20 },
}
const ENDPOINTS = 5
/** Connections that the later packets belong to. */
const KNOWN_CONNECTIONS = 32
const BYTES = 100

export const nftablesCases: readonly BenchCase[] = (['new connections', 'established packets'] as const).map(kind => ({
  name: `evaluate ${kind}, nftables v4`,
  unit: kind === 'new connections' ? 'connections' : 'packets',
  prepare: size => {
    const { services, packets, traced } = SIZES[size]
    const shape: WorldShape = { ...ONE_SERVICE, services, endpoints: ENDPOINTS, to: 'every' }
    const ruleset = nftablesRuleset(worldState(shape), NODE_NAME, worldConfig('nftables', shape), 4)
    const connections = kind === 'new connections' ? Number.POSITIVE_INFINITY : KNOWN_CONNECTIONS
    const send = sender(shape, connections)
    return {
      size: `IPv4, ${services} Services x ${ENDPOINTS}`,
      items: packets,
      run: (round, items) => send(right(fastNftEvaluator(ruleset, HOST, seedOf(round), roomFor(packets))), items),
      naive: { items: traced, run: (round, items) => send(traces(ruleset, seedOf(round), packets), items) },
    }
  },
}))

const HOST = makeHostView(4)
const seedOf = (round: number): StreamSeed => ({ low: 7, high: round })
const roomFor = (packets: number) => ({ max: 2 * packets })
const traces = (ruleset: NftRuleset, seed: StreamSeed, packets: number): NodeEvaluator =>
  right(nftEvaluator(ruleset, HOST, seed, roomFor(packets)))

/** Sends packets of so many connections in turn; the first packets of known ones are no part of the time. */
function sender(shape: WorldShape, connections: number): (evaluator: NodeEvaluator, items: number) => Measured {
  const services = destinations(shape).map(({ address, port }) => ({ words: addressWords(address), port }))
  const source = addressWords(SOURCE.inside)
  const packet = newPacket(4)
  return (evaluator, items) => {
    let checksum = 0
    const pass = (connection: number, at: number): void => {
      writePacketOf(packet, source, services[(Math.imul(connection, 0x9e3779b1) >>> 0) % services.length], connection)
      const outcome = evaluator.pass(packet, BYTES, at)
      checksum = mix(checksum, outcome + Math.imul(packet.destination[3], 7))
    }
    const known = Number.isFinite(connections) ? connections : 0
    for (let i = 0; i < known; i++) pass(i, i)
    const start = performance.now()
    for (let i = 0; i < items; i++) pass(i % connections, known + i)
    return { checksum, milliseconds: performance.now() - start }
  }
}

function writePacketOf(
  packet: Packet,
  source: Uint32Array,
  to: { readonly words: Uint32Array; readonly port: number },
  connection: number,
): void {
  packet.source.set(source)
  packet.source[3] += connection >>> 15
  packet.destination.set(to.words)
  packet.protocol = PROTOCOL_NUMBER.UDP
  packet.sourcePort = 1024 + (connection & 0x7fff)
  packet.destinationPort = to.port
  packet.mark = 0
  packet.origin = ORIGIN.pod
  packet.ctState = CT.NEW
  packet.flowLow = connection
  packet.flowHigh = 0
  packet.draws = 0
}
