/**
 * The lists of `-m recent`, plainly: the slow twin of RecentLists, for trace. xt_recent.c of Linux 6.18 line by line, with Maps.
 */
import type { TimeUs } from '../../sim/time.ts'
import { SECOND_US } from '../../sim/time.ts'

/** Clients a list remembers (ip_list_tot). */
const MOST_CLIENTS = 100

export interface PlainRecentRule {
  readonly operation: 'set' | 'rcheck' | 'update' | 'remove'
  readonly name: string
  readonly seconds?: number
  readonly hitcount?: number
  readonly reap?: boolean
}

interface Client {
  stamps: TimeUs[]
  index: number
}

/** By list name: its clients by address, in the order they were last seen (a Map keeps the order of insertion). */
export type PlainRecent = Map<string, Map<bigint, Client>>

/** `stampsMax`: sightings kept of a client. Answers whether the match holds, not negated. */
export function plainRecentHolds(
  lists: PlainRecent,
  rule: PlainRecentRule,
  address: bigint,
  nowUs: TimeUs,
  stampsMax: number,
): boolean {
  const list = lists.get(rule.name) ?? new Map<bigint, Client>()
  lists.set(rule.name, list)
  const client = list.get(address)
  if (client === undefined) {
    if (rule.operation !== 'set') return false
    if (list.size >= MOST_CLIENTS) list.delete(oldest(list))
    list.set(address, { stamps: [nowUs], index: 1 })
    return true
  }
  const see = (): void => {
    client.index %= stampsMax
    client.stamps[client.index++] = nowUs
    list.delete(address)
    list.set(address, client)
  }
  switch (rule.operation) {
    case 'set':
      see()
      return true
    case 'remove':
      list.delete(address)
      return true
    default: {
      const { seconds = 0, hitcount = 0 } = rule
      const since = nowUs - seconds * SECOND_US
      const hits = client.stamps.filter(stamp => seconds === 0 || stamp >= since).length
      const held = hits >= Math.max(1, hitcount)
      const updates = rule.operation === 'update' && held
      const first = oldest(list)
      const { stamps, index } = list.get(first)!
      if (rule.reap === true && !(first === address && updates) && stamps[index - 1] < since) list.delete(first)
      if (updates) see()
      return held
    }
  }
}

const oldest = (list: ReadonlyMap<bigint, Client>): bigint => list.keys().next().value!
