/**
 * Speed of a whole replay: flows drawn, both hops evaluated, counters merged. `node bench/replay.bench.ts` runs the large size:
 * 5,000 nodes, 8,250 Services in front of 82,000 endpoints, 20 M packets in 2 M connections, one view of the rules shared by all nodes.
 * The row with 0 workers (this thread) is the baseline; every row must end in the same checksum.
 */
import * as E from 'fp-ts/lib/Either.js'
import { describeProblem } from '../src/problem/problem.ts'
import { withPool } from '../src/replay/pool.ts'
import type { Tallies } from '../src/replay/tallies.ts'
import type { ServiceShape } from '../test/make-replay-plan.ts'
import { makeCluster } from '../test/make-replay-plan.ts'

export interface ReplaySize {
  readonly nodes: number
  /** [Services, endpoints of each] */
  readonly services: readonly (readonly [number, number])[]
  readonly packets: number
}

export interface ReplayRow {
  readonly workers: number
  readonly connections: number
  readonly wallMs: number
  /** Of all threads: what other programs on the machine take from the wall time does not count here. */
  readonly cpuMs: number
  /** Threads started and ready; paid once for all runs of a sweep. */
  readonly startMs: number
  readonly checksum: number
}

export const SMALL: ReplaySize = { nodes: 20, services: [[10, 3]], packets: 2_000 }

/** 50 namespaces of 2 Services with 250 endpoints, 13 with 30 and 150 with 5. */
export const LARGE: ReplaySize = {
  nodes: 5_000,
  services: [
    [100, 250],
    [650, 30],
    [7_500, 5],
  ],
  packets: 20_000_000,
}

/** Runs the same plan with each number of workers. */
export async function replayBench(size: ReplaySize, workerCounts: readonly number[]): Promise<ReplayRow[]> {
  const { plan } = makeCluster({
    nodes: size.nodes,
    podsPerNode: 30,
    services: servicesOf(size),
    packets: size.packets,
    packetsPerConnection: { kind: 'geometric', mean: 10 },
    detailNodes: [0, Math.floor(size.nodes / 2), size.nodes - 1],
  })
  const rows: ReplayRow[] = []
  for (const workers of workerCounts) {
    const begun = performance.now()
    const row = await withPool(workers, pool => async () => {
      const ready = performance.now()
      const cpuBefore = process.cpuUsage()
      const tallies = await pool.replay(plan)()
      const wallMs = performance.now() - ready
      const { user, system } = process.cpuUsage(cpuBefore)
      const { connections } = plan.traffic
      const measured = { workers, connections, wallMs, cpuMs: (user + system) / 1_000, startMs: ready - begun }
      return E.map((t: Tallies) => ({ ...measured, checksum: checksumOf(t) }))(tallies)
    })()
    if (E.isLeft(row)) throw new Error(describeProblem(row.left))
    rows.push(row.right)
  }
  return rows
}

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

if (import.meta.main)
  for (const row of await replayBench(LARGE, [0, 1, 2, 0, 1, 2])) {
    const rate = row.connections / row.wallMs / 1_000
    console.log(
      `${row.workers} workers: ${row.connections} connections in ${Math.round(row.wallMs)} ms ` +
        `(${rate.toFixed(2)} M/s; ${Math.round(row.cpuMs)} ms of CPU; threads ready after ${Math.round(row.startMs)} ms), checksum ${row.checksum}`,
    )
  }
