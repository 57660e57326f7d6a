/** Where a node's routes send an address: itself, its pods, or the uplink (the default route). Loopback is the node itself. */
import type { HostView } from './host.ts'
import { INTERFACE } from './interface.ts'

/** INTERFACE.lo, pod or uplink for the address in `words`. */
export function routeOf(host: HostView, words: Uint32Array): number {
  if (isLocal(host, words)) return INTERFACE.lo
  const { podPrefixes } = host
  for (let at = 0; at < 8 * host.podPrefixCount; at += 8)
    if (
      ((words[3] & podPrefixes[at + 7]) ^ podPrefixes[at + 3]) === 0 &&
      ((words[2] & podPrefixes[at + 6]) ^ podPrefixes[at + 2]) === 0 &&
      ((words[1] & podPrefixes[at + 5]) ^ podPrefixes[at + 1]) === 0 &&
      ((words[0] & podPrefixes[at + 4]) ^ podPrefixes[at]) === 0
    )
      return INTERFACE.pod
  return INTERFACE.uplink
}

/**
 * Whether a packet to this address of the node itself, masqueraded, comes from that address: IPv4's inet_select_addr prefers it where it is
 * an address of `lo`, IPv6's source selection always (RFC 6724, rule 1).
 */
export function answersAsItself(host: HostView, words: Uint32Array): boolean {
  if (host.family === 6) return true
  const { loopback } = host
  for (let at = 3; at < loopback.length; at += 4) if (loopback[at] === words[3]) return true
  return false
}

/** What `addrtype LOCAL` asks. */
export function isLocal(host: HostView, words: Uint32Array): boolean {
  const last = words[3]
  if (host.family === 4) {
    if (last >>> 24 === 127) return true
    for (let at = 3; at < 4 * host.localCount; at += 4) if (host.local[at] === last) return true
    return false
  }
  if (last === 1 && words[2] === 0 && words[1] === 0 && words[0] === 0) return true
  for (let at = 0; at < 4 * host.localCount; at += 4)
    if (
      host.local[at + 3] === last &&
      host.local[at + 2] === words[2] &&
      host.local[at + 1] === words[1] &&
      host.local[at] === words[0]
    )
      return true
  return false
}
