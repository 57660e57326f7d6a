/**
 * Which node of a cluster keeps an address to itself, as its own or its pods': every other one routes it to the uplink. Loopback, which every
 * node keeps, is none's here. Built once a replay; a look-up a distinct prefix length.
 */
import type { HostView } from '../netfilter/host.ts'

/** Answers instead of a node. */
export const NOWHERE = -1
export const MANY = -2

/** The node that keeps the address whose four words begin at `offset`; NOWHERE or MANY. */
export type Whereabouts = (words: Uint32Array, offset: number) => number

export function whereabouts(hosts: readonly HostView[]): Whereabouts {
  const byMask = new Map<string, { readonly mask: Uint32Array; readonly nodes: Map<string | number, number> }>()
  const enter = (mask: Uint32Array, words: Uint32Array, offset: number, node: number): void => {
    const name = mask.join()
    const own = byMask.get(name) ?? { mask, nodes: new Map<string | number, number>() }
    byMask.set(name, own)
    const key = maskedKey(words, offset, mask)
    const known = own.nodes.get(key)
    own.nodes.set(key, known === undefined || known === node ? node : MANY)
  }
  hosts.forEach(({ local, podPrefixes }, node) => {
    for (let at = 0; at < local.length; at += 4) enter(WHOLE, local, at, node)
    for (let at = 0; at < podPrefixes.length; at += 8)
      enter(podPrefixes.subarray(at + 4, at + 8), podPrefixes, at, node)
  })
  const masks = [...byMask.values()]
  return (words, offset) => {
    let found = NOWHERE
    for (const { mask, nodes } of masks) {
      const node = nodes.get(maskedKey(words, offset, mask))
      if (node === undefined) continue
      if (found !== NOWHERE && found !== node) return MANY
      found = node
    }
    return found
  }
}

const WHOLE = new Uint32Array(4).fill(0xffff_ffff)

/** IPv4 addresses lie in the last word alone (net/ip.ts). */
function maskedKey(words: Uint32Array, offset: number, mask: Uint32Array): string | number {
  const last = (words[offset + 3] & mask[3]) >>> 0
  const [a, b, c] = [words[offset] & mask[0], words[offset + 1] & mask[1], words[offset + 2] & mask[2]]
  return a === 0 && b === 0 && c === 0 ? last : `${a} ${b} ${c} ${last}`
}
