/**
 * Speed of compile, evaluate and trace on rules as kube-proxy writes them (IPv4 and IPv6, filter and POSTROUTING included). Run as
 * `node --no-concurrent-osr bench/evaluate.bench.ts`. Destinations rotate over all Services; the checksum of outcomes, backends and
 * rules evaluated must not change, and trace, the naive twin, must end in the same one for the packets it takes.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { IpFamily } from '../src/net/ip.ts'
import { parseIp, writeIpWords } from '../src/net/ip.ts'
import type { Packet } from '../src/net/packet.ts'
import { CT, newPacket, ORIGIN } from '../src/net/packet.ts'
import { encodeProgram } from '../src/netfilter/compile.ts'
import type { Engine } from '../src/netfilter/engine.ts'
import { newEngine } from '../src/netfilter/engine.ts'
import { evaluate, evaluateEstablished } from '../src/netfilter/evaluate.ts'
import type { HostView } from '../src/netfilter/host.ts'
import { internChains } from '../src/netfilter/intern-chains.ts'
import { makeHostView } from '../src/netfilter/testing/make-rules.ts'
import { makeServiceRules, serviceAddress } from '../src/netfilter/testing/make-service-rules.ts'
import { trace } from '../src/netfilter/trace.ts'
import { draw32 } from '../src/sim/random.ts'

export interface EvaluateSize {
  readonly family: IpFamily
  readonly services: number
  readonly endpoints: number
  readonly connections: number
  /** Packets that trace walks too. */
  readonly traced: number
}

export interface EvaluateRow {
  readonly rules: number
  readonly compileMs: Clock
  readonly newPerSecond: Clock
  readonly establishedPerSecond: Clock
  readonly tracedPerSecond: Clock
  readonly checksum: number
  /** Of the first `traced` packets, by evaluate and by trace. */
  readonly twinChecksums: readonly [number, number]
}

/** By the wall and by this process's CPU time: other programs on the machine take from the first only. */
export interface Clock {
  readonly wall: number
  readonly cpu: number
}

export const SIZES: readonly EvaluateSize[] = [
  { family: 4, services: 100, endpoints: 5, connections: 2_000_000, traced: 2_000 },
  { family: 4, services: 10_000, endpoints: 5, connections: 2_000_000, traced: 200 },
  { family: 6, services: 10_000, endpoints: 5, connections: 1_000_000, traced: 200 },
]

const SEED = { low: 7, high: 11 }

export function evaluateBench({ family, services, endpoints, connections, traced }: EvaluateSize): EvaluateRow {
  const ruleset = makeServiceRules({ family, services, endpoints })
  const compiling = startClock()
  const interned = right(internChains([ruleset]))
  const program = encodeProgram(interned)
  const compileMs = compiling()
  const host = makeHostView(family)
  const flows = makeFlows(family, services)
  const engine = newEngine(program, SEED)
  const twin = checksumNew(engine, host, flows, traced)

  checksumNew(engine, host, flows, Math.min(connections, 200_000))
  const walking = startClock()
  const checksum = checksumNew(engine, host, flows, connections)
  const newPerSecond = perSecond(connections, walking())
  const established = startClock()
  countEstablished(engine, host, flows, connections)
  const establishedPerSecond = perSecond(connections, established())

  const tracing = startClock()
  let traceChecksum = 0
  for (let flow = 0; flow < traced; flow++) {
    const packet = nextPacket(flows, flow)
    const walked = right(trace(ruleset, host, packet, n => flowDraw(packet, n)))
    traceChecksum = mixIn(traceChecksum, walked.outcome, walked.packet.destination, walked.rulesEvaluated)
  }
  const tracedPerSecond = perSecond(traced, tracing())
  const rules = interned.ruleCount
  const twinChecksums = [twin, traceChecksum] as const
  return { rules, compileMs, newPerSecond, establishedPerSecond, tracedPerSecond, checksum, twinChecksums }
}

interface Flows {
  readonly packet: Packet
  readonly source: Uint32Array
  /** Four words a Service. */
  readonly destinations: Uint32Array
  readonly count: number
}

function makeFlows(family: IpFamily, services: number): Flows {
  const destinations = new Uint32Array(4 * services)
  for (let i = 0; i < services; i++) writeIpWords(parseIp(serviceAddress(family, i))!.value, destinations, 4 * i)
  const source = new Uint32Array(4)
  writeIpWords(parseIp(family === 4 ? '10.244.1.7' : 'fd00:244:1::7')!.value, source, 0)
  return { packet: newPacket(family), source, destinations, count: services }
}

/** The first packet of flow `flow`: from a pod of the node to a Service drawn for the flow. */
function nextPacket({ packet, source, destinations, count }: Flows, flow: number): Packet {
  const service = (Math.imul(flow, 0x9e3779b1) >>> 0) % count
  for (let i = 0; i < 4; i++) {
    packet.source[i] = source[i]
    packet.destination[i] = destinations[4 * service + i]
  }
  packet.protocol = 6
  packet.sourcePort = 32768 + (flow & 0x3fff)
  packet.destinationPort = 80
  packet.mark = 0
  packet.origin = ORIGIN.pod
  packet.ctState = CT.NEW
  packet.flowLow = flow
  packet.flowHigh = 0
  packet.draws = 0
  return packet
}

function checksumNew(engine: Engine, host: HostView, flows: Flows, connections: number): number {
  let checksum = 0
  for (let flow = 0; flow < connections; flow++) {
    const packet = nextPacket(flows, flow)
    const outcome = evaluate(engine, 0, host, 0, packet, 1)
    checksum = mixIn(checksum, outcome, packet.destination, engine.rulesEvaluated)
  }
  return checksum
}

/** The same connections' later packets: the nat table is not asked. */
function countEstablished(engine: Engine, host: HostView, flows: Flows, packets: number): void {
  const packet = nextPacket(flows, 0)
  evaluate(engine, 0, host, 0, packet, 1)
  for (let n = 0; n < packets; n++) {
    packet.destination[3] ^= n & 3
    evaluateEstablished(engine, 0, host, 0, packet, 9)
  }
}

const mixIn = (checksum: number, outcome: number, destination: Uint32Array, rules: number): number =>
  (Math.imul(checksum, 31) + outcome + Math.imul(destination[3], 7) + rules) | 0

const flowDraw = (packet: Packet, n: number): number => draw32(SEED.low, SEED.high, packet.flowLow, packet.flowHigh, n)

function startClock(): () => Clock {
  const wall = performance.now()
  const cpu = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(cpu)
    return { wall: performance.now() - wall, cpu: (user + system) / 1_000 }
  }
}

const perSecond = (count: number, ms: Clock): Clock => ({
  wall: (1_000 * count) / ms.wall,
  cpu: (1_000 * count) / ms.cpu,
})

function right<A>(either: E.Either<unknown, A>): A {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left))
  return either.right
}

if (import.meta.main)
  for (const size of SIZES) {
    const row = evaluateBench(size)
    const figures = [row.newPerSecond, row.establishedPerSecond, row.tracedPerSecond].map(
      c => `${(c.cpu / 1e6).toFixed(4)} (wall ${(c.wall / 1e6).toFixed(4)})`,
    )
    console.log(
      `IPv${size.family} ${size.services} Services x ${size.endpoints}, ${row.rules} rules, compiled in ${row.compileMs.cpu.toFixed(0)} ms CPU (wall ${row.compileMs.wall.toFixed(0)})`,
    )
    console.log(`  millions per CPU second: new ${figures[0]}, established ${figures[1]}, traced ${figures[2]}`)
    console.log(`  checksum ${row.checksum}, twins ${row.twinChecksums.join(' ')}`)
  }
