/**
 * A whole replay: flows drawn, both hops evaluated, counters merged; every node sees the same rules. A round begins with its threads
 * ready. The run without workers is the twin of those with: they must end in the same checksum, and their ratio is what threads gain.
 */
import { withPool } from '../../src/replay/pool.ts'
import type { ReplayPlan } from '../../src/replay/replay-plan.ts'
import type { Tallies } from '../../src/replay/tallies.ts'
import type { PacketsPerConnection } from '../../src/workload/packets-per-connection.ts'
import type { ServiceShape } from '../../test/make-replay-plan.ts'
import { makeCluster } from '../../test/make-replay-plan.ts'
import { type BenchCase, type BenchSize, type Measured, ROTATION } from '../bench-case.ts'
import { right } from '../right.ts'

interface ReplaySize {
  readonly nodes: number
  /** [Services, endpoints of each] */
  readonly services: readonly (readonly [number, number])[]
  readonly packets: number
}

const SIZES: Readonly<Record<BenchSize, ReplaySize>> = {
  small: { nodes: 20, services: [[10, 3]], packets: 2_000 },
  /** 50 namespaces of 2 Services with 250 endpoints, 13 with 30 and 150 with 5. */
  large: {
    nodes: 5_000,
    services: [
      [100, 250],
      [650, 30],
      [7_500, 5],
    ],
    packets: 20_000_000,
  },
}

export const replayCases: readonly BenchCase[] = [
  {
    name: 'replay with 2 workers',
    unit: 'packets',
    prepare: size => {
      const { packets } = SIZES[size]
      const plans = plansOf(SIZES[size], { kind: 'geometric', mean: 10 })
      return {
        size: `${sizeText(SIZES[size])}, ten packets a connection`,
        items: packets,
        run: round => replay(plans[round], 2, checksumOf),
        naive: { items: packets, run: round => replay(plans[round], 0, checksumOf) },
      }
    },
  },
  // Nine of ten packets are of connections that are known already; in the twin none is.
  {
    name: 'replay established packets, against as many new ones',
    unit: 'packets',
    prepare: size => {
      const shape = { ...SIZES[size], packets: SIZES[size].packets / 4 }
      const [known, fresh] = [10, 1].map(packets => plansOf(shape, { kind: 'fixed', packets }))
      const sent = ({ destinations }: Tallies): number => destinations.packets.reduce((a, b) => a + b, 0)
      return {
        size: `${sizeText(shape)}, ten packets a connection and one`,
        items: shape.packets,
        run: round => replay(known[round], 0, sent),
        naive: { items: shape.packets, run: round => replay(fresh[round], 0, sent) },
      }
    },
  },
]

const sizeText = ({ nodes, services }: ReplaySize): string =>
  `${nodes} nodes, ${services.reduce((sum, [count]) => sum + count, 0)} Services`

const plansOf = (size: ReplaySize, law: PacketsPerConnection): ReplayPlan[] =>
  Array.from({ length: ROTATION }, (_, input) => planOf(size, law, `input ${input}`))

const planOf = (size: ReplaySize, law: PacketsPerConnection, seed: string): ReplayPlan =>
  makeCluster({
    nodes: size.nodes,
    podsPerNode: 30,
    services: servicesOf(size),
    packets: size.packets,
    packetsPerConnection: law,
    detailNodes: [0, Math.floor(size.nodes / 2), size.nodes - 1],
    seed,
  }).plan

const replay = async (plan: ReplayPlan, workers: number, checksum: (tallies: Tallies) => number): Promise<Measured> =>
  right(
    await withPool(workers, pool => async () => {
      const start = performance.now()
      const tallies = right(await pool.replay(plan)())
      const milliseconds = performance.now() - start
      return { _tag: 'Right' as const, right: { checksum: checksum(tallies), milliseconds } }
    })(),
  )

function servicesOf(size: ReplaySize): ServiceShape[] {
  let dealt = 0
  return size.services.flatMap(([count, endpoints]) =>
    Array.from({ length: count }, () => ({
      endpointNodes: Array.from({ length: endpoints }, () => dealt++ % size.nodes),
    })),
  )
}

/** Weighs every counter by its place: a count that moves from one rule or backend to another changes it. */
function checksumOf(tallies: Tallies): number {
  let sum = tallies.total.sum
  const add = (column: Float64Array): void => {
    for (let i = 0; i < column.length; i++) sum = (sum * 31 + column[i] * (i + 1)) % 0xffff_fffb
  }
  for (const family of [tallies.families[4], tallies.families[6]]) {
    if (family === null) continue
    add(family.backendPackets)
    add(family.rules.evaluated)
    add(family.rules.matched)
  }
  add(tallies.destinations.rulesEvaluated)
  return sum
}
