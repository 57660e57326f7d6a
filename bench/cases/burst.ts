/**
 * New connections of one sender through kube-proxy's rules, every counter on: the rate of the whole replay (threads ready, connections counted,
 * counters folded and merged) over destinations drawn beforehand, and drawn inside by Zipf. Twins say how it stands to evaluating one by one,
 * to the roofline loop in the same run, to few Services, to one thread.
 */
import { compile } from '../../src/netfilter/compile.ts'
import { makeHostView } from '../../src/netfilter/testing/make-rules.ts'
import { makeServiceRules, serviceAddress } from '../../src/netfilter/testing/make-service-rules.ts'
import { type Burst, type BurstTallies, newBurst } from '../../src/replay/burst.ts'
import { type ReplayPool, withPool } from '../../src/replay/pool.ts'
import { draw32 } from '../../src/sim/random.ts'
import { choiceTable } from '../../src/workload/choice-table.ts'
import { zipfWeights } from '../../src/workload/zipf-weights.ts'
import { addressWords } from '../address-words.ts'
import { type BenchCase, type BenchSize, type Measured, mix, ROTATION } from '../bench-case.ts'
import { right } from '../right.ts'
import { newRoofline, rooflineTimes } from '../roofline.ts'
import { rooflineOn } from '../roofline-threads.ts'

interface BurstSize {
  /** Destinations drawn beforehand, and how often a round sends to all of them. */
  readonly drawn: number
  readonly times: number
  /** Connections that the slow twin evaluates. */
  readonly evaluated: number
}

const SIZES: Readonly<Record<BenchSize, BurstSize>> = {
  small: { drawn: 4_000, times: 2, evaluated: 500 },
  large: { drawn: 4_000_000, times: 16, evaluated: 100_000 },
}

type Shape = readonly [services: number, endpoints: number]

const SHAPES: Readonly<Record<BenchSize, Readonly<Record<'few' | 'usual' | 'many' | 'five' | 'thousands', Shape>>>> = {
  small: { few: [10, 3], usual: [40, 3], many: [60, 4], five: [1, 5], thousands: [1, 50] },
  large: { few: [100, 5], usual: [10_000, 5], many: [30_000, 10], five: [1, 5], thousands: [1, 5_000] },
}

/** The small size is a smoke test, where starting threads would take most of the time. */
const threads = (size: BenchSize, workers: number): number => (size === 'small' ? 0 : workers)

const nameOf = (shape: keyof (typeof SHAPES)['large']): string => {
  const [services, endpoints] = SHAPES.large[shape]
  return `${services.toLocaleString('en')} x ${endpoints.toLocaleString('en')}`
}

export const burstCases: readonly BenchCase[] = [
  {
    name: `send new connections, ${nameOf('usual')}, uniform`,
    unit: 'connections',
    prepare: size => {
      const bursts = burstsOf(size, 'usual')
      return {
        ...shown(size, 'usual'),
        run: (round, items) => sendOn(threads(size, 2), { ...bursts[round], count: items }, checksumOf),
        naive: {
          items: SIZES[size].evaluated,
          run: (round, items) => sendOn(0, { ...bursts[round], count: items, road: 'evaluate' }, checksumOf),
        },
      }
    },
  },
  {
    name: `send new connections, ${nameOf('usual')}, Zipf drawn inside`,
    unit: 'connections',
    prepare: size => {
      const [services] = SHAPES[size].usual
      const items = Array.from({ length: services }, (_, i) => i)
      const bursts = burstsOf(size, 'usual').map(burst => ({
        ...burst,
        destinations: destinationsOf(services, services, i => i),
        choice: choiceTable(items, zipfWeights(services, 1)),
      }))
      return {
        ...shown(size, 'usual'),
        run: (round, items) => sendOn(threads(size, 2), { ...bursts[round], count: items }, checksumOf),
      }
    },
  },
  ...(['usual', 'many'] as const).map(
    (shape): BenchCase => ({
      name: `share of the roofline, ${nameOf(shape)}`,
      unit: 'connections',
      prepare: size => {
        const bursts = burstsOf(size, shape)
        const rooflines = bursts.map(newRoofline)
        return {
          ...shown(size, shape),
          run: (round, items) => sendOn(0, { ...bursts[round], count: items }, delivered),
          naive: {
            items: SIZES[size].drawn * SIZES[size].times,
            run: (round, items) => items - rooflineTimes(rooflines[round], items / SIZES[size].drawn),
          },
        }
      },
    }),
  ),
  ...(
    [
      ['many', 'few'],
      ['thousands', 'five'],
    ] as const
  ).map(
    ([shape, other]): BenchCase => ({
      name: `share of the rate at ${nameOf(other)}, ${nameOf(shape)}`,
      unit: 'connections',
      prepare: size => {
        const [bursts, others] = [burstsOf(size, shape), burstsOf(size, other)]
        return {
          ...shown(size, shape),
          run: (round, items) => sendOn(0, { ...bursts[round], count: items }, delivered),
          naive: {
            items: SIZES[size].drawn * SIZES[size].times,
            run: (round, items) => sendOn(0, { ...others[round], count: items }, delivered),
          },
        }
      },
    }),
  ),
  {
    name: `gain of the second worker, ${nameOf('usual')}`,
    unit: 'connections',
    prepare: size => {
      const bursts = burstsOf(size, 'usual')
      const { items, ...rest } = shown(size, 'usual')
      return {
        ...rest,
        items,
        run: (round, count) => sendOn(threads(size, 2), { ...bursts[round], count }, checksumOf),
        naive: { items, run: (round, count) => sendOn(threads(size, 1), { ...bursts[round], count }, checksumOf) },
      }
    },
  },
  {
    name: `gain of the roofline's second thread, ${nameOf('usual')}`,
    unit: 'connections',
    prepare: size => {
      const bursts = burstsOf(size, 'usual')
      const { items, ...rest } = shown(size, 'usual')
      const times = (count: number): number => count / SIZES[size].drawn
      return {
        ...rest,
        items,
        run: (round, count) => rooflineOn(threads(size, 2), bursts[round], times(count)),
        naive: { items, run: (round, count) => rooflineOn(threads(size, 1), bursts[round], times(count)) },
      }
    },
  },
]

const shown = (size: BenchSize, shape: keyof (typeof SHAPES)['large']): { size: string; items: number } => {
  const [services, endpoints] = SHAPES[size][shape]
  return { size: `IPv4, ${services} Services x ${endpoints}`, items: SIZES[size].drawn * SIZES[size].times }
}

/** One burst an input: other destinations, other draws. */
function burstsOf(size: BenchSize, shape: keyof (typeof SHAPES)['large']): Burst[] {
  const [services, endpoints] = SHAPES[size][shape]
  const program = right(compile([makeServiceRules({ services, endpoints })]))
  const source = addressWords('10.244.1.7')
  const sender = { view: 0, host: makeHostView(4), orderKey: 0, origin: 1 as const, source }
  const { drawn } = SIZES[size]
  return Array.from({ length: ROTATION }, (_, input) =>
    newBurst(program, sender, {
      seed: { low: 7, high: input },
      flowHigh: 0,
      count: drawn,
      destinations: destinationsOf(services, drawn, i => draw32(8, input, i, 0, 0) % services),
    }),
  )
}

function destinationsOf(services: number, count: number, serviceOf: (i: number) => number): Burst['destinations'] {
  const words = Array.from({ length: services }, (_, s) => addressWords(serviceAddress(4, s))[3])
  const addresses = new Uint32Array(new SharedArrayBuffer(4 * count))
  for (let i = 0; i < count; i++) addresses[i] = words[serviceOf(i)]
  return { addresses, ports: new Uint32Array(new SharedArrayBuffer(4 * count)).fill((6 << 16) | 80) }
}

/** The threads are ready before the clock starts. */
const sendOn = async (
  workers: number,
  burst: Burst,
  checksum: (tallies: BurstTallies) => number,
): Promise<Measured> => {
  const timed = async (pool: ReplayPool): Promise<Measured> => {
    // The first jobs of a thread load its code, and show what of it is worth compiling well.
    for (let i = 0; i < 2; i++) await pool.send({ ...burst, count: Math.ceil(burst.count / 16) })
    const start = performance.now()
    const tallies = await pool.send(burst)
    return { milliseconds: performance.now() - start, checksum: checksum(tallies) }
  }
  return right(await withPool(workers, pool => async () => ({ _tag: 'Right' as const, right: await timed(pool) }))())
}

const delivered = ({ backendConnections }: BurstTallies): number => backendConnections.reduce((a, b) => a + b, 0)

/** Weighs every counter by its place. */
function checksumOf({ rules, backendConnections, outcomes, rulesEvaluated }: BurstTallies): number {
  let sum = rulesEvaluated.sum % 0x7fff_ffff
  for (const column of [rules.matched, rules.evaluated, backendConnections, outcomes])
    for (let i = 0; i < column.length; i++) sum = mix(sum, column[i] % 0x7fff_ffff)
  return sum
}
