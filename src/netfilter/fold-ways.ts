/**
 * Brings counted ways into an engine's counters: each way is walked once more, by evaluate, with the word that takes it and as many packets
 * as took it. So every counter is exactly what evaluate would have counted one by one.
 */
import { newPacket } from '../net/packet.ts'
import { newDrawScript, rewind } from './draw-script.ts'
import type { Engine } from './engine.ts'
import { evaluate } from './evaluate.ts'
import { DESTINATION_WORDS } from './known-destinations.ts'
import type { Outcome } from './outcome.ts'
import { type Sender, type WayTable, writeFirstPacket } from './way-table.ts'

/** Told of every way that was taken; engine.dnat and rulesEvaluated speak of it. */
export type TakenWay = (outcome: Outcome, connections: number) => void

/** Folds ways `from` … `to - 1`. Between beginNode and endNode of the sender's order key, if it has one. */
export function foldWays(
  engine: Engine,
  sender: Sender,
  table: WayTable,
  cells: ArrayLike<number>,
  from: number,
  to: number,
  taken: TakenWay,
): void {
  const { view, host, orderKey } = sender
  const { destinations, wayDestination, wayWord } = table
  const packet = newPacket(engine.program.family)
  const script = newDrawScript()
  engine.script = script
  for (let way = from; way < to; way++) {
    if (cells[way] === 0) continue
    rewind(script)
    script.words[0] = wayWord[way]
    writeFirstPacket(packet, sender, destinations, DESTINATION_WORDS * wayDestination[way])
    taken(evaluate(engine, view, host, orderKey, packet, cells[way]), cells[way])
  }
  engine.script = undefined
}
