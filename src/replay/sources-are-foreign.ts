/**
 * Whether no sender of the traffic has an address of a node that is not its own, and no two nodes share one: then a packet's source is foreign to
 * every node it comes to from another one. True of every cluster that works; checked, as much rests on it.
 */
import type { IpFamily } from '../net/ip.ts'
import type { HostView } from '../netfilter/host.ts'
import { isLocal } from '../netfilter/route.ts'
import type { TrafficPlan } from '../workload/traffic.ts'

export function sourcesAreForeign(traffic: TrafficPlan, family: IpFamily, hosts: readonly HostView[]): boolean {
  const taken = new Set<number | string>()
  for (const { local, localCount } of hosts)
    for (let at = 0; at < 4 * localCount; at += 4) {
      const key = keyOf(family, local, at)
      if (taken.has(key)) return false
      taken.add(key)
    }
  const senders = [
    traffic.sources[family].podAddress,
    ...traffic.classes.flatMap(c => (c.family === family ? [c.clients] : [])),
  ]
  return senders.every(words => {
    for (let at = 0; at < words.length; at += 4) {
      if (taken.has(keyOf(family, words, at))) return false
      // Loopback addresses are local everywhere.
      if (hosts.length > 0 && isLocal(hosts[0], words.subarray(at, at + 4))) return false
    }
    return true
  })
}

const keyOf = (family: IpFamily, words: Uint32Array, at: number): number | string =>
  family === 4 ? words[at + 3] : `${words[at]} ${words[at + 1]} ${words[at + 2]} ${words[at + 3]}`
