/**
 * How full one node's connection table is, and what becomes of a new connection when it is: entries by bucket, with the instants at which they
 * close and expire. For runs that know a connection's life beforehand; conntrack.ts is the table that works it out packet by packet.
 *
 * Models nf_conntrack_core.c of Linux 6.18: an expired entry counts until somebody passes its bucket or the collector comes (gc_worker: every
 * mean of the remaining times, 1 to 60 s). A full table looks for unassured entries in eight buckets (early_drop), else drops the packet, and has
 * the collector's next scan take closing and unassured entries too while more than 95 % are left. Deviations: tuples are never used twice, and a
 * scan takes no time. Sizes: a scan is a walk of all buckets, 262,144 as on a machine of more than 4 GiB.
 */
import { SECOND_US, type TimeUs } from '../../sim/time.ts'
import { grownArray } from './grown-array.ts'

export const BUCKET_BITS = 18
const BUCKETS = 1 << BUCKET_BITS
/** NF_CT_EVICTION_RANGE */
const EVICTION_RANGE = 8
/** GC_SCAN_INTERVAL_MIN, …_MAX, …_CLAMP and GC_SCAN_INITIAL_COUNT. */
const SCAN_MIN_US = SECOND_US
const SCAN_MAX_US = 60 * SECOND_US
const SCAN_CLAMP_US = 300 * SECOND_US
const SCAN_INITIAL_COUNT = 100

export class EntryTable {
  readonly max: number
  /** Entries, expired ones that nobody has seen yet among them. */
  count = 0
  /** The most there ever were. */
  peak = 0
  /** Entries given up for others: by early_drop, and by the collector. */
  earlyDrops = 0
  /** Handle 2 e + d is entry e's tuple of direction d; -1 ends a bucket. */
  readonly #heads = new Int32Array(BUCKETS).fill(-1)
  #next = new Int32Array(128)
  #bucket = new Int32Array(128)
  #closesUs = new Float64Array(64)
  #expiresUs = new Float64Array(64)
  #assured = new Uint8Array(64)
  #free: number[] = []
  #used = 0
  #scanUs: TimeUs = SECOND_US
  #takesMore = false

  constructor(max: number) {
    this.max = max
  }

  /** A packet begins a connection whose tuples lie in these buckets. False: the table is full, and it is dropped. Time never goes back. */
  admits(original: number, reply: number, nowUs: TimeUs): boolean {
    this.#collect(nowUs)
    this.#pass(original, nowUs)
    if (this.count >= this.max && !this.#dropEarly(original, nowUs)) {
      this.#takesMore = true
      return false
    }
    this.#pass(reply, nowUs)
    return true
  }

  /** It left the node and is remembered. `closesUs`: from when on the collector of a full table may take it though it is assured. */
  insert(original: number, reply: number, closesUs: TimeUs, expiresUs: TimeUs, isAssured: boolean): void {
    const entry = this.#free.pop() ?? this.#used++
    if (entry >= this.#assured.length) this.#grow()
    this.#closesUs[entry] = closesUs
    this.#expiresUs[entry] = expiresUs
    this.#assured[entry] = isAssured ? 1 : 0
    this.#chain(2 * entry, original)
    this.#chain(2 * entry + 1, reply)
    if (++this.count > this.peak) this.peak = this.count
  }

  /** The machine starts anew. */
  clear(): void {
    this.#heads.fill(-1)
    this.#free = []
    this.#used = 0
    this.count = 0
  }

  #chain(handle: number, bucket: number): void {
    this.#bucket[handle] = bucket
    this.#next[handle] = this.#heads[bucket]
    this.#heads[bucket] = handle
  }

  #unchain(handle: number): void {
    const bucket = this.#bucket[handle]
    if (this.#heads[bucket] === handle) {
      this.#heads[bucket] = this.#next[handle]
      return
    }
    let before = this.#heads[bucket]
    while (this.#next[before] !== handle) before = this.#next[before]
    this.#next[before] = this.#next[handle]
  }

  #remove(entry: number): void {
    this.#unchain(2 * entry)
    this.#unchain(2 * entry + 1)
    this.#free.push(entry)
    this.count--
  }

  /** Whoever looks through a bucket removes what has expired. */
  #pass(bucket: number, nowUs: TimeUs): void {
    for (let handle = this.#heads[bucket]; handle >= 0; ) {
      const entry = handle >> 1
      handle = this.#nextOther(handle)
      if (this.#expiresUs[entry] <= nowUs) this.#remove(entry)
    }
  }

  /** The next handle of the bucket that is not the same entry's: this one may go. */
  #nextOther(handle: number): number {
    let next = this.#next[handle]
    while (next >= 0 && next >> 1 === handle >> 1) next = this.#next[next]
    return next
  }

  #dropEarly(original: number, nowUs: TimeUs): boolean {
    for (let i = 0; i < EVICTION_RANGE; i++) {
      let dropped = 0
      for (let handle = this.#heads[(original + i) & (BUCKETS - 1)]; handle >= 0; ) {
        const entry = handle >> 1
        handle = this.#nextOther(handle)
        const isExpired = this.#expiresUs[entry] <= nowUs
        if (!isExpired && this.#assured[entry] === 1) continue
        this.#remove(entry)
        if (!isExpired) dropped++
      }
      this.earlyDrops += dropped
      if (dropped > 0) return true
    }
    return false
  }

  /** All scans that were due by now. */
  #collect(nowUs: TimeUs): void {
    while (this.#scanUs <= nowUs) this.#scan()
  }

  #scan(): void {
    const nowUs = this.#scanUs
    const keep = this.#takesMore ? Math.floor(this.max / 100) * 95 : Infinity
    let meanUs = SCAN_MAX_US
    let seen = SCAN_INITIAL_COUNT
    this.#takesMore = false
    for (let bucket = 0; this.count > 0 && bucket < BUCKETS; bucket++)
      for (let handle = this.#heads[bucket]; handle >= 0; ) {
        const entry = handle >> 1
        handle = this.#nextOther(handle)
        const leftUs = this.#expiresUs[entry] - nowUs
        if (leftUs <= 0) {
          this.#remove(entry)
          continue
        }
        meanUs += (Math.min(SCAN_CLAMP_US, Math.max(SCAN_MIN_US, leftUs)) - meanUs) / ++seen
        if (this.count < keep || (this.#assured[entry] === 1 && this.#closesUs[entry] > nowUs)) continue
        this.#remove(entry)
        this.earlyDrops++
      }
    this.#scanUs += Math.round(Math.min(SCAN_MAX_US, Math.max(SCAN_MIN_US, meanUs)))
  }

  #grow(): void {
    const size = 2 * this.#assured.length
    this.#next = grownArray(this.#next, new Int32Array(2 * size))
    this.#bucket = grownArray(this.#bucket, new Int32Array(2 * size))
    this.#closesUs = grownArray(this.#closesUs, new Float64Array(size))
    this.#expiresUs = grownArray(this.#expiresUs, new Float64Array(size))
    this.#assured = grownArray(this.#assured, new Uint8Array(size))
  }
}
