/** The fast road counts what evaluate counts, bit for bit, on any rules: those of its shape and those that are not. */
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { Histogram } from '../metrics/histogram.ts'
import { newHistogram, record } from '../metrics/histogram.ts'
import type { IpFamily } from '../net/ip.ts'
import { parseIp, writeIpWords } from '../net/ip.ts'
import type { Origin } from '../net/packet.ts'
import { newPacket } from '../net/packet.ts'
import type { Ruleset } from '../ruleset/ruleset.ts'
import { compile } from './compile.ts'
import { CHUNK, type Connections, plainCounter, type WayCounter } from './count-ways.ts'
import { simdCounter } from './count-ways-simd.ts'
import type { Engine } from './engine.ts'
import { newEngine } from './engine.ts'
import { evaluate } from './evaluate.ts'
import { foldWays } from './fold-ways.ts'
import { beginNode, endNode } from './node-order.ts'
import type { Program } from './program.ts'
import { type RuleTallies, ruleTallies } from './rule-tallies.ts'
import { makeHostView } from './testing/make-rules.ts'
import { makeServiceRules, serviceAddress } from './testing/make-service-rules.ts'
import { randomPacket, randomViews } from './testing/random-ruleset.ts'
import { type Sender, type WayTable, wayTable, writeFirstPacket } from './way-table.ts'

const RUNS = Number(process.env['SVCSIM_PROPERTY_RUNS'] ?? 400)
const SEED = { low: 0x1234_5678, high: 0x9abc_def0 }
const FLOW_HIGH = 5
/** Flow numbers wrap in their low word, which is the caller's to see to. */
const FLOW_LOW = 0xffff_fff0

interface Counted {
  readonly tallies: RuleTallies
  readonly histogram: Histogram
  /** Connections by outcome, and by DNAT id. */
  readonly outcomes: number[]
  readonly dnats: number[]
}

describe.each([4, 6] as const)('ways, IPv%i', family => {
  it(
    'are counted as evaluate counts, on random rulesets',
    () => {
      fc.assert(
        fc.property(
          randomViews(family),
          fc.array(randomPacket(family), { minLength: 1, maxLength: 40 }),
          fc.nat(2),
          fc.constantFrom<Origin[]>(0, 1, 2),
          fc.constantFrom(0, 77, -5),
          (views, packets, view, origin, orderKey) => {
            const sender = { view, host: makeHostView(family), orderKey, origin, source: packets[0].source }
            const program = right(compile(views))
            const connections = connectionsTo(
              family,
              packets.flatMap(p => [p, p, p]),
            )
            expect(byWays(program, sender, connections)).toEqual(byEvaluate(program, sender, connections))
          },
        ),
        { numRuns: RUNS },
      )
    },
    120_000 + 100 * RUNS,
  )

  it.each([1, 2, 3, 5, 250, 2_000])('knows every Service of %i endpoints, and draws as evaluate does', endpoints => {
    const services = 12
    const ruleset = makeServiceRules({ family, services, endpoints })
    const packet = newPacket(family)
    const connections = connectionsTo(
      family,
      Array.from({ length: 6_000 }, (_, i) => {
        // One in thirteen goes to an address that no Service has.
        writeIpWords(parseIp(serviceAddress(family, i % (services + 1)))!.value, packet.destination, 0)
        return { destination: packet.destination.slice(), protocol: 6, destinationPort: 80 }
      }),
    )
    const sender = podSender(family)
    const program = right(compile([ruleset]))
    expect(byWays(program, sender, connections)).toEqual(byEvaluate(program, sender, connections))
    const table = wayTable(newEngine(program, SEED), sender)
    expect(table.wayCount).toBe(services * endpoints)
    const counter = plainCounter(table, SEED, FLOW_HIGH)
    const missedCount = counter.count(connections, 0, connections.ports.length, 0)
    expect(missedCount).toBe(Math.floor(6_000 / 13))
  })

  it('has no ways for rules without destinations', () => {
    const table = wayTable(
      newEngine(right(compile([{ family, tables: [] } satisfies Ruleset])), SEED),
      podSender(family),
    )
    expect(table.wayCount).toBe(0)
    for (const counter of countersOf(table))
      expect(counter.count(connectionsTo(family, [newPacket(family)]), 0, 1, 0)).toBe(1)
  })
})

const podSender = (family: IpFamily): Sender => {
  const source = new Uint32Array(4)
  writeIpWords(parseIp(family === 4 ? '10.244.1.7' : 'fd00:244:1::7')!.value, source, 0)
  return { view: 0, host: makeHostView(family), orderKey: 0, origin: 1, source }
}

interface To {
  readonly destination: Uint32Array
  readonly protocol: number
  readonly destinationPort: number
}

function connectionsTo(family: IpFamily, to: readonly To[]): Connections {
  const words = family === 4 ? 1 : 4
  const addresses = new Uint32Array(words * to.length)
  to.forEach(({ destination }, i) => {
    addresses.set(destination.subarray(4 - words), words * i)
  })
  return { addresses, ports: Uint32Array.from(to, p => (p.protocol << 16) | p.destinationPort) }
}

function counters(engine: Engine, sender: Sender) {
  const histogram = newHistogram()
  const outcomes: number[] = [0, 0, 0, 0, 0]
  const dnats: number[] = new Array(engine.program.dnatCount).fill(0)
  beginNode(engine, sender.orderKey)
  return {
    taken: (outcome: number, count: number): void => {
      record(histogram, engine.rulesEvaluated, count)
      outcomes[outcome] += count
      if (engine.dnat >= 0) dnats[engine.dnat] += count
    },
    counted: (): Counted => {
      endNode(engine)
      return { tallies: ruleTallies(engine), histogram, outcomes, dnats }
    },
  }
}

/** Connections `which` of the sender, one by one, by evaluate. */
function evaluateEach(
  engine: Engine,
  sender: Sender,
  connections: Connections,
  which: Iterable<number>,
  taken: (outcome: number, count: number) => void,
): void {
  const packet = newPacket(engine.program.family)
  const words = connections.addresses.length / connections.ports.length
  for (const i of which) {
    const to = [0, 0, 0, 0, connections.ports[i]]
    for (let w = 0; w < words; w++) to[4 - words + w] = connections.addresses[words * i + w]
    writeFirstPacket(packet, sender, to, 0)
    packet.flowLow = (FLOW_LOW + i) >>> 0
    packet.flowHigh = FLOW_HIGH
    taken(evaluate(engine, sender.view, sender.host, sender.orderKey, packet, 1), 1)
  }
}

function byEvaluate(program: Program, sender: Sender, connections: Connections): Counted {
  const engine = newEngine(program, SEED)
  const { taken, counted } = counters(engine, sender)
  evaluateEach(engine, sender, connections, connections.ports.keys(), taken)
  return counted()
}

/** The plain counter and, for IPv4, the one in WebAssembly, which must agree connection by connection. */
const countersOf = (table: WayTable): WayCounter[] => [
  plainCounter(table, SEED, FLOW_HIGH),
  ...(table.family === 4 ? [simdCounter(table, SEED, FLOW_HIGH)!] : []),
]

function byWays(program: Program, sender: Sender, connections: Connections): Counted {
  const count = connections.ports.length
  const table = wayTable(newEngine(program, SEED), sender)
  const engine = newEngine(program, SEED)
  const { taken, counted } = counters(engine, sender)
  const [plain, ...others] = countersOf(table)
  // Parts of uneven lengths: the loop of four at a time has its ends.
  const middle = Math.min(CHUNK, count >> 1)
  for (const [from, to] of [
    [0, middle],
    [middle, count],
  ]) {
    const missed = plain.missed.slice(0, plain.count(connections, from, to, FLOW_LOW))
    for (const other of others)
      expect(other.missed.slice(0, other.count(connections, from, to, FLOW_LOW))).toEqual(missed)
    evaluateEach(engine, sender, connections, missed, taken)
  }
  for (const other of others) expect(other.cells).toEqual(plain.cells)
  const half = table.wayCount >> 1
  foldWays(engine, sender, table, plain.cells, 0, half, taken)
  foldWays(engine, sender, table, plain.cells, half, table.wayCount, taken)
  return counted()
}

function right<A>(either: E.Either<unknown, A>): A {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left))
  return either.right
}
