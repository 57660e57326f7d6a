/**
 * Random choices of a kernel that are not told by where its packets went: translated and then dropped, or to one end by several ways. The
 * replay is run several times, each packet's choices made otherwise each time, and those ways are possible with which the packet comes to
 * what is known of it. Of one alone it is told after all that the kernel took it; of several any may be the kernel's.
 */
import type { Lead } from '../../netfilter/steered-draws.ts'

/** What a packet, or what was sent because of it, counted once at one place: a rule, or a policy. */
export interface Counted {
  readonly place: string
  readonly matched: boolean
  readonly bytes: number
}

export interface TakenChoice {
  /** Absent: a port was chosen. */
  readonly lead: Lead | undefined
  readonly width: number
  readonly option: number
}

/** One way of a packet that agrees with what is known of it. Ways that count the same have the same text. */
export interface PossibleWay {
  readonly choices: readonly TakenChoice[]
  readonly counted: readonly Counted[]
  readonly text: string
}

export interface SearchedPacket {
  readonly connection: number
  /** The first is the one it took in the last run. */
  readonly ways: readonly PossibleWay[]
  /** There were too many to try. */
  readonly isGivenUp: boolean
  /** Choices it took in the last run. */
  readonly choiceCount: number
}

interface Choice {
  readonly lead: Lead | undefined
  readonly width: number
  readonly first: number
  step: number
}

interface ChoosingPacket {
  readonly connection: number
  choices: Choice[]
  readonly ways: PossibleWay[]
  /** What it takes when nothing it tried is possible. */
  firstTaken: readonly TakenChoice[]
  isSettled: boolean
  isGivenUp: boolean
  /** Of the run under way. */
  taken: number
  isPossible: boolean
  counted: Counted[]
}

export class ChoiceSearch {
  /** By connection, then by the packet's number in it; packets that had no choice are not there. */
  readonly #packets = new Map<number, Map<number, ChoosingPacket>>()
  readonly #counted = new Map<string, readonly Counted[]>()
  /** Packets that each connection has sent in this run. */
  #sent = new Map<number, number>()

  /** A run begins. */
  begin(): void {
    this.#sent = new Map()
    for (const packet of this.#all()) Object.assign(packet, { taken: 0, isPossible: true, counted: [] })
  }

  /** The connection sends its next packet; answers its number. */
  send(connection: number): number {
    const number = this.#sent.get(connection) ?? 0
    this.#sent.set(connection, number + 1)
    return number
  }

  /** Which of `width` options the connection's last packet takes in this run; `first`: the one to try first. */
  choose(connection: number, width: number, first: number, lead?: Lead): number {
    const packet = this.#last(connection) ?? this.#add(connection)
    const { choices, taken } = packet
    // After another choice elsewhere it may have come to another place.
    if (choices[taken]?.width !== width || choices[taken].lead?.fork !== lead?.fork)
      packet.choices = [...choices.slice(0, taken), { lead, width, first, step: 0 }]
    packet.taken++
    return optionOf(packet.choices[taken])
  }

  /** Whether the connection's last packet has come to what is known of it. */
  end(connection: number, isPossible: boolean): void {
    const packet = this.#last(connection)
    if (packet !== undefined) packet.isPossible = isPossible
  }

  /** What was counted of the connection's last packet; asked only where it matters. */
  count(connection: number, counted: () => readonly Counted[]): void {
    const packet = this.#last(connection)
    if (packet !== undefined && packet.taken > 0) packet.counted.push(...counted())
  }

  /** A run has ended. False: it went as the last run has to go. */
  next(): boolean {
    let goesOn = false
    for (const packets of this.#packets.values())
      for (const packet of packets.values()) {
        if (!packet.isSettled && packet.taken > 0) {
          this.#note(packet)
          if (!advance(packet)) settle(packet)
          goesOn = true
        }
        // What came behind it would not have come so.
        if (!packet.isPossible) break
      }
    return goesOn
  }

  /** There are too many ways: what was found must do. */
  giveUp(): void {
    for (const packet of this.#all())
      if (!packet.isSettled) {
        packet.isGivenUp = true
        settle(packet)
      }
  }

  packets(): readonly SearchedPacket[] {
    return Array.from(this.#all(), ({ connection, ways, isGivenUp, taken }) => ({
      connection,
      ways,
      isGivenUp,
      choiceCount: taken,
    }))
  }

  *#all(): Generator<ChoosingPacket> {
    for (const packets of this.#packets.values()) yield* packets.values()
  }

  #last(connection: number): ChoosingPacket | undefined {
    return this.#packets.get(connection)?.get(this.#sent.get(connection)! - 1)
  }

  #add(connection: number): ChoosingPacket {
    const packet = {
      connection,
      choices: [],
      ways: [],
      firstTaken: [],
      isSettled: false,
      isGivenUp: false,
      taken: 0,
      isPossible: true,
      counted: [],
    }
    let packets = this.#packets.get(connection)
    if (packets === undefined) {
      packets = new Map()
      this.#packets.set(connection, packets)
    }
    packets.set(this.#sent.get(connection)! - 1, packet)
    return packet
  }

  #note(packet: ChoosingPacket): void {
    packet.choices.length = packet.taken
    const choices = packet.choices.map(c => ({ lead: c.lead, width: c.width, option: optionOf(c) }))
    if (packet.firstTaken.length === 0) packet.firstTaken = choices
    if (!packet.isPossible) return
    const text = packet.counted.map(c => `${c.place} ${c.matched ? c.bytes : ''}`).join('\n')
    // Few ways differ: they are kept once.
    const counted = this.#counted.get(text) ?? packet.counted
    this.#counted.set(text, counted)
    packet.ways.push({ choices, counted, text })
  }
}

const optionOf = ({ width, first, step }: Choice): number => (first + step) % width

/** On to the next combination; false: there is none. */
function advance(packet: ChoosingPacket): boolean {
  const { choices } = packet
  for (let last = choices.pop(); last !== undefined; last = choices.pop())
    if (last.step + 1 < last.width) {
      choices.push({ ...last, step: last.step + 1 })
      return true
    }
  return false
}

function settle(packet: ChoosingPacket): void {
  packet.isSettled = true
  const taken = packet.ways[0]?.choices ?? packet.firstTaken
  packet.choices = taken.map(({ lead, width, option }) => ({ lead, width, first: option, step: 0 }))
}
