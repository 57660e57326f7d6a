/**
 * Pass 2 for one node: when its kube-proxy syncs, and what it knows then. Its changes are the log's with a watch delay each (a watch never
 * overtakes itself), merged with its own sync timer by one loop: no queue, nothing kept per node and change.
 *
 * Models the BoundedFrequencyRunner of kube-proxy 1.34: a change syncs at once, but no sooner than minSyncPeriod after the END of the last
 * sync; without changes one sync an hour. A kube-proxy that starts (its node joins, or comes back from an outage) lists everything and syncs
 * in full. Deviations: syncs never fail; a node's own Node object never changes.
 */
import type { NodeSyncs } from '../../cluster/node-syncs.ts'
import { record } from '../../metrics/histogram.ts'
import { syncDurationUs } from '../../proxier/sync-duration.ts'
import { drawOf, flowState } from '../../sim/random.ts'
import { SECOND_US, type TimeUs } from '../../sim/time.ts'
import { type DelayTable, delayOf } from './delay-table.ts'
import { SyncMeter } from './sync-meter.ts'
import type { TimeTallies } from './time-tallies.ts'
import type { ChangeColumns, SyncPlan, TimedFamily } from './timed-plan.ts'
import { variantOn } from './version-table.ts'

/** Past every change of a watch. */
export const ALL_POSITIONS = 0xffff_ffff

export class NodeSyncer {
  readonly #plan: SyncPlan
  readonly #family: TimedFamily
  readonly #tallies: TimeTallies | undefined
  readonly #meter: SyncMeter
  /** Of each Service: the versions this kube-proxy has heard of. */
  readonly #object: Uint32Array
  readonly #slice: Uint32Array
  /** Of each port: the row that its rules are of; -1: none. */
  readonly #loadedRow: Int32Array
  readonly #loaded: Int32Array
  /** Services that the sync at hand is about. */
  readonly #touchedIn: Uint32Array
  readonly #touched: Uint32Array
  #touchedCount = 0
  #syncNumber = 0
  #node = 0
  #watchState = 0
  #output = newOutput(64)
  #count = 0
  #lastFullUs: TimeUs = 0
  #durations = 0

  /** Without `tallies` nothing is counted. */
  constructor(plan: SyncPlan, family: TimedFamily, tallies?: TimeTallies) {
    const { sync } = plan
    const { table, frame } = family
    this.#plan = plan
    this.#family = family
    this.#tallies = tallies
    this.#meter = new SyncMeter(table, frame, sync.mode, sync.largeClusterEndpoints)
    this.#object = new Uint32Array(table.serviceCount)
    this.#slice = new Uint32Array(table.serviceCount)
    this.#touchedIn = new Uint32Array(table.serviceCount)
    this.#touched = new Uint32Array(table.serviceCount)
    this.#loadedRow = new Int32Array(table.portCount)
    this.#loaded = new Int32Array(table.portCount)
  }

  /** Valid until the next call. */
  syncsOf(node: number): NodeSyncs {
    const { nodes, horizonUs, watchSeed } = this.#plan
    this.#node = node
    this.#count = 0
    this.#durations = 0
    this.#watchState = flowState(watchSeed.low, watchSeed.high, node, 0)
    let startUs = nodes.joinedUs[node]
    for (let o = nodes.outageStart[node]; o < nodes.outageStart[node + 1]; o++) {
      this.#live(startUs, Math.min(nodes.lostUs[o], horizonUs))
      startUs = nodes.foundUs[o]
    }
    if (startUs <= horizonUs) this.#live(startUs, horizonUs)
    const { startUs: starts, endUs, servicePosition, slicePosition, isFull } = this.#output
    const count = this.#count
    return {
      startUs: starts.subarray(0, count),
      endUs: endUs.subarray(0, count),
      servicePosition: servicePosition.subarray(0, count),
      slicePosition: slicePosition.subarray(0, count),
      isFull: isFull.subarray(0, count),
    }
  }

  /** One life of the node's kube-proxy. */
  #live(fromUs: TimeUs, untilUs: TimeUs): void {
    const { services, slices, steps } = this.#family
    const { minSyncPeriodUs } = this.#plan.sync
    const { watch } = this.#plan
    const state = this.#watchState
    this.#object.fill(0)
    this.#slice.fill(0)
    let nextService = 0
    let nextSlice = 0
    let endUs: TimeUs
    if (fromUs === 0) {
      this.#begin(0, 0)
      this.#push(0, 0, positionOf(services, 0), positionOf(slices, 0), true)
      endUs = 0
    } else {
      const listUs = fromUs + this.#proxyStartUs(fromUs)
      if (listUs > untilUs) return
      for (; nextService < services.count && services.timeUs[nextService] <= listUs; nextService++)
        this.#object[services.service[nextService]] = services.version[nextService]
      for (; nextSlice < slices.count && slices.timeUs[nextSlice] <= listUs; nextSlice++)
        this.#slice[slices.service[nextSlice]] = slices.version[nextSlice]
      this.#begin(-1, listUs)
      if (steps !== null) this.#meter.take(steps, slices, 0, nextSlice)
      else for (let s = 0; s < this.#family.table.serviceCount; s++) this.#rewrite(s)
      endUs = this.#sync(listUs, untilUs, nextService, nextSlice, nextSlice, true)
    }
    let serviceUs = arrivalUs(services, nextService, fromUs, watch, state)
    let sliceUs = arrivalUs(slices, nextSlice, fromUs, watch, state)
    while (endUs < untilUs) {
      const startUs = Math.min(Math.max(Math.min(serviceUs, sliceUs), endUs + minSyncPeriodUs), endUs + HOUR_US)
      if (startUs >= untilUs) return
      const firstSlice = nextSlice
      const isFull = startUs - this.#lastFullUs > HOUR_US && !this.#meter.isLarge
      if (steps !== null) {
        while (sliceUs <= startUs) sliceUs = arrivalUs(slices, ++nextSlice, sliceUs, watch, state)
        this.#meter.take(steps, slices, firstSlice, nextSlice)
      } else {
        this.#syncNumber++
        for (; serviceUs <= startUs; serviceUs = arrivalUs(services, ++nextService, serviceUs, watch, state))
          this.#hear(services, nextService, this.#object)
        for (; sliceUs <= startUs; sliceUs = arrivalUs(slices, ++nextSlice, sliceUs, watch, state))
          this.#hear(slices, nextSlice, this.#slice)
        for (let i = 0; i < this.#touchedCount; i++) this.#rewrite(this.#touched[i])
        this.#touchedCount = 0
      }
      endUs = this.#sync(startUs, untilUs, nextService, firstSlice, nextSlice, isFull)
    }
  }

  /** What a new kube-proxy has loaded: all that there is at instant 0 (`loaded` 0), or nothing (-1). */
  #begin(loaded: 0 | -1, timeUs: TimeUs): void {
    const { table, steps } = this.#family
    this.#lastFullUs = timeUs
    if (steps !== null) {
      this.#meter.beginAt(steps, loaded, timeUs)
      return
    }
    for (let p = 0; p < table.portCount; p++) {
      const row = table.rowStart[p]
      this.#loadedRow[p] = loaded < 0 ? -1 : row
      this.#loaded[p] = loaded < 0 ? -1 : variantOn(table, row, this.#node)
    }
    this.#meter.begin(this.#loaded, timeUs)
    this.#touchedCount = 0
  }

  #hear(changes: ChangeColumns, change: number, versions: Uint32Array): void {
    const service = changes.service[change]
    versions[service] = changes.version[change]
    if (this.#touchedIn[service] === this.#syncNumber) return
    this.#touchedIn[service] = this.#syncNumber
    this.#touched[this.#touchedCount++] = service
  }

  #rewrite(service: number): void {
    const { table } = this.#family
    const { rowStart, mapOfRow, sliceStart, portStart } = table
    const columns = sliceStart[service + 1] - sliceStart[service]
    const offset = this.#object[service] * columns + this.#slice[service]
    for (let p = portStart[service]; p < portStart[service + 1]; p++) {
      const row = rowStart[p] + offset
      const before = this.#loadedRow[p]
      const isStep = before === row - 1 && mapOfRow[row] < 0 && mapOfRow[before] < 0
      const variant = variantOn(table, row, this.#node)
      this.#meter.change(this.#loaded[p], variant, isStep)
      this.#loadedRow[p] = row
      this.#loaded[p] = variant
    }
  }

  /** Answers its end; a sync that is cut short never ends. */
  #sync(
    startUs: TimeUs,
    untilUs: TimeUs,
    nextService: number,
    firstSlice: number,
    nextSlice: number,
    isFull: boolean,
  ): TimeUs {
    const { services, slices } = this.#family
    if (isFull) this.#lastFullUs = startUs
    const endUs = startUs + this.#durationUs(startUs, isFull)
    if (endUs <= untilUs) {
      this.#push(startUs, endUs, positionOf(services, nextService), positionOf(slices, nextSlice), isFull)
      this.#note(startUs, endUs, firstSlice, nextSlice, isFull)
    }
    return endUs
  }

  #durationUs(startUs: TimeUs, isFull: boolean): TimeUs {
    const written = this.#meter.finish(startUs, isFull)
    const { fullUs, partialUs, prices, seed } = this.#plan.sync
    const given = isFull ? fullUs : partialUs
    if (given.length === 0) return syncDurationUs(written, prices)
    const state = flowState(seed.low, seed.high, this.#node, this.#family.table.family)
    return Math.max(1, delayOf(given, drawOf(state, this.#durations++)))
  }

  /** Slice changes `firstSlice` … `nextSlice` - 1 came with it. */
  #note(startUs: TimeUs, endUs: TimeUs, firstSlice: number, nextSlice: number, isFull: boolean): void {
    const tallies = this.#tallies
    if (tallies === undefined) return
    const node = this.#node
    const { windowUs } = tallies
    const windowCount = tallies.latency.length
    const window = Math.min(windowCount - 1, Math.floor(endUs / windowUs))
    const tookUs = endUs - startUs
    record(isFull ? tallies.fullSync : tallies.partialSync, Math.min(MOST_US, tookUs), 1)
    ;(isFull ? tallies.nodes.fullSyncs : tallies.nodes.partialSyncs)[node]++
    ;(isFull ? tallies.windows.fullSyncs : tallies.windows.partialSyncs)[window]++
    tallies.nodes.busyUs[node] += tookUs
    tallies.windows.busyUs[window] += tookUs
    const latency = tallies.latency[window]
    const { triggerUs } = this.#family.slices
    let sumUs = 0
    let measured = 0
    for (let k = firstSlice; k < nextSlice; k++) {
      const us = endUs - triggerUs[k]
      if (Number.isNaN(us)) continue
      record(latency, Math.min(MOST_US, us), 1)
      sumUs += us
      measured++
    }
    tallies.nodes.changes[node] += measured
    tallies.nodes.latencyUs[node] += sumUs
  }

  /** From the node's appearance to the listing of everything. */
  #proxyStartUs(fromUs: TimeUs): TimeUs {
    const { proxyStart, startSeed } = this.#plan.nodes
    const state = flowState(startSeed.low, startSeed.high, this.#node, fromUs >>> 0)
    return Math.max(1, delayOf(proxyStart, drawOf(state, 0)))
  }

  #push(startUs: TimeUs, endUs: TimeUs, servicePosition: number, slicePosition: number, isFull: boolean): void {
    if (this.#count === this.#output.endUs.length) this.#output = grown(this.#output)
    const at = this.#count++
    this.#output.startUs[at] = startUs
    this.#output.endUs[at] = endUs
    this.#output.servicePosition[at] = servicePosition
    this.#output.slicePosition[at] = slicePosition
    this.#output.isFull[at] = isFull ? 1 : 0
  }
}

const HOUR_US = 3_600 * SECOND_US

/** The largest value of a histogram, 71 minutes. */
const MOST_US = 0xffff_ffff

/** When a change reaches a node whose watch state this is; never before the change that came last. */
function arrivalUs(
  { count, timeUs, position }: ChangeColumns,
  change: number,
  beforeUs: TimeUs,
  watch: DelayTable,
  state: number,
): TimeUs {
  if (change >= count) return Infinity
  const us = timeUs[change] + delayOf(watch, drawOf(state, position[change]))
  return us > beforeUs ? us : beforeUs
}

/** Of the first change that is not known yet. */
const positionOf = ({ count, position }: ChangeColumns, next: number): number =>
  next < count ? position[next] : ALL_POSITIONS

const newOutput = (size: number): NodeSyncs => ({
  startUs: new Float64Array(size),
  endUs: new Float64Array(size),
  servicePosition: new Uint32Array(size),
  slicePosition: new Uint32Array(size),
  isFull: new Uint8Array(size),
})

function grown(output: NodeSyncs): NodeSyncs {
  const wider = newOutput(2 * output.endUs.length)
  for (const name of ['startUs', 'endUs', 'servicePosition', 'slicePosition', 'isFull'] as const)
    wider[name].set(output[name])
  return wider
}
