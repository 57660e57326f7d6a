/**
 * The lists of `-m recent` on one node: who was seen, when. Typed arrays a list, made when its first client comes; nothing is allocated
 * afterwards. Lists belong to names, not to rules.
 *
 * Models xt_recent.c of Linux 6.18 with its defaults: 100 clients a list (ip_list_tot), of which the one not seen for longest makes room;
 * per client the last 32 sightings, or as many as the largest --hitcount rounds up to. Deviates: a jiffy is a microsecond.
 */
import type { TimeUs } from '../../sim/time.ts'
import { SECOND_US } from '../../sim/time.ts'

/** Clients a list remembers: xt_recent's parameter ip_list_tot. */
export const RECENT_CLIENTS = 100

/** Sightings per client unless a rule counts more. */
export const RECENT_STAMPS = 32

export const RECENT_OPERATION = { set: 0, rcheck: 1, update: 2, remove: 3 } as const

export interface RecentQuestion {
  /** RECENT_OPERATION */
  readonly operation: number
  /** 0: any time. */
  readonly seconds: number
  /** 0: once is enough. */
  readonly hitcount: number
  readonly reap: boolean
}

export class RecentLists {
  readonly #lists: (RecentList | undefined)[]
  readonly #stamps: readonly number[]

  /** `stampsOf`: per list the sightings it keeps of a client, a power of two. */
  constructor(stampsOf: readonly number[]) {
    this.#stamps = stampsOf
    this.#lists = new Array(stampsOf.length).fill(undefined)
  }

  /** Whether the match holds for the address in `words` (already masked), not negated; sets, updates and removes on the way. */
  holds(list: number, question: RecentQuestion, words: Uint32Array, nowUs: TimeUs): boolean {
    let found = this.#lists[list]
    if (found === undefined) {
      if (question.operation !== RECENT_OPERATION.set) return false
      found = new RecentList(this.#stamps[list])
      this.#lists[list] = found
    }
    return found.holds(question, words, nowUs)
  }
}

class RecentList {
  readonly #stampsMax: number
  readonly #addresses = new Uint32Array(4 * RECENT_CLIENTS)
  readonly #stamps: Float64Array
  /** Per client: sightings kept, and where the next one goes. */
  readonly #count = new Uint16Array(RECENT_CLIENTS)
  readonly #next = new Uint16Array(RECENT_CLIENTS)
  /** Clients from the one seen longest ago to the one seen last. */
  readonly #order = new Uint8Array(RECENT_CLIENTS)
  #clients = 0

  constructor(stampsMax: number) {
    this.#stampsMax = stampsMax
    this.#stamps = new Float64Array(stampsMax * RECENT_CLIENTS)
  }

  holds({ operation, seconds, hitcount, reap }: RecentQuestion, words: Uint32Array, nowUs: TimeUs): boolean {
    const place = this.#find(words)
    if (place < 0) {
      if (operation !== RECENT_OPERATION.set) return false
      this.#add(words, nowUs)
      return true
    }
    if (operation === RECENT_OPERATION.set) {
      this.#see(place, nowUs)
      return true
    }
    if (operation === RECENT_OPERATION.remove) {
      this.#remove(place)
      return true
    }
    const sinceUs = nowUs - seconds * SECOND_US
    const client = this.#order[place]
    const held = this.#seenSince(client, seconds === 0 ? Number.NEGATIVE_INFINITY : sinceUs, hitcount)
    const updates = operation === RECENT_OPERATION.update && held
    // Reaping takes the client not seen for longest, unless it is the one being updated.
    let seenAt = place
    if (reap && !(place === 0 && updates) && this.#lastSeen(this.#order[0]) < sinceUs) {
      this.#remove(0)
      seenAt--
    }
    if (updates) this.#see(seenAt, nowUs)
    return held
  }

  /** The place in the order of the client with this address, or -1. */
  #find(words: Uint32Array): number {
    for (let place = 0; place < this.#clients; place++) {
      const at = 4 * this.#order[place]
      if (
        this.#addresses[at + 3] === words[3] &&
        this.#addresses[at + 2] === words[2] &&
        this.#addresses[at + 1] === words[1] &&
        this.#addresses[at] === words[0]
      )
        return place
    }
    return -1
  }

  #seenSince(client: number, sinceUs: TimeUs, hitcount: number): boolean {
    let hits = 0
    const from = client * this.#stampsMax
    for (let i = 0; i < this.#count[client]; i++)
      if (this.#stamps[from + i] >= sinceUs && ++hits >= Math.max(1, hitcount)) return true
    return false
  }

  #lastSeen(client: number): TimeUs {
    return this.#stamps[client * this.#stampsMax + this.#next[client] - 1]
  }

  #add(words: Uint32Array, nowUs: TimeUs): void {
    if (this.#clients === RECENT_CLIENTS) this.#remove(0)
    // Clients that were removed stand behind the order's end; the first ones stand there by number.
    const client = this.#clients === this.#made ? this.#made++ : this.#order[this.#clients]
    this.#order[this.#clients++] = client
    this.#addresses.set(words, 4 * client)
    this.#stamps[client * this.#stampsMax] = nowUs
    this.#count[client] = 1
    this.#next[client] = 1
  }

  #made = 0

  #see(place: number, nowUs: TimeUs): void {
    const client = this.#order[place]
    const at = this.#next[client] & (this.#stampsMax - 1)
    this.#stamps[client * this.#stampsMax + at] = nowUs
    this.#next[client] = at + 1
    if (at + 1 > this.#count[client]) this.#count[client] = at + 1
    this.#order.copyWithin(place, place + 1, this.#clients)
    this.#order[this.#clients - 1] = client
  }

  #remove(place: number): void {
    const client = this.#order[place]
    this.#order.copyWithin(place, place + 1, this.#clients)
    this.#order[--this.#clients] = client
  }
}
