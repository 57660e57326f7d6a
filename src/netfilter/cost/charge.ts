/** What evaluate adds to engine.costPs as a packet meets rules, where the engine has prices: whole picoseconds, a lane a backend. */
import type { Engine } from '../engine.ts'
import { LANES, MATCH_PRICES, PROTOCOL_CLASSES, protocolClass, RULE_PRICES } from './program-prices.ts'

/** `count` rules of one price were evaluated, this one among them. */
export function chargeRules(engine: Engine, rule: number, count: number): void {
  const { prices, costPs } = engine
  if (prices === undefined) return
  const at = RULE_PRICES * rule
  for (let lane = 0; lane < LANES; lane++) costPs[lane] += count * prices.rules[at + lane]
}

/** The rule matched. */
export function chargeMatch(engine: Engine, rule: number): void {
  const { prices, costPs } = engine
  if (prices === undefined) return
  const at = RULE_PRICES * rule + MATCH_PRICES
  for (let lane = 0; lane < LANES; lane++) costPs[lane] += prices.rules[at + lane]
}

/** `count` rules of a dispatch segment were passed; `slot`: of the whole program, the one that was hit, or -1. */
export function chargePassing(engine: Engine, dispatch: number, slot: number, count: number, protocol: number): void {
  const { prices, costPs } = engine
  if (prices === undefined) return
  for (let lane = 0; lane < LANES; lane++) costPs[lane] += count * passingPs(prices, dispatch, slot, protocol, lane)
}

/** One rule of a segment, passed by a packet of the protocol that hits `slot` there. */
export function passingPs(
  { passing, siblings }: NonNullable<Engine['prices']>,
  dispatch: number,
  slot: number,
  protocol: number,
  lane: number,
): number {
  const own = passing[(PROTOCOL_CLASSES * dispatch + protocolClass(protocol)) * LANES + lane]
  return slot < 0 ? own : own + siblings[LANES * slot + lane]
}
