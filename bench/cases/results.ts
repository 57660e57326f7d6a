/** From counters to files: what threads counted added up, a table written as an Arrow file, a whole scenario without its files. */
import { tableFromArrays, tableFromIPC, tableToIPC } from 'apache-arrow'
import { simulate } from '../../src/app/api.ts'
import { arrowFileOf } from '../../src/arrow/ipc/write-arrow-file.ts'
import { jobsOf } from '../../src/replay/jobs.ts'
import { finishReplay, newReplayer, replayJob } from '../../src/replay/replayer.ts'
import { mergeTallies, type Tallies } from '../../src/replay/tallies.ts'
import { makeCluster } from '../../test/make-replay-plan.ts'
import { type BenchCase, type BenchSize, type Measured, mix, ROTATION } from '../bench-case.ts'

const MERGE_SIZES: Readonly<Record<BenchSize, { readonly services: number; readonly packets: number }>> = {
  small: { services: 20, packets: 2_000 },
  large: { services: 10_000, packets: 400_000 },
}
const NODES = 20
const ENDPOINTS = 5
const THREADS = 2

/** The twin adds counter by counter in a map by name, which needs no knowledge of how tallies are laid out. */
export const mergeCase: BenchCase = {
  name: 'merge the tallies of two threads',
  unit: 'counters',
  prepare: size => {
    const { services, packets } = MERGE_SIZES[size]
    const rounds = Array.from({ length: ROTATION }, (_, input) => {
      const { plan } = makeCluster({
        nodes: NODES,
        podsPerNode: 30,
        services: Array.from({ length: services }, (_, s) => ({
          endpointNodes: Array.from({ length: ENDPOINTS }, (_, e) => (s + e) % NODES),
        })),
        packets,
        seed: `input ${input}`,
      })
      const parts = Array.from({ length: THREADS }, (_, thread) => {
        const replayer = newReplayer(plan)
        jobsOf(plan.traffic).forEach((job, i) => {
          if (i % THREADS === thread) replayJob(replayer, job)
        })
        return finishReplay(replayer)
      })
      return { plan, parts }
    })
    return {
      size: `${services} Services x ${ENDPOINTS}`,
      items: countersOf(rounds[0].parts[0]).length,
      run: round => {
        const { plan, parts } = rounds[round]
        const copies = copyOf(parts)
        const start = performance.now()
        const whole = mergeTallies(plan, copies)
        const milliseconds = performance.now() - start
        return { checksum: countersOf(whole).reduce((sum, [, n]) => mix(sum, n), 0), milliseconds }
      },
      naive: {
        items: countersOf(rounds[0].parts[0]).length,
        run: round => {
          const start = performance.now()
          const sums = new Map<string, number>()
          for (const part of rounds[round].parts)
            for (const [name, n] of countersOf(part)) sums.set(name, (sums.get(name) ?? 0) + n)
          const milliseconds = performance.now() - start
          let checksum = 0
          for (const n of sums.values()) checksum = mix(checksum, n)
          return { checksum, milliseconds }
        },
      },
    }
  },
}

/** With memory of its own, as merging adds to the first part: a structured clone shares counters of rules, as threads do. */
function copyOf<T>(value: T): T {
  if (ArrayBuffer.isView(value)) return (value as unknown as Float64Array).slice() as T
  if (Array.isArray(value)) return value.map(copyOf) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, copyOf(part)])) as T
}

/** The counters of rules and backends, by name. */
function countersOf({ families }: Tallies): [name: string, count: number][] {
  return ([4, 6] as const).flatMap(family => {
    const of = families[family]
    if (of === null) return []
    const { rules, backendConnections, backendPackets } = of
    return Object.entries({ ...rules, backendConnections, backendPackets }).flatMap(([column, counts]) =>
      Array.from(counts, (n, i): [string, number] => [`${family} ${column} ${i}`, n]),
    )
  })
}

const ARROW_ROWS: Readonly<Record<BenchSize, number>> = { small: 2_000, large: 1_000_000 }

/** The twin is the library's own way from arrays to a file; both files are read back for the checksum, outside the time. */
export const arrowCase: BenchCase = {
  name: 'write rows to an Arrow file',
  unit: 'rows',
  prepare: size => {
    const rows = ARROW_ROWS[size]
    const inputs = Array.from({ length: ROTATION }, (_, input) => arrowRows(input, rows))
    return {
      size: `${rows} rows of 4 columns`,
      items: rows,
      run: round => written(() => fileOf(inputs[round])),
      naive: { items: rows, run: round => written(() => tableToIPC(tableFromArrays({ ...inputs[round] }), 'file')) },
    }
  },
}

interface ArrowRows {
  readonly node: Uint32Array
  readonly us: Float64Array
  readonly port: Uint16Array
  readonly pod: string[]
}

const arrowRows = (input: number, rows: number): ArrowRows => ({
  node: Uint32Array.from({ length: rows }, (_, i) => Math.imul(i + input, 0x9e3779b1) >>> 12),
  us: Float64Array.from({ length: rows }, (_, i) => (i + input) / 7),
  port: Uint16Array.from({ length: rows }, (_, i) => (i * (input + 3)) & 0xffff),
  pod: Array.from({ length: rows }, (_, i) => `web-${Math.imul(i + input, 0x85ebca6b) >>> 16}`),
})

function fileOf({ node, us, port, pod }: ArrowRows): Uint8Array {
  const head = { unit: '', description: '' }
  return arrowFileOf(
    {
      name: 'rows',
      version: 1,
      description: '',
      rowCount: node.length,
      columns: [
        { ...head, name: 'node', type: 'uint32', values: node },
        { ...head, name: 'us', type: 'float64', values: us },
        { ...head, name: 'port', type: 'uint16', values: port },
        { ...head, name: 'pod', type: 'utf8', values: pod },
      ],
    },
    {},
  )
}

function written(write: () => Uint8Array): Measured {
  const start = performance.now()
  const bytes = write()
  const milliseconds = performance.now() - start
  const table = tableFromIPC(bytes)
  let checksum = table.numRows
  for (const name of ['node', 'us', 'port']) for (const n of table.getChild(name)!) checksum = mix(checksum, n)
  for (const pod of table.getChild('pod')!) checksum = mix(checksum, pod.length)
  return { checksum, milliseconds }
}

const SCENARIO_PACKETS: Readonly<Record<BenchSize, number>> = { small: 2_000, large: 2_000_000 }

/** Objects, rules, traffic, replay, tables; the twin has no worker threads. */
export const scenarioCase: BenchCase = {
  name: 'run a whole scenario',
  unit: 'packets',
  prepare: size => {
    const items = SCENARIO_PACKETS[size]
    const run = (workers: number) => async (round: number, packets: number) => {
      const { run } = await simulate('smoke', { set: [`traffic.packets=${packets}`], seed: `${round}`, workers })
      return Number.parseInt(run.digest.slice(0, 7), 16)
    }
    const workers = size === 'small' ? 0 : 2
    return { size: `smoke with ${items} packets`, items, run: run(workers), naive: { items, run: run(0) } }
  },
}
