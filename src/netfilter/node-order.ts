/**
 * Dispatch segments on nodes that hold their rules in an order of their own (ordered-ruleset.ts): how many rules a hit has evaluated, and
 * which. Outcomes do not depend on the order, since a packet matches at most one rule of a segment.
 *
 * A worker takes one node after another: beginNode … endNode. Hits with the node's order key are only noted, and folded in endNode: a
 * rule is evaluated by every packet that left at its rank or behind. Hits with another key (a packet's second hop, rarely a hit at all)
 * are folded one by one. Cost: nothing per miss, one rank per hit; in endNode, per touched segment and
 * node, a few additions per rule.
 */
import { DISPATCH, DISPATCH_WORDS } from './dispatch.ts'
import type { Engine } from './engine.ts'
import { rankOf, writeRanks, writeSlots } from './keyed-permutation.ts'

/** From here on hits with this order key are one node's. Ends the node before. */
export function beginNode(engine: Engine, orderKey: number): void {
  endNode(engine)
  engine.nodeOrderKey = orderKey
}

/** Folds the node's hits into the counters. Without a node: nothing. */
export function endNode(engine: Engine): void {
  if (engine.nodeOrderKey === 0) return
  for (let id = 0; id < engine.nodeTouched.length; id++) {
    if (engine.nodeTouched[id] === 0) continue
    foldSegment(engine, id)
    engine.nodeTouched[id] = 0
  }
  engine.nodeOrderKey = 0
}

/** A packet matched the rule in `slot` under a shuffled order (orderKey not 0). Returns how many rules of the segment it evaluated. */
export function enterShuffled(engine: Engine, orderKey: number, id: number, slot: number, weight: number): number {
  const { dispatch } = engine.program
  const size = dispatch[DISPATCH_WORDS * id + DISPATCH.size]
  const rank = rankOf(orderKey, size, slot)
  countEnded(engine, orderKey, id, size, slot, rank, weight)
  return rank + 1
}

/** The packet of enterShuffled went on behind its rule after all. Returns how many rules more it evaluated: the rest of the segment. */
export function leaveShuffled(engine: Engine, orderKey: number, id: number, slot: number, weight: number): number {
  const { dispatch } = engine.program
  const size = dispatch[DISPATCH_WORDS * id + DISPATCH.size]
  const rank = rankOf(orderKey, size, slot)
  countEnded(engine, orderKey, id, size, slot, rank, -weight)
  return size - rank - 1
}

function countEnded(
  engine: Engine,
  orderKey: number,
  id: number,
  size: number,
  slot: number,
  rank: number,
  weight: number,
): void {
  const firstSlot = engine.program.dispatch[DISPATCH_WORDS * id + DISPATCH.firstSlot]
  if (orderKey === engine.nodeOrderKey) {
    engine.nodeEnded[firstSlot + slot] += weight
    engine.nodeTouched[id] = 1
    return
  }
  engine.shuffledEnded[firstSlot + slot] += weight
  const { ranks } = engine
  writeRanks(orderKey, size, ranks)
  for (let other = 0; other < size; other++)
    if (ranks[other] <= rank) engine.shuffledEvaluated[firstSlot + other] += weight
}

/** evaluated(rule) += what left at its place or behind it: sums from the last place on. */
function foldSegment(engine: Engine, id: number): void {
  const { nodeEnded, shuffledEnded, shuffledEvaluated, nodeOrderKey, ranks: slots } = engine
  const record = DISPATCH_WORDS * id
  const size = engine.program.dispatch[record + DISPATCH.size]
  const firstSlot = engine.program.dispatch[record + DISPATCH.firstSlot]
  writeSlots(nodeOrderKey, size, slots)
  let left = 0
  for (let rank = size - 1; rank >= 0; rank--) {
    const slot = firstSlot + slots[rank]
    const ended = nodeEnded[slot]
    if (ended !== 0) {
      left += ended
      shuffledEnded[slot] += ended
      nodeEnded[slot] = 0
    }
    shuffledEvaluated[slot] += left
  }
}
