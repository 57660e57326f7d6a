/**
 * The dice of a replay whose outcome is known: what a kernel made of each packet decides each random choice. Packets are known by the
 * number of their connection (flowLow, as replay-flows.ts numbers them) and by their order in it. What a packet does not tell is searched
 * for (choice-search.ts) by whoever runs the replay again; one run alone takes the likeliest guess.
 */
import { formatIp, readIpWords } from '../../net/ip.ts'
import type { Packet } from '../../net/packet.ts'
import { OUTCOME, type Outcome } from '../../netfilter/outcome.ts'
import { type DrawPlace, type ForkOf, type Goal, SteeredDraws } from '../../netfilter/steered-draws.ts'
import { scale32 } from '../../sim/random.ts'
import { ChoiceSearch, type Counted } from './choice-search.ts'

/** What packet `packet` of connection `connection` is known to have come to. */
export type Known = (connection: number, packet: number) => ReadonlySet<Goal>

export class SteeredDice {
  readonly draws: SteeredDraws
  search = new ChoiceSearch()
  #known: Known
  /** Of the packet under way. */
  #goals: ReadonlySet<Goal> = NOWHERE

  constructor(forkOf: ForkOf, known: Known) {
    this.draws = new SteeredDraws(forkOf)
    this.#known = known
  }

  /** Another replay begins. */
  begin(known: Known): void {
    this.#known = known
    this.search = new ChoiceSearch()
  }

  /** The same replay begins once more. */
  again(): void {
    this.draws.clear()
    this.search.begin()
  }

  /** The dice of one packet; `own`: a draw to begin with where the kernel's is not told. */
  of({ flowLow, flowHigh }: Packet, own: (drawNumber: number) => number): (n: number, place: DrawPlace) => number {
    // flowHigh is set in what receivers and the node send back: nothing is known of it, and it is seldom translated anew.
    const goals = flowHigh === 0 ? this.#known(flowLow, this.search.send(flowLow)) : NOWHERE
    this.#goals = goals
    return (n, place) => {
      const lead = this.draws.lead(place, goals)
      const { fork, candidates, guess } = lead
      const width = candidates.length
      if (width === 1) {
        fork.counts[candidates[0]]++
        return fork.options[candidates[0]].bound
      }
      const first = guess === undefined ? scale32(own(n), width) : candidates.indexOf(guess)
      return fork.options[candidates[this.search.choose(flowLow, width, first, lead)]].bound
    }
  }

  /** The port that the packet's destination got, one of its natFrom … natTo. */
  portOf({ family, destination, flowLow, natFrom, natTo }: Packet): number {
    const address = formatIp({ family, value: readIpWords(destination, 0) })
    for (const goal of this.#goals) {
      const port = Number(goal.slice(goal.lastIndexOf(':') + 1))
      if (goal === `${address}:${port}` && port >= natFrom && port <= natTo) return port
    }
    return natFrom + this.search.choose(flowLow, natTo - natFrom + 1, 0)
  }

  /** What the packet came to, and what it counted on its way. */
  passed(packet: Packet, outcome: Outcome, counted: () => readonly Counted[]): void {
    if (packet.flowHigh === 0) this.search.end(packet.flowLow, isAmong(this.#goals, packet, outcome))
    this.search.count(packet.flowLow, counted)
  }
}

const NOWHERE: ReadonlySet<Goal> = new Set()

/** A packet refused without an answer looks dropped. */
function isAmong(
  goals: ReadonlySet<Goal>,
  { family, destination, destinationPort }: Packet,
  outcome: Outcome,
): boolean {
  if (outcome === OUTCOME.dropped) return goals.has('drop')
  if (outcome === OUTCOME.rejected) return goals.has('reject') || goals.has('drop')
  return goals.has(`${formatIp({ family, value: readIpWords(destination, 0) })}:${destinationPort}`)
}
