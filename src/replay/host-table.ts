/**
 * The hosts of all nodes for one IP family, flat on shared buffers: 5,000 nodes reach a worker as five arrays, not as 5,000 objects.
 * Every HostView a worker makes of it is a window on them; what routing looks at lies side by side.
 */
import type { IpFamily } from '../net/ip.ts'
import type { HostView } from '../netfilter/host.ts'
import { interfaceRedirects } from '../netfilter/interface-redirects.ts'
import { interfaceSources } from '../netfilter/interface-sources.ts'

export interface HostTable {
  readonly family: IpFamily
  /**
   * Words of node n are start[n] … start[n + 1] - 1: its addresses, the primary one first, four words each, then its pod prefixes,
   * four words of network and four of mask each.
   */
  readonly words: Uint32Array
  readonly start: Uint32Array
  readonly localCount: Uint32Array
  /** Distinct interface names, and each node's two as places in it. */
  readonly interfaceNames: readonly string[]
  readonly uplink: Uint32Array
  readonly podInterface: Uint32Array
}

/** `views[n]` is node n's; all of one family. */
export function hostTable(family: IpFamily, views: readonly HostView[]): HostTable {
  const start = startsOf(views.map(v => 4 * v.localCount + 8 * v.podPrefixCount))
  const table: HostTable = {
    family,
    words: sharedWords(start[views.length]),
    start,
    localCount: sharedWords(views.length),
    interfaceNames: [...new Set(views.flatMap(v => [v.uplinkName, v.podInterfaceName]))],
    uplink: sharedWords(views.length),
    podInterface: sharedWords(views.length),
  }
  const placeOfName = new Map(table.interfaceNames.map((name, i) => [name, i]))
  views.forEach((view, n) => {
    if (view.family !== family) throw new Error(`hostTable: node ${n} is of family ${view.family}, not ${family}`)
    table.words.set(view.local, start[n])
    table.words.set(view.podPrefixes, start[n] + 4 * view.localCount)
    table.localCount[n] = view.localCount
    table.uplink[n] = placeOfName.get(view.uplinkName)!
    table.podInterface[n] = placeOfName.get(view.podInterfaceName)!
  })
  return table
}

/** The views of all nodes, in node order. */
export function hostViews({
  family,
  words,
  start,
  localCount,
  interfaceNames,
  uplink,
  podInterface,
}: HostTable): HostView[] {
  return Array.from(uplink, (uplinkPlace, n) => {
    const prefixStart = start[n] + 4 * localCount[n]
    const local = words.subarray(start[n], prefixStart)
    const primary = localCount[n] === 0 ? new Uint32Array(4) : local.subarray(0, 4)
    return {
      family,
      primary,
      sources: interfaceSources(primary, NONE, NONE),
      redirects: interfaceRedirects(family, local, NONE, NONE),
      loopback: NONE,
      localCount: localCount[n],
      local,
      podPrefixCount: (start[n + 1] - prefixStart) / 8,
      podPrefixes: words.subarray(prefixStart, start[n + 1]),
      uplinkName: interfaceNames[uplinkPlace],
      podInterfaceName: interfaceNames[podInterface[n]],
    }
  })
}

function startsOf(counts: readonly number[]): Uint32Array {
  const starts = sharedWords(counts.length + 1)
  counts.forEach((count, n) => {
    starts[n + 1] = starts[n] + count
  })
  return starts
}

/** Nodes of a run have no addresses on lo, and none of their own towards their pods. */
const NONE = new Uint32Array(0)

const sharedWords = (count: number): Uint32Array => new Uint32Array(new SharedArrayBuffer(4 * count))
