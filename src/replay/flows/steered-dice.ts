/**
 * The dice of a replay whose outcome is known: what a kernel made of each packet decides each random choice. Packets are known by the
 * number of their connection (flowLow, as replay-flows.ts numbers them) and by their order in it.
 */
import { formatIp, readIpWords } from '../../net/ip.ts'
import type { Packet } from '../../net/packet.ts'
import { type DrawCounts, type DrawPlace, type ForkOf, type Goal, SteeredDraws } from '../../netfilter/steered-draws.ts'

/** What packet `packet` of connection `connection` is known to have come to. */
export type Known = (connection: number, packet: number) => ReadonlySet<Goal>

export class SteeredDice {
  /** Per connection with draws that could not be told and were made up: how many. */
  readonly untold = new Map<number, number>()
  readonly #draws: SteeredDraws
  #known: Known
  /** Of the packet under way. */
  #goals: ReadonlySet<Goal> = NOWHERE
  /** Packets each connection has sent. */
  #sent = new Map<number, number>()

  constructor(forkOf: ForkOf, known: Known) {
    this.#draws = new SteeredDraws(forkOf)
    this.#known = known
  }

  /** A replay begins anew. */
  begin(known: Known): void {
    this.#known = known
    this.#sent = new Map()
    this.untold.clear()
  }

  /** The dice of one packet; `own`: a draw to take where the kernel's cannot be told. */
  of({ flowLow, flowHigh }: Packet, own: (drawNumber: number) => number): (n: number, place: DrawPlace) => number {
    // flowHigh is set in what receivers and the node send back: nothing is known of it, and it is seldom translated anew.
    const goals = flowHigh === 0 ? this.#known(flowLow, this.#next(flowLow)) : NOWHERE
    this.#goals = goals
    return (n, place) => {
      const told = this.#draws.draw(place, goals)
      if (told === undefined) this.untold.set(flowLow, (this.untold.get(flowLow) ?? 0) + 1)
      return told ?? own(n)
    }
  }

  /** The port that the packet's destination is known to have got, one of the packet's natFrom … natTo. */
  portOf({ family, destination, flowLow, natFrom, natTo }: Packet): number | undefined {
    const address = formatIp({ family, value: readIpWords(destination, 0) })
    for (const goal of this.#goals) {
      const port = Number(goal.slice(goal.lastIndexOf(':') + 1))
      if (goal === `${address}:${port}` && port >= natFrom && port <= natTo) return port
    }
    this.untold.set(flowLow, (this.untold.get(flowLow) ?? 0) + 1)
    return undefined
  }

  counts(): readonly DrawCounts[] {
    return this.#draws.counts()
  }

  #next(connection: number): number {
    const n = this.#sent.get(connection) ?? 0
    this.#sent.set(connection, n + 1)
    return n
  }
}

const NOWHERE: ReadonlySet<Goal> = new Set()
