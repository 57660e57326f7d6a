/**
 * All versions of all Service ports of one IP family, encoded once and shared by all nodes and threads. A port has a row for each pair of
 * (version of the Service's object, version of its slices); a row has one variant, or several where nodes differ (local endpoints, hints)
 * with a map from nodes to variants. A variant is what rules of it choose from, and what writing them amounts to.
 */
import type { IpFamily } from '../../net/ip.ts'

export interface VersionTable {
  readonly family: IpFamily
  readonly nodeCount: number
  readonly serviceCount: number
  readonly portCount: number
  /** Versions of service s's object are objectStart[s] … objectStart[s + 1] - 1 of these two columns. */
  readonly objectStart: Uint32Array
  readonly objectPosition: Uint32Array
  readonly objectUs: Float64Array
  /** The same for its slices. */
  readonly sliceStart: Uint32Array
  readonly slicePosition: Uint32Array
  readonly sliceUs: Float64Array
  /** Ports of service s are portStart[s] … portStart[s + 1] - 1. */
  readonly portStart: Uint32Array
  readonly serviceOfPort: Uint32Array
  /** Row of object version i and slice version j: rowStart[p] + i * (slice versions) + j. */
  readonly rowStart: Uint32Array
  /** By row: its first variant; -1: the port is not there. */
  readonly variantOfRow: Int32Array
  /** By row: index into `maps`; -1: all nodes have the first variant. */
  readonly mapOfRow: Int32Array
  /** By node: which of the row's variants. */
  readonly maps: readonly Uint16Array[]
  /** AMOUNTS words a variant. */
  readonly amounts: Float64Array
  readonly flags: Uint8Array
  /** By variant: how long ClientIP affinity remembers a client; 0: not at all. */
  readonly affinityUs: Float64Array
  /** LIST words a variant. */
  readonly lists: Uint32Array
  /** What lists are made of: endpoint numbers. */
  readonly entries: Uint32Array
  /** Chains of its predecessor (the same object, one slice version before) that the variant no longer has. */
  readonly removedByStep: Uint32Array
  /** By endpoint: number of its address, of its pod (see LifeTable), of its node or -1, and of its `address:port`. */
  readonly addressOfEndpoint: Uint32Array
  readonly podOfEndpoint: Uint32Array
  readonly nodeOfEndpoint: Int32Array
  readonly labelOfEndpoint: Uint32Array
}

export const FLAG = {
  /** Some endpoint could take traffic, if not from this node. */
  hasAny: 1,
  internalLocal: 2,
  externalLocal: 4,
  /** An endpoint on the node itself is ready: a load balancer's health check passes. */
  readyHere: 8,
} as const

/** Words of a variant in `lists`: where each list starts in `entries`, and its length. */
export const LIST = { cluster: 0, local: 2, reachable: 4, serving: 6, words: 8 } as const

/** Words of a variant in `amounts`: sums over a node's variants are what its rules amount to. */
export const AMOUNT = {
  endpoints: 0,
  /** iptables: rules in filter; nftables: elements. */
  filterRules: 1,
  elements: 1,
  /** iptables: rules in the chains of nat that Services share, and bytes of all shared lines. */
  sharedRules: 2,
  sharedBytes: 3,
  /** Its own chains, their rules and bytes. */
  chains: 4,
  rules: 5,
  bytes: 6,
  /** nftables: maps and sets without a name. */
  anonymousSets: 7,
  /** iptables: rules with a comment. */
  comments: 8,
  words: 9,
} as const

/** What `node` makes of a row; -1: nothing. */
export function variantOn(table: VersionTable, row: number, node: number): number {
  const first = table.variantOfRow[row]
  const map = table.mapOfRow[row]
  return map < 0 ? first : first + table.maps[map][node]
}

/** Of versions `start` … `end` - 1, which rise by position, the last below `position`; from 0, version 0 always counts. */
export function versionBefore(positions: Uint32Array, start: number, end: number, position: number): number {
  let low = start + 1
  let high = end
  while (low < high) {
    const middle = (low + high) >>> 1
    if (positions[middle] < position) low = middle + 1
    else high = middle
  }
  return low - 1 - start
}

/** The same by time: the last that is not after `timeUs`. */
export function versionAtTime(times: Float64Array, start: number, end: number, timeUs: number): number {
  let low = start + 1
  let high = end
  while (low < high) {
    const middle = (low + high) >>> 1
    if (times[middle] <= timeUs) low = middle + 1
    else high = middle
  }
  return low - 1 - start
}
