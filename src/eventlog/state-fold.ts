/**
 * The fold of a log's batches into a state, the same as `applyEvent` gives event by event (its judge, in the tests). Most
 * events of a log are replaced by later ones: while batches go by, it is only noted which row speaks for an object last, and objects
 * are made of those rows alone.
 */
import { applyEvent, type ClusterState, emptyState } from '../cluster/cluster-state.ts'
import type { ClusterObject } from '../cluster/objects.ts'
import type { TimeUs } from '../sim/time.ts'
import type { EventRows } from './event-batch.ts'
import { decodingFault } from './event-stream.ts'
import { KeySlots } from './key-slots.ts'
import type { IndexRecord } from './log-index.ts'

/** An append that holds an event whose object cannot be made, and why. */
export interface Unmade {
  readonly record: IndexRecord
  readonly fault: string
}

/** Batches are kept until their objects are made, which is done once they take more than this. */
const MOST_KEPT_BYTES = 64 * 2 ** 20

/** In place of a batch's number: the object is made. */
const MADE = -1
/** The object is deleted, or was added anew and has a later slot. */
const GONE = -2

interface KeptBatch {
  readonly rows: EventRows
  readonly record: IndexRecord
  /** Slots whose last row is in it. */
  slotCount: number
}

export class StateFold {
  /** In order of creation. */
  private slots = new KeySlots(1024)
  /** By slot: where its last row is, and when its object came to be. */
  private batches = new Int32Array(1024)
  private rows = new Int32Array(1024)
  private createdUs = new Float64Array(1024)
  private objects: (ClusterObject | undefined)[] = []
  /** By batch; one that no slot looks into any more is dropped. */
  private kept: (KeptBatch | undefined)[] = []
  private keptBytes = 0
  private readonly mostKeptBytes: number

  constructor(mostKeptBytes = MOST_KEPT_BYTES) {
    this.mostKeptBytes = mostKeptBytes
  }

  /** Applies the events of an append that come before `position` and not after `toUs`. */
  add(rows: EventRows, record: IndexRecord, position: number, toUs: TimeUs): void {
    const kept: KeptBatch = { rows, record, slotCount: 0 }
    const batch = this.kept.push(kept) - 1
    this.keptBytes += record.length
    const { rowCount, sequence, timeUs } = rows
    for (let row = 0; row < rowCount; row++)
      if (sequence[row] < position && timeUs[row] <= toUs) this.note(kept, batch, row)
    if (kept.slotCount === 0) this.drop(batch, kept)
  }

  /** Makes objects when the batches that are kept for that take much memory. */
  settleWhenLarge(): Unmade | undefined {
    return this.keptBytes > this.mostKeptBytes ? this.settle() : undefined
  }

  state(): ClusterState | Unmade {
    const unmade = this.settle()
    if (unmade !== undefined) return unmade
    const state = emptyState()
    for (let slot = 0; slot < this.slots.count; slot++) {
      const object = this.objects[slot]
      if (object !== undefined)
        applyEvent(state, { sequence: slot, timeUs: this.createdUs[slot], type: 'ADDED', object })
    }
    return state
  }

  private note(kept: KeptBatch, batch: number, row: number): void {
    if (this.slots.count === this.slots.capacity) this.compact()
    const { rows } = kept
    const entry = this.slots.entryOf(rows, row)
    const known = this.slots.slotAt(entry)
    const lives = known >= 0 && this.batches[known] !== GONE
    const type = rows.type(row)
    if (lives) this.replace(known, type === 'MODIFIED' ? batch : GONE)
    if (type === 'DELETED') return
    const slot = lives && type === 'MODIFIED' ? known : this.create(entry, batch, rows.timeUs[row])
    this.rows[slot] = row
    kept.slotCount++
  }

  private create(entry: number, batch: number, timeUs: TimeUs): number {
    const slot = this.slots.create(entry)
    this.batches[slot] = batch
    this.createdUs[slot] = timeUs
    this.objects[slot] = undefined
    return slot
  }

  /** What `slot` looked into is history. */
  private replace(slot: number, batch: number): void {
    const before = this.batches[slot]
    this.batches[slot] = batch
    this.objects[slot] = undefined
    if (before === MADE) return
    const kept = this.kept[before]!
    // The newest batch is still being read.
    if (--kept.slotCount === 0 && before < this.kept.length - 1) this.drop(before, kept)
  }

  private drop(batch: number, { record }: KeptBatch): void {
    this.kept[batch] = undefined
    this.keptBytes -= record.length
  }

  private settle(): Unmade | undefined {
    const { batches, rows, objects, kept } = this
    let batch = 0
    const fault = decodingFault(() => {
      for (let slot = 0; slot < this.slots.count; slot++) {
        batch = batches[slot]
        if (batch < 0) continue
        objects[slot] = kept[batch]!.rows.object(rows[slot])
        batches[slot] = MADE
      }
    })
    if (fault !== undefined) return { record: kept[batch]!.record, fault }
    this.kept = []
    this.keptBytes = 0
    return undefined
  }

  /** Leaves out the slots that are gone; doubles the room unless most were. */
  private compact(): void {
    const { slots, batches, rows, createdUs, objects } = this
    const live: number[] = []
    for (let slot = 0; slot < slots.count; slot++) if (batches[slot] !== GONE) live.push(slot)
    const capacity = live.length * 2 > slots.capacity ? slots.capacity * 2 : slots.capacity
    this.slots = slots.rebuilt(capacity, slot => batches[slot] !== GONE)
    this.batches = new Int32Array(capacity)
    this.rows = new Int32Array(capacity)
    this.createdUs = new Float64Array(capacity)
    this.objects = live.map(slot => objects[slot])
    for (const [slot, before] of live.entries()) {
      this.batches[slot] = batches[before]
      this.rows[slot] = rows[before]
      this.createdUs[slot] = createdUs[before]
    }
  }
}
