/**
 * How far the counters of a kernel may be from those of a replay whose dice were searched for (choice-search.ts): of each packet that could have
 * gone several ways, at each place, the least and the most that one of them counts. What no such packet can count differently has no spread.
 */
import type { Counted, PossibleWay, SearchedPacket } from './choice-search.ts'

export interface Spread {
  readonly evaluated: Span
  readonly matched: Span
  readonly bytes: Span
}

/** By how much it may be less, and more. */
export interface Span {
  readonly less: number
  readonly more: number
}

/** By place: `TABLE CHAIN INDEX`, `TABLE CHAIN policy`. */
export function countSpread(packets: readonly SearchedPacket[]): ReadonlyMap<string, Spread> {
  const waysAt = openWays(packets)
  const total = new Map<string, Spread>()
  const known = new Map<string, ReadonlyMap<string, Spread>>()
  for (const { ways, isGivenUp } of packets) {
    if (ways.length === 0) continue
    const all = isGivenUp ? [...ways, ...waysAt.get(placeOf(ways[0]))!.values()] : ways
    const byText = new Map(all.map(way => [way.text, way.counted]))
    // The way that was counted, then the others: most packets have the same.
    const key = [ways[0].text, ...[...byText.keys()].sort()].join('\n\n')
    let spreads = known.get(key)
    if (spreads === undefined) {
      spreads = spreadOf(ways[0].counted, [...byText.values()])
      known.set(key, spreads)
    }
    for (const [place, spread] of spreads) total.set(place, sum(total.get(place), spread))
  }
  return total
}

/** Ways of packets that chose first at the same place: what one whose search was given up might have found too. */
function openWays(packets: readonly SearchedPacket[]): ReadonlyMap<string, ReadonlyMap<string, PossibleWay>> {
  const places = new Map<string, Map<string, PossibleWay>>()
  if (!packets.some(packet => packet.isGivenUp)) return places
  for (const way of packets.flatMap(packet => packet.ways)) {
    const ways = places.get(placeOf(way)) ?? new Map<string, PossibleWay>()
    places.set(placeOf(way), ways.set(way.text, way))
  }
  return places
}

function placeOf({ choices }: PossibleWay): string {
  const { table, chain, index } = choices[0].lead?.fork.place ?? { table: '', chain: 'port', index: 0 }
  return `${table} ${chain} ${index}`
}

type Counts = readonly [evaluated: number, matched: number, bytes: number]

function spreadOf(taken: readonly Counted[], ways: readonly (readonly Counted[])[]): ReadonlyMap<string, Spread> {
  const own = countsOf(taken)
  const others = ways.map(countsOf)
  const spreads = new Map<string, Spread>()
  for (const place of new Set(others.flatMap(counts => [...counts.keys()]))) {
    const here = own.get(place) ?? NONE
    const all = others.map(counts => counts.get(place) ?? NONE)
    const [evaluated, matched, bytes] = here.map((count, k): Span => {
      const counts = all.map(c => c[k])
      return { less: count - Math.min(...counts), more: Math.max(...counts) - count }
    })
    if ([evaluated, matched, bytes].some(span => span.less > 0 || span.more > 0))
      spreads.set(place, { evaluated, matched, bytes })
  }
  return spreads
}

const NONE: Counts = [0, 0, 0]

function countsOf(counted: readonly Counted[]): ReadonlyMap<string, Counts> {
  const counts = new Map<string, Counts>()
  for (const { place, matched, bytes } of counted) {
    const [evaluated, packets, sum] = counts.get(place) ?? NONE
    counts.set(place, matched ? [evaluated + 1, packets + 1, sum + bytes] : [evaluated + 1, packets, sum])
  }
  return counts
}

function sum(a: Spread | undefined, b: Spread): Spread {
  if (a === undefined) return b
  const both = (key: keyof Spread): Span => ({ less: a[key].less + b[key].less, more: a[key].more + b[key].more })
  return { evaluated: both('evaluated'), matched: both('matched'), bytes: both('bytes') }
}
