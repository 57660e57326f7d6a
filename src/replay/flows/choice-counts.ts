/**
 * How often each option was taken at each place that draws, when some packets' choices were searched for: one whose ways agree counts as told.
 * Options between which a packet's ways leave it open are counted together, as otherwise only the likelihood of being told would be tested;
 * where any option is as possible the packet says nothing.
 */
import type { DrawCounts } from '../../netfilter/steered-draws.ts'
import type { SearchedPacket } from './choice-search.ts'

export function choiceCounts(told: readonly DrawCounts[], packets: readonly SearchedPacket[]): readonly DrawCounts[] {
  const tallies = new Map(told.map(fork => [fork, new Tally(fork)]))
  for (const { ways } of packets) {
    const taken = ways.map(({ choices }) => Map.groupBy(choices, ({ lead }) => lead?.fork))
    for (const fork of new Set(taken.flatMap(way => [...way.keys()]))) {
      if (fork === undefined) continue
      const options = taken.map(way => (way.get(fork) ?? []).map(({ lead, option }) => lead!.candidates[option]))
      tallies.get(fork)!.add(options)
    }
  }
  return [...tallies.values()].map(tally => tally.result())
}

class Tally {
  readonly #fork: DrawCounts
  readonly #counts: number[]
  /** Per option: the first of those it is counted together with. */
  readonly #group: number[]

  constructor(fork: DrawCounts) {
    this.#fork = fork
    this.#counts = [...fork.counts]
    this.#group = fork.options.map((_, i) => i)
  }

  /** What a packet drew here, in each of its ways. */
  add(ways: readonly (readonly number[])[]): void {
    const [first] = ways
    if (ways.length === 1) {
      for (const option of first) this.#counts[option]++
      return
    }
    const all = new Set(ways.flat())
    if (ways.some(way => way.length !== 1)) {
      // Whether, or how often, it drew here is open too.
      this.#join(this.#group)
    } else if (all.size < this.#group.length || all.size === 1) {
      this.#join([...all])
      this.#counts[first[0]]++
    }
  }

  result(): DrawCounts {
    const members = Map.groupBy(this.#group.keys(), i => this.#group[i])
    const groups = [...members.values()]
    const { place, options } = this.#fork
    return {
      place,
      options: groups.map(group => ({
        ...options[group[0]],
        name: group.map(i => options[i].name).join(' or '),
        chance: group.reduce((sum, i) => sum + options[i].chance, 0),
      })),
      counts: groups.map(group => group.reduce((sum, i) => sum + this.#counts[i], 0)),
    }
  }

  #join(options: readonly number[]): void {
    const joined = new Set(options.map(i => this.#group[i]))
    const first = Math.min(...joined)
    this.#group.forEach((group, i) => {
      if (joined.has(group)) this.#group[i] = first
    })
  }
}
