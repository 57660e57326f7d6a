/**
 * Cuts a chain into segments that evaluate can treat as one: statistic runs (one draw), dispatch segments (one lookup) and linear rest.
 * A function of the chain alone, so that compile and ordered-ruleset cut alike.
 *
 * A dispatch segment is a maximal run of at least DISPATCH_MINIMUM consecutive rules that each demand an exact key of the same shape
 * (destination address, protocol, destination port), all keys distinct: a packet can match at most one of them, so their order decides
 * how many rules it walks and nothing else. What else such a rule demands is checked on the one candidate.
 */
import { familyBits } from '../net/ip.ts'
import type { L4Protocol, Match, Rule } from '../ruleset/ruleset.ts'
import { isRunRule } from './statistic-run.ts'

/** Rules `first` … `first + count - 1` of the chain. */
export interface Segment {
  readonly kind: 'linear' | 'run' | 'dispatch'
  readonly first: number
  readonly count: number
}

/** What a packet must be, exactly, for the rule to match. */
export interface DispatchKey {
  readonly shape: KeyShape
  readonly address?: bigint
  readonly protocol?: L4Protocol
  readonly port?: number
  /** The matches that the key makes needless. */
  readonly covered: readonly Match[]
}

export type KeyShape = 'address' | 'address+protocol' | 'address+protocol+port' | 'protocol+port'

export const DISPATCH_MINIMUM = 8

export function segmentChain(rules: readonly Rule[]): Segment[] {
  const segments: Segment[] = []
  for (let first = 0; first < rules.length; first += segments[segments.length - 1].count)
    segments.push(nextSegment(rules, first))
  return segments
}

/** The segment that begins at rule `first`, where another ended. */
export function nextSegment(rules: readonly Rule[], first: number): Segment {
  let end = first
  while (end < rules.length) {
    const isRun = isRunRule(rules[end])
    const length = isRun
      ? runLength(rules, end)
      : rules.length - end < DISPATCH_MINIMUM
        ? 0
        : dispatchLength(rules, end)
    if (isRun || length >= DISPATCH_MINIMUM) {
      if (end === first) return { kind: isRun ? 'run' : 'dispatch', first, count: length }
      break
    }
    end += Math.max(1, length)
  }
  return { kind: 'linear', first, count: end - first }
}

/** undefined when the rule has no exact key, or draws or remembers (which must not depend on a lookup). */
export function dispatchKey(rule: Rule): DispatchKey | undefined {
  let address: bigint | undefined
  let protocol: L4Protocol | undefined
  let port: number | undefined
  const covered: Match[] = []
  for (const match of rule.matches)
    switch (match.kind) {
      case 'statistic':
      case 'nth':
      case 'recent':
      case 'limit':
        return undefined
      case 'destination':
        if (address === undefined && !match.negated && match.prefix.length === familyBits(match.prefix.family)) {
          address = match.prefix.value
          covered.push(match)
        }
        break
      case 'protocol':
        if (protocol === undefined && !match.negated) {
          protocol = match.protocol
          covered.push(match)
        }
        break
      case 'ports': {
        const range = match.destination
        if (port === undefined && range !== undefined && !range.negated && range.from === range.to) {
          port = range.from
          if (match.source === undefined && match.flags === undefined) covered.push(match)
        }
        break
      }
    }
  const shape = keyShape(address !== undefined, protocol !== undefined, port !== undefined)
  return shape === undefined ? undefined : { shape, address, protocol, port, covered }
}

/** The chain's rules from `from` on that belong to one run. */
export function runLength(rules: readonly Rule[], from: number): number {
  let end = from
  while (end < rules.length && isRunRule(rules[end])) end++
  return end - from
}

function dispatchLength(rules: readonly Rule[], from: number): number {
  const shape = dispatchKey(rules[from])?.shape
  if (shape === undefined) return 0
  const seen = new Set<string>()
  let end = from
  for (; end < rules.length; end++) {
    const key = dispatchKey(rules[end])
    if (key?.shape !== shape) break
    const text = `${shortest(key.address)} ${key.protocol} ${key.port}`
    if (seen.has(text)) break
    seen.add(text)
  }
  return end - from
}

/** Numbers become text faster than big ones. */
const shortest = (address: bigint | undefined): bigint | number | undefined =>
  address !== undefined && address <= 0xffff_ffffn ? Number(address) : address

function keyShape(address: boolean, protocol: boolean, port: boolean): KeyShape | undefined {
  if (port && protocol) return address ? 'address+protocol+port' : 'protocol+port'
  if (port || !address) return undefined
  return protocol ? 'address+protocol' : 'address'
}
