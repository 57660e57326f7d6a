/**
 * Runs one case with tinybench: a checked round of each input first, then timed rounds. Times are for the eye; what is compared between
 * machines and commits is the checksum, and the ratio to the naive twin of the same run.
 */
import { Bench } from 'tinybench'
import { type BenchCase, type BenchSize, mix, type PreparedCase, ROTATION, type RunRound } from './bench-case.ts'

export interface BenchRow {
  readonly name: string
  readonly size: string
  readonly unit: string
  readonly items: number
  /** Of all inputs in turn. */
  readonly checksum: number
  /** Items a second in the fastest and in the median round. */
  readonly bestPerSecond: number
  readonly medianPerSecond: number
  readonly rounds: number
  /** How many times the naive twin's best rate this is; absent without a twin. */
  readonly timesNaive?: number
}

/** At least `seconds` and ROTATION rounds of each side. Throws when the twin ends in another checksum. */
export async function runCase(benchCase: BenchCase, size: BenchSize, seconds: number): Promise<BenchRow> {
  const prepared = await benchCase.prepare(size)
  const checksum = await checksumOf(prepared)
  const { naive, items } = prepared
  if (naive !== undefined) await compareTwin(benchCase.name, prepared, naive)
  const bench = new Bench({ time: 1000 * seconds, iterations: ROTATION, warmup: false, throws: true })
  add(bench, 'case', prepared.run, items)
  if (naive !== undefined) add(bench, 'naive', naive.run, naive.items)
  await bench.run()
  const [own, twin] = bench.tasks.map(task => {
    const { result } = task
    if (result.state !== 'completed') throw new Error(`${benchCase.name}: ${task.name} is ${result.state}`)
    return result.latency
  })
  const perSecond = (milliseconds: number): number => (1000 * items) / milliseconds
  return {
    name: benchCase.name,
    size: prepared.size,
    unit: benchCase.unit,
    items,
    checksum,
    bestPerSecond: perSecond(own.min),
    medianPerSecond: perSecond(own.p50),
    rounds: own.samplesCount,
    ...(naive === undefined ? {} : { timesNaive: perSecond(own.min) / ((1000 * naive.items) / twin.min) }),
  }
}

function add(bench: Bench, name: string, run: RunRound, items: number): void {
  let round = 0
  bench.add(name, async () => {
    const measured = await run(round++ % ROTATION, items)
    return typeof measured === 'number' ? undefined : { overriddenDuration: measured.milliseconds }
  })
}

async function roundChecksum(run: RunRound, round: number, items: number): Promise<number> {
  const measured = await run(round, items)
  return typeof measured === 'number' ? measured : measured.checksum
}

async function checksumOf({ run, items }: PreparedCase): Promise<number> {
  let checksum = 0
  for (let round = 0; round < ROTATION; round++) checksum = mix(checksum, await roundChecksum(run, round, items))
  return checksum >>> 0
}

async function compareTwin(
  name: string,
  { run }: PreparedCase,
  naive: NonNullable<PreparedCase['naive']>,
): Promise<void> {
  for (let round = 0; round < ROTATION; round++) {
    const fast = await roundChecksum(run, round, naive.items)
    const slow = await roundChecksum(naive.run, round, naive.items)
    if (fast !== slow) throw new Error(`${name}: round ${round} ends in ${fast}, its naive twin in ${slow}`)
  }
}
