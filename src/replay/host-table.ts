/**
 * The hosts of all nodes for one IP family, flat on shared buffers: 5,000 nodes reach a worker as eight arrays, not as 5,000 objects.
 * Every HostView a worker makes from it is a window on those arrays.
 */
import type { IpFamily } from '../net/ip.ts'
import type { HostView } from '../netfilter/host.ts'

export interface HostTable {
  readonly family: IpFamily
  /** Addresses of node n are localStart[n] … localStart[n + 1] - 1, the primary one first; four words each. */
  readonly localStart: Uint32Array
  readonly local: Uint32Array
  /** Likewise its pod prefixes: four words of network and four of mask each. */
  readonly podPrefixStart: Uint32Array
  readonly podPrefixes: Uint32Array
  /** Distinct interface names, and each node's two as places in it. */
  readonly interfaceNames: readonly string[]
  readonly uplink: Uint32Array
  readonly podInterface: Uint32Array
}

/** `views[n]` is node n's; all of one family. */
export function hostTable(family: IpFamily, views: readonly HostView[]): HostTable {
  const localStart = startsOf(views.map(v => v.localCount))
  const podPrefixStart = startsOf(views.map(v => v.podPrefixCount))
  const table: HostTable = {
    family,
    localStart,
    local: sharedWords(4 * localStart[views.length]),
    podPrefixStart,
    podPrefixes: sharedWords(8 * podPrefixStart[views.length]),
    interfaceNames: [...new Set(views.flatMap(v => [v.uplinkName, v.podInterfaceName]))],
    uplink: sharedWords(views.length),
    podInterface: sharedWords(views.length),
  }
  const placeOfName = new Map(table.interfaceNames.map((name, i) => [name, i]))
  views.forEach((view, n) => {
    if (view.family !== family) throw new Error(`hostTable: node ${n} is of family ${view.family}, not ${family}`)
    table.local.set(view.local, 4 * localStart[n])
    table.podPrefixes.set(view.podPrefixes, 8 * podPrefixStart[n])
    table.uplink[n] = placeOfName.get(view.uplinkName)!
    table.podInterface[n] = placeOfName.get(view.podInterfaceName)!
  })
  return table
}

/** The views of all nodes, in node order. */
export function hostViews(table: HostTable): HostView[] {
  const { localStart, podPrefixStart } = table
  return Array.from(table.uplink, (uplink, n) => {
    const localCount = localStart[n + 1] - localStart[n]
    const local = table.local.subarray(4 * localStart[n], 4 * localStart[n + 1])
    return {
      family: table.family,
      primary: localCount === 0 ? new Uint32Array(4) : local.subarray(0, 4),
      localCount,
      local,
      podPrefixCount: podPrefixStart[n + 1] - podPrefixStart[n],
      podPrefixes: table.podPrefixes.subarray(8 * podPrefixStart[n], 8 * podPrefixStart[n + 1]),
      uplinkName: table.interfaceNames[uplink],
      podInterfaceName: table.interfaceNames[table.podInterface[n]],
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

const sharedWords = (count: number): Uint32Array => new Uint32Array(new SharedArrayBuffer(4 * count))
