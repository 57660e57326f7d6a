/**
 * A cost profile: what one kernel on one machine spends on a packet, as a price for each term of its way, in nanoseconds. One price for
 * every rule would be wrong by a factor of 25: a rule whose address differs costs 3 ns, one that runs two match modules 50.
 *
 * Profiles are data with their provenance; which packet pays which terms is count-terms.ts and nftables-terms.ts.
 */
import { type Price, priceAt } from '../../metrics/price.ts'

/** The same rules cost differently in each; iptables-nft is iptables on the nf_tables kernel. */
export const COST_BACKENDS = ['iptables-legacy', 'iptables-nft', 'nftables'] as const
export type CostBackend = (typeof COST_BACKENDS)[number]

/** Terms of every backend. */
const PATH_TERMS = {
  forward: 'receiving, routing and sending on, without any rules',
  conntrackNew: 'conntrack, first packet of a connection',
  conntrackEstablished: 'conntrack and translation, later packets',
  masquerade: 'choosing a source address and port',
  spread: 'caches; grows with the logarithm (base 2) of how many backends the traffic spreads over',
} as const

const IPTABLES_TERMS = {
  dnat: 'entering nat, choosing and writing a destination',
  rule: 'looking at a rule; grows with the rules of its chain',
  header: 'each of -p -s -d -i -o that is compared, up to the first that differs',
  comment: 'running -m comment',
  ports: 'running -m tcp, -m udp or -m sctp; grows with the rules of its chain',
  statistic: 'running -m statistic; grows with the rules of its chain',
  mark: 'running -m mark',
  conntrack: 'running -m conntrack',
  addrtype: 'running -m addrtype',
  recentCheck: 'running -m recent --rcheck, without finding its list',
  recentList: 'passing one list of the node on the way to the right one',
  recentSet: 'running -m recent --set, without finding its list',
  otherMatch: 'running any other match module',
  jump: 'going to a chain and coming back',
  setMark: 'running -j MARK',
} as const

const NFTABLES_TERMS = {
  service: 'all rules of the way of a connection that a Service translates, but for the terms below',
  noService: 'all rules of the way of a connection that no Service wants',
  vmap: 'one look-up of a verdict map',
  numgen: 'drawing a number and looking up its verdict',
  affinityLookup: 'asking one set whether it remembers the client',
  affinityUpdate: 'remembering the client in the set of its backend',
  nodePort: 'more, when it came in by a node port',
} as const

export const COST_TERMS: Readonly<Record<CostBackend, Readonly<Partial<Record<CostTerm, string>>>>> = {
  'iptables-legacy': { ...PATH_TERMS, ...IPTABLES_TERMS },
  'iptables-nft': { ...PATH_TERMS, ...IPTABLES_TERMS },
  nftables: { ...PATH_TERMS, ...NFTABLES_TERMS },
}

export type CostTerm = keyof typeof PATH_TERMS | keyof typeof IPTABLES_TERMS | keyof typeof NFTABLES_TERMS

export interface CostProfile {
  readonly backend: CostBackend
  readonly provenance: CostProvenance
  /** A price for each of COST_TERMS[backend]. */
  readonly prices: Readonly<Partial<Record<CostTerm, Price>>>
  /** How far the prices are from the measurements they were made of. */
  readonly fit?: CostFit
}

/** One profile for each backend. */
export type CostProfiles = Readonly<Record<CostBackend, CostProfile>>

export interface CostProvenance {
  readonly kernel: string
  readonly cpu: string
  /** Versions of the programs that loaded the rules. */
  readonly tools: string
  /** ISO 8601. */
  readonly date: string
  readonly method: string
}

export interface CostFit {
  readonly cases: number
  /** Of |predicted / measured - 1|. */
  readonly medianError: number
  readonly worstError: number
}

/** So many times a term, at a size of what it grows with. */
export interface CostItem {
  readonly term: CostTerm
  readonly count: number
  readonly size: number
}

/** A term that the profile has no price for is a mistake of whoever counted it. */
export function termNs(profile: CostProfile, term: CostTerm, size: number): number {
  const price = profile.prices[term]
  if (price === undefined) throw new Error(`${profile.backend} has no price for ${term}`)
  return priceAt(price, size)
}

/** The term for traffic that spreads over so many backends; for one there is nothing to miss. */
export const spreadItems = (backends: number): readonly CostItem[] =>
  backends > 1 ? [{ term: 'spread', count: 1, size: Math.log2(backends) }] : []

export const itemsNs = (profile: CostProfile, items: readonly CostItem[]): number =>
  items.reduce((ns, { term, count, size }) => ns + count * termNs(profile, term, size), 0)
