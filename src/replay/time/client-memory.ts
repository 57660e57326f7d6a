/**
 * The clients that one node's rules of one Service port remember over time (ClientIP affinity): a list an endpoint, as the kernel keeps it.
 * iptables mode: xt_recent, 100 clients a list, of whom the one not seen for longest makes room. nftables mode: a set with timeout,
 * 65,535 clients, further ones are not remembered. Beside them stands what a node that forgets nobody would know, to tell who was forgotten.
 */
import {
  RECENT_OPERATION,
  RECENT_STAMPS,
  RecentLists,
  type RecentQuestion,
} from '../../netfilter/memory/recent-lists.ts'
import { DynamicSet } from '../../netfilter/nft/dynamic-set.ts'
import type { ProxyMode } from '../../proxier/proxier-config.ts'
import { DYNAMIC_SET_SIZE } from '../../ruleset/nft-ruleset.ts'
import { SECOND_US, type TimeUs } from '../../sim/time.ts'
import { AddressNumbers } from './address-numbers.ts'

export class ClientMemory {
  /** The node's sync whose rules the lists belong to, and since when it is up. */
  sync: number
  foundUs: TimeUs
  readonly #mode: ProxyMode
  #timeoutUs: TimeUs
  /** What the rules of all endpoints ask. */
  #check: RecentQuestion
  readonly #lists = new Map<number, ClientList>()
  readonly #numbers = new AddressNumbers()
  /** By number of client: the list it was last in, and when. */
  readonly #lastList: number[] = []
  readonly #lastUs: TimeUs[] = []

  constructor(mode: ProxyMode, timeoutUs: TimeUs, sync: number, foundUs: TimeUs) {
    this.#mode = mode
    this.#timeoutUs = timeoutUs
    this.#check = rcheck(timeoutUs)
    this.sync = sync
    this.foundUs = foundUs
  }

  /** Is the client in the endpoint's list? `list` is the number of the endpoint's `address:port`. */
  knows(list: number, client: Uint32Array, nowUs: TimeUs): boolean {
    return this.#lists.get(list)?.knows(client, nowUs, this.#check) === true
  }

  see(list: number, client: Uint32Array, nowUs: TimeUs): void {
    let found = this.#lists.get(list)
    if (found === undefined) {
      found = this.#mode === 'iptables' ? new RecentClients() : new ClientSet(this.#timeoutUs)
      this.#lists.set(list, found)
    }
    found.see(client, nowUs)
    const number = this.#numbers.of(client)
    this.#lastList[number] = list
    this.#lastUs[number] = nowUs
  }

  /** The list where the client was seen within the timeout, forgotten or not; -1: it was not. */
  lastListOf(client: Uint32Array, nowUs: TimeUs): number {
    const number = this.#numbers.of(client)
    const lastUs = this.#lastUs[number]
    return lastUs !== undefined && nowUs - lastUs < this.#timeoutUs ? this.#lastList[number] : -1
  }

  /** The Service has another timeout from now on. iptables mode asks by it; sets that are there keep their own. */
  changeTimeout(timeoutUs: TimeUs): void {
    if (timeoutUs === this.#timeoutUs) return
    this.#timeoutUs = timeoutUs
    this.#check = rcheck(timeoutUs)
  }

  /** Rules without an endpoint are gone with its list; those that are only written anew keep it. */
  keepOnly(lists: ReadonlySet<number>): void {
    for (const list of this.#lists.keys()) if (!lists.has(list)) this.#lists.delete(list)
  }
}

interface ClientList {
  knows(client: Uint32Array, nowUs: TimeUs, check: RecentQuestion): boolean
  see(client: Uint32Array, nowUs: TimeUs): void
}

/** `-m recent --rcheck --seconds T --reap`, and `--set`. */
const rcheck = (timeoutUs: TimeUs): RecentQuestion => ({
  operation: RECENT_OPERATION.rcheck,
  seconds: timeoutUs / SECOND_US,
  hitcount: 0,
  reap: true,
})
const SET: RecentQuestion = { operation: RECENT_OPERATION.set, seconds: 0, hitcount: 0, reap: false }

class RecentClients implements ClientList {
  readonly #lists = new RecentLists([RECENT_STAMPS])

  knows(client: Uint32Array, nowUs: TimeUs, check: RecentQuestion): boolean {
    return this.#lists.holds(0, check, client, nowUs)
  }

  see(client: Uint32Array, nowUs: TimeUs): void {
    this.#lists.holds(0, SET, client, nowUs)
  }
}

/** `ip saddr @affinity-…`, and `update @affinity-… { ip saddr }`. */
class ClientSet implements ClientList {
  readonly #set: DynamicSet
  readonly #key = new Int32Array(4)

  constructor(timeoutUs: TimeUs) {
    this.#set = new DynamicSet(this.#key.length, DYNAMIC_SET_SIZE, timeoutUs)
  }

  knows(client: Uint32Array, nowUs: TimeUs): boolean {
    this.#key.set(client)
    return this.#set.has(this.#key, nowUs)
  }

  see(client: Uint32Array, nowUs: TimeUs): void {
    this.#key.set(client)
    this.#set.add(this.#key, nowUs)
  }
}
