/**
 * A cost profile laid out over a program, so that evaluate can add up what a packet pays as it adds up the rules it evaluates: in whole
 * picoseconds, so sums are exact in any order. One lane for each of COST_BACKENDS.
 *
 * What trace knows of a rule that did not match, and evaluate does not, is taken to be the usual: it stops at its first demand that
 * selects (the address, else the protocol and port, the chance, …). Rules of a dispatch segment that a packet passes cost their mean, by the
 * packet's protocol; those of the hit rule's address (a Service of many ports) cost what a differing port costs, and lie evenly in the segment.
 */
import { PROTOCOL_NUMBER } from '../../net/protocol.ts'
import { protocolNumber } from '../../ruleset/protocol-number.ts'
import type { Match, Rule } from '../../ruleset/ruleset.ts'
import { DISPATCH, DISPATCH_WORDS } from '../dispatch.ts'
import type { Block, Interned } from '../intern-chains.ts'
import type { Program } from '../program.ts'
import { dispatchKey } from '../segment-chain.ts'
import { COST_BACKENDS, type CostItem, type CostProfile, type CostProfiles, itemsNs } from './cost-profile.ts'
import { firstPacketTerms, LATER_PACKET_TERMS, type RulePlace, ruleTerms } from './rule-terms.ts'

/** iptables-legacy, iptables-nft, and nftables as the same cluster would have it (nftables-terms.ts). */
export const LANES = COST_BACKENDS.length

export interface ProgramPrices {
  /** Per lane: the way of a connection's first packet, and of a later one, without the rules they evaluate. */
  readonly first: Float64Array
  readonly later: Float64Array
  /** Per rule and lane: evaluated; then more, when it matches. */
  readonly rules: Float64Array
  /** Per dispatch, protocol class and lane: passing one rule of the segment. */
  readonly passing: Float64Array
  /** Per dispatch slot and lane: more for passing one rule on the way to this one, or behind it. */
  readonly siblings: Float64Array
}

export const RULE_PRICES = 2 * LANES
/** Where the prices of a match begin. */
export const MATCH_PRICES = LANES
export const PROTOCOL_CLASSES = 3

export const protocolClass = (protocol: number): number => (protocol === TCP ? 0 : protocol === UDP ? 1 : 2)

const TCP = PROTOCOL_NUMBER.TCP
const UDP = PROTOCOL_NUMBER.UDP
const PROTOCOL_OF_CLASS = [TCP, UDP, PROTOCOL_NUMBER.SCTP] as const

/** `spread`: backends that the traffic spreads over. */
export function programPrices(
  program: Program,
  { blocks, needsMemory }: Interned,
  profiles: CostProfiles,
  spread: number,
): ProgramPrices {
  const lists = needsMemory === undefined ? 0 : listsOf(blocks)
  const lanes = COST_BACKENDS.map(backend => profiles[backend])
  const prices: ProgramPrices = {
    first: Float64Array.from(lanes, p => picoseconds(p, firstPacketTerms(p.backend))),
    later: Float64Array.from(lanes, p => picoseconds(p, LATER_PACKET_TERMS)),
    rules: shared(RULE_PRICES * program.ruleCount),
    passing: shared(PROTOCOL_CLASSES * LANES * program.dispatchCount),
    siblings: shared(LANES * program.dispatchSlotCount),
  }
  const priceOf = rulePricer(lanes, { recentLists: lists, spread })
  // Segments stand in the order of the blocks.
  let id = 0
  for (const { chain, firstRule } of blocks) {
    const { length } = chain.rules
    const shapes = chain.rules.map(rule => priceOf(rule, length))
    shapes.forEach(({ missed, matched }, i) => {
      const at = RULE_PRICES * (firstRule + i)
      for (let lane = 0; lane < LANES; lane++) {
        prices.rules[at + lane] = missed[lane]
        prices.rules[at + MATCH_PRICES + lane] = matched[lane] - missed[lane]
      }
    })
    for (; id < program.dispatchCount; id++) {
      const record = DISPATCH_WORDS * id
      const first = program.dispatch[record + DISPATCH.firstRule] - firstRule
      if (first >= chain.rules.length) break
      const end = first + program.dispatch[record + DISPATCH.size]
      const segment = { rules: chain.rules.slice(first, end), shapes: shapes.slice(first, end) }
      pricePassing(prices.passing, id, segment)
      priceSiblings(prices.siblings, program.dispatch[record + DISPATCH.firstSlot], segment)
    }
  }
  return prices
}

/** What a rule costs, by lane, in whole picoseconds. */
interface RuleShape {
  /** Where it usually stops; where its protocol differs; where its ports do; where all holds. */
  readonly missed: readonly number[]
  readonly otherProtocol: readonly number[]
  readonly otherPorts: readonly number[]
  readonly matched: readonly number[]
}

/** Rules of one shape in chains of one length, which there are by the thousand, are priced once. */
function rulePricer(
  lanes: readonly CostProfile[],
  facts: Omit<RulePlace, 'chainLength'>,
): (rule: Rule, chainLength: number) => RuleShape {
  const root: Known = { shape: undefined, further: new Map() }
  return (rule, chainLength) => {
    let known = knownBy(knownBy(root, chainLength), rule.verdict?.kind)
    for (const match of rule.matches) {
      known = knownBy(known, match.kind)
      if (match.kind === 'recent') known = knownBy(known, match.operation)
    }
    let { shape } = known
    if (shape === undefined) {
      const place = { ...facts, chainLength }
      const price = (whyNot: Match | undefined, protocolHolds = true): readonly number[] =>
        lanes.map(p => picoseconds(p, ruleTerms(p.backend, rule, whyNot, protocolHolds, place)))
      const stop = usualStop(rule)
      shape = {
        missed: price(stop),
        otherProtocol: price(stop, false),
        otherPorts: price(rule.matches.find(m => m.kind === 'ports')),
        matched: price(undefined),
      }
      known.shape = shape
    }
    return shape
  }
}

/** What is known after so many words of a rule's description: a tree, as no text need be made to look a rule up. */
interface Known {
  shape: RuleShape | undefined
  readonly further: Map<string | number | undefined, Known>
}

function knownBy({ further }: Known, word: string | number | undefined): Known {
  let known = further.get(word)
  if (known === undefined) {
    known = { shape: undefined, further: new Map() }
    further.set(word, known)
  }
  return known
}

/** The first match that selects among packets; undefined where the rule takes them all. */
const usualStop = ({ matches }: Rule): Match | undefined =>
  SELECTORS.map(kind => matches.find(m => m.kind === kind)).find(m => m !== undefined) ??
  matches.find(m => m.kind !== 'comment' && m.kind !== 'protocol')

/** What packets that come to one rule differ in, most of all first. */
const SELECTORS: readonly Match['kind'][] = ['source', 'destination', 'maskedAddress', 'ports']

interface PricedSegment {
  readonly rules: readonly Rule[]
  readonly shapes: readonly RuleShape[]
}

function pricePassing(passing: Float64Array, id: number, { rules, shapes }: PricedSegment): void {
  PROTOCOL_OF_CLASS.forEach((protocol, c) => {
    for (let lane = 0; lane < LANES; lane++) {
      let sum = 0
      rules.forEach((rule, i) => {
        const own = rule.matches.find(m => m.kind === 'protocol')
        const holds = own === undefined || protocolNumber(own.protocol) === protocol
        sum += holds ? shapes[i].missed[lane] : shapes[i].otherProtocol[lane]
      })
      passing[(PROTOCOL_CLASSES * id + c) * LANES + lane] = Math.round(sum / rules.length)
    }
  })
}

/** Rules of one address and protocol differ in their ports: each of them stands with the same chance before or behind any other. */
function priceSiblings(siblings: Float64Array, firstSlot: number, { rules, shapes }: PricedSegment): void {
  const keys = rules.map(rule => {
    const { shape, address, protocol } = dispatchKey(rule)!
    return shape === 'address+protocol+port' ? `${address} ${protocol}` : undefined
  })
  const counts = new Map<string, number>()
  for (const key of keys) if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1)
  keys.forEach((key, slot) => {
    const others = key === undefined ? 0 : counts.get(key)! - 1
    if (others === 0) return
    const { otherPorts, missed } = shapes[slot]
    for (let lane = 0; lane < LANES; lane++)
      siblings[LANES * (firstSlot + slot) + lane] = Math.round(
        (others * (otherPorts[lane] - missed[lane])) / (rules.length - 1),
      )
  })
}

function listsOf(blocks: readonly Block[]): number {
  const names = new Set<string>()
  for (const { chain } of blocks)
    for (const { matches } of chain.rules) for (const m of matches) if (m.kind === 'recent') names.add(m.name)
  return names.size
}

const picoseconds = (profile: CostProfile, items: readonly CostItem[]): number =>
  Math.round(1000 * itemsNs(profile, items))

const shared = (length: number): Float64Array => new Float64Array(new SharedArrayBuffer(8 * length))
