/**
 * compile, evaluate and trace on rules as kube-proxy writes them (filter and POSTROUTING included). Connections come from a pod of the
 * node to a Service drawn for each; the checksum is of outcomes, backends and rules evaluated, and trace is evaluate's naive twin.
 */
import type { IpFamily } from '../../src/net/ip.ts'
import { parseIp, writeIpWords } from '../../src/net/ip.ts'
import { CT, copyPacket, newPacket, ORIGIN, type Packet, writePacket } from '../../src/net/packet.ts'
import { compile } from '../../src/netfilter/compile.ts'
import { type Engine, newEngine } from '../../src/netfilter/engine.ts'
import { evaluate, evaluateEstablished } from '../../src/netfilter/evaluate.ts'
import type { HostView } from '../../src/netfilter/host.ts'
import { makeHostView } from '../../src/netfilter/testing/make-rules.ts'
import { makeServiceRules, serviceAddress } from '../../src/netfilter/testing/make-service-rules.ts'
import { trace } from '../../src/netfilter/trace.ts'
import type { Ruleset } from '../../src/ruleset/ruleset.ts'
import { draw32 } from '../../src/sim/random.ts'
import { type BenchCase, type BenchSize, mix, type PreparedCase, ROTATION } from '../bench-case.ts'
import { right } from '../right.ts'

interface RulesSize {
  readonly services: number
  readonly endpoints: number
  readonly connections: number
  /** Connections that trace walks too. */
  readonly traced: number
}

const SIZES: Readonly<Record<BenchSize, RulesSize>> = {
  small: { services: 20, endpoints: 3, connections: 2_000, traced: 50 },
  large: { services: 10_000, endpoints: 5, connections: 500_000, traced: 20 },
}

const FAMILIES: readonly IpFamily[] = [4, 6]
const SEED_LOW = 7

const sizeText = ({ services, endpoints }: RulesSize, family: IpFamily): string =>
  `IPv${family}, ${services} Services x ${endpoints}`

export const compileCases: readonly BenchCase[] = FAMILIES.map(family => ({
  name: `compile iptables rules v${family}`,
  unit: 'rules',
  prepare: size => {
    const shape = SIZES[size]
    const rulesets = Array.from({ length: ROTATION }, () => makeServiceRules({ family, ...shape }))
    return {
      size: sizeText(shape, family),
      items: right(compile([rulesets[0]])).ruleCount,
      run: round => right(compile([rulesets[round]])).code.length,
    }
  },
}))

export const evaluateCases: readonly BenchCase[] = FAMILIES.flatMap(family => [
  {
    name: `evaluate new connections, iptables v${family}`,
    unit: 'connections',
    prepare: (size: BenchSize): PreparedCase => {
      const { shape, ruleset, host, nextPacket } = connections(size, family)
      const engines = enginesOf(ruleset)
      return {
        size: sizeText(shape, family),
        items: shape.connections,
        run: (round, items) => {
          const engine = engines[round]
          let checksum = 0
          for (let flow = 0; flow < items; flow++) {
            const packet = nextPacket(round, flow)
            const outcome = evaluate(engine, 0, host, 0, packet, 1)
            checksum = mixIn(checksum, outcome, packet, engine.rulesEvaluated)
          }
          return checksum
        },
        naive: {
          items: shape.traced,
          run: (round, items) => traced(ruleset, host, nextPacket, round, items),
        },
      }
    },
  },
  {
    name: `evaluate established packets, iptables v${family}`,
    unit: 'packets',
    prepare: (size: BenchSize): PreparedCase => {
      const { shape, ruleset, host, nextPacket } = connections(size, family)
      const engines = enginesOf(ruleset)
      // One packet of each of a few hundred connections, as it came out of evaluate and out of trace.
      const known = Array.from({ length: ROTATION }, (_, round) =>
        Array.from({ length: KNOWN_CONNECTIONS }, (_, flow) => {
          const packet = nextPacket(round, flow)
          evaluate(engines[round], 0, host, 0, packet, 1)
          return copyPacket(packet)
        }),
      )
      const packet = newPacket(family)
      return {
        size: sizeText(shape, family),
        items: shape.connections,
        run: (round, items) => {
          const engine = engines[round]
          let checksum = 0
          for (let i = 0; i < items; i++) {
            writePacket(packet, known[round][i % KNOWN_CONNECTIONS])
            const outcome = evaluateEstablished(engine, 0, host, 0, packet, 1)
            checksum = mixIn(checksum, outcome, packet, engine.rulesEvaluated)
          }
          return checksum
        },
        naive: {
          items: shape.traced,
          run: (round, items) => {
            let checksum = 0
            for (let i = 0; i < items; i++) {
              const walked = right(
                trace(ruleset, host, known[round][i % KNOWN_CONNECTIONS], () => 0, { established: true }),
              )
              checksum = mixIn(checksum, walked.outcome, walked.packet, walked.rulesEvaluated)
            }
            return checksum
          },
        },
      }
    },
  },
])

/** The judge of the others, and what `svcsim trace` walks. */
export const traceCase: BenchCase = {
  name: 'trace new connections, iptables v4',
  unit: 'connections',
  prepare: size => {
    const { shape, ruleset, host, nextPacket } = connections(size, 4)
    return {
      size: sizeText(shape, 4),
      items: shape.traced,
      run: (round, items) => traced(ruleset, host, nextPacket, round, items),
    }
  },
}

function traced(
  ruleset: Ruleset,
  host: HostView,
  nextPacket: Connections['nextPacket'],
  round: number,
  items: number,
): number {
  let checksum = 0
  for (let flow = 0; flow < items; flow++) {
    const walked = right(trace(ruleset, host, nextPacket(round, flow), n => drawOf(round, flow, n)))
    checksum = mixIn(checksum, walked.outcome, walked.packet, walked.rulesEvaluated)
  }
  return checksum
}

const KNOWN_CONNECTIONS = 256

/** One program, an engine an input: the draws differ by its seed. */
function enginesOf(ruleset: Ruleset): Engine[] {
  const program = right(compile([ruleset]))
  return Array.from({ length: ROTATION }, (_, round) => newEngine(program, { low: SEED_LOW, high: round }))
}

const drawOf = (round: number, flow: number, draw: number): number => draw32(SEED_LOW, round, flow, 0, draw)

interface Connections {
  readonly shape: RulesSize
  readonly ruleset: Ruleset
  readonly host: HostView
  /** The first packet of a flow, always in the same object: from a pod of the node to a Service drawn for the flow. */
  readonly nextPacket: (round: number, flow: number) => Packet
}

function connections(size: BenchSize, family: IpFamily): Connections {
  const shape = SIZES[size]
  const destinations = new Uint32Array(4 * shape.services)
  for (let i = 0; i < shape.services; i++) writeIpWords(parseIp(serviceAddress(family, i))!.value, destinations, 4 * i)
  const source = new Uint32Array(4)
  writeIpWords(parseIp(family === 4 ? '10.244.1.7' : 'fd00:244:1::7')!.value, source, 0)
  const packet = newPacket(family)
  const nextPacket = (round: number, flow: number): Packet => {
    const service = (Math.imul(flow + round, 0x9e3779b1) >>> 0) % shape.services
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
  return { shape, ruleset: makeServiceRules({ family, ...shape }), host: makeHostView(family), nextPacket }
}

const mixIn = (checksum: number, outcome: number, { destination }: Packet, rulesEvaluated: number): number =>
  mix(checksum, outcome + Math.imul(destination[3], 7) + rulesEvaluated)
