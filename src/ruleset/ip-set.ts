/**
 * Sets of ipset(8) as data: what `--match-set` asks. They lie outside of a ruleset in the kernel, and come as a text of their own.
 *
 * An element has one value a part of its type, a network only as a part `net`, of which a type has one at most. Types whose elements
 * ask what no packet here has (hardware addresses), or that the project's kernels do not know, are held by name alone.
 */
import type { IpFamily } from '../net/ip.ts'

export type IpSet = FilledIpSet | ListedIpSets | UnmodelledIpSet

export interface FilledIpSet {
  readonly kind: 'filled'
  readonly name: string
  readonly type: IpSetType
  /** Absent: packets of either family are asked. */
  readonly family?: IpFamily
  /** What of a packet's first address is compared (netmask, bitmask); absent: all of it. */
  readonly mask?: bigint
  /** Of bitmap types. */
  readonly range?: { readonly first: bigint; readonly last: bigint }
  readonly elements: readonly IpSetElement[]
}

/** list:set: what any of its members holds. */
export interface ListedIpSets {
  readonly kind: 'list'
  readonly name: string
  readonly members: readonly { readonly set: IpSet; readonly timeoutS?: number }[]
}

export interface UnmodelledIpSet {
  readonly kind: 'unmodelled'
  readonly name: string
  readonly type: string
}

export interface IpSetElement {
  /** An address; a network's first address; of a port its protocol times 65,536 and its number. */
  readonly values: readonly bigint[]
  /** Of the part `net`. */
  readonly length?: number
  /** Seconds it lives, from when the set is loaded. */
  readonly timeoutS?: number
  /** Packets in it are not in the set. */
  readonly nomatch?: true
}

/** `pair`: a protocol and a port (of ICMP: type and code); `port`: of TCP or UDP alone, whatever the protocol. */
export type IpSetPart = 'address' | 'net' | 'pair' | 'port'

export const IP_SET_PARTS = {
  'bitmap:ip': ['address'],
  'bitmap:port': ['port'],
  'hash:ip': ['address'],
  'hash:net': ['net'],
  'hash:ip,port': ['address', 'pair'],
  'hash:net,port': ['net', 'pair'],
  'hash:ip,port,ip': ['address', 'pair', 'address'],
  'hash:ip,port,net': ['address', 'pair', 'net'],
} as const satisfies Record<string, readonly IpSetPart[]>

export type IpSetType = keyof typeof IP_SET_PARTS

export const isIpSetType = (type: string): type is IpSetType => Object.hasOwn(IP_SET_PARTS, type)

/** Types of the kernel's that are held by name. */
export const UNMODELLED_SET_TYPES: readonly string[] = [
  'bitmap:ip,mac',
  'hash:mac',
  'hash:ip,mac',
  'hash:ip,mark',
  'hash:net,net',
  'hash:net,port,net',
  'hash:net,iface',
]

export const pairValue = (protocol: number, port: number): bigint => BigInt(protocol * 0x1_0000 + port)

/** The first set that is not modelled: the set itself or one in its list. */
export const unmodelledSet = (set: IpSet): UnmodelledIpSet | undefined =>
  set.kind === 'unmodelled'
    ? set
    : set.kind === 'list'
      ? set.members.map(m => unmodelledSet(m.set)).find(s => s !== undefined)
      : undefined

/** Whether what it holds changes with time. */
export const isTimed = (set: IpSet): boolean =>
  set.kind === 'filled'
    ? set.elements.some(e => e.timeoutS !== undefined)
    : set.kind === 'list' && set.members.some(m => m.timeoutS !== undefined || isTimed(m.set))
