/**
 * A packet's way through a node in stretches: the tables it meets between two decisions (nat, routing), in kernel order.
 *
 * What a stretch does depends, most of the time, on where the packet comes from and goes to, on its conntrack state and its mark, and not
 * on its addresses, ports or draws. Such a walk is remembered in a cell: the next packet in the same state is only counted there, and the
 * cell's packets are walked once more, as one packet of their weight, before counters are read. A walk that looked at more is taken anew
 * each time. Models the chains' order in ip_tables (NF_IP_PRI_*).
 */
import { CT, copyPacket } from '../net/packet.ts'
import { LANES } from './cost/program-prices.ts'
import type { Engine } from './engine.ts'
import { EMPTY_PC, HOOK, HOOK_COUNT } from './program.ts'
import { CELL, CELL_WORDS, findCell } from './stretch-cells.ts'
import { FATE, SEEN, walkChain } from './walk-chain.ts'
import { allowPorts, masquerade } from './walk-nat.ts'

export const STRETCH = {
  /** PREROUTING and OUTPUT up to nat, which is passed by itself. */
  prerouting: 0,
  output: 1,
  /** The same in two, where a connection table looks at the packet in between. */
  rawPrerouting: 8,
  rawOutput: 9,
  manglePrerouting: 10,
  mangleOutput: 11,
  /** OUTPUT behind nat. */
  outputFilter: 2,
  forward: 3,
  postrouting: 4,
  input: 5,
  /** What the node sent to itself comes back through lo, where nat is done with it. */
  loopedPrerouting: 6,
  loopedInput: 7,
} as const

/** Hooks of each STRETCH. */
const HOOKS: readonly (readonly number[])[] = [
  [HOOK.rawPrerouting, HOOK.manglePrerouting],
  [HOOK.rawOutput, HOOK.mangleOutput],
  [HOOK.filterOutput, HOOK.securityOutput],
  [HOOK.mangleForward, HOOK.filterForward, HOOK.securityForward, HOOK.manglePostrouting, HOOK.natPostrouting],
  [HOOK.manglePostrouting, HOOK.natPostrouting],
  [HOOK.mangleInput, HOOK.filterInput, HOOK.securityInput, HOOK.natInput],
  [HOOK.rawPrerouting, HOOK.manglePrerouting],
  [HOOK.mangleInput, HOOK.filterInput, HOOK.securityInput],
  [HOOK.rawPrerouting],
  [HOOK.rawOutput],
  [HOOK.manglePrerouting],
  [HOOK.mangleOutput],
]

/** Which addresses each STRETCH sees. */
const SEEN_BY: readonly number[] = [
  SEEN.original,
  SEEN.original,
  SEEN.routed,
  SEEN.routed,
  SEEN.routed,
  SEEN.routed,
  SEEN.translated,
  SEEN.translated,
  SEEN.original,
  SEEN.original,
  SEEN.original,
  SEEN.original,
]

/** Takes the engine's packet through a stretch: FATE.accept, or how it ended. Interfaces are INTERFACE numbers. */
export function passStretch(engine: Engine, stretch: number, inInterface: number, outInterface: number): number {
  const { packet, cells } = engine
  const place = ((engine.view << 4) | stretch) + 1
  const state = (packet.ctState << 8) | (engine.consultsNat ? 0x10 : 0) | (inInterface << 2) | outInterface
  const mark = packet.mark | 0
  const cell = findCell(cells, place, state, mark)
  const { words } = cells
  const at = cell * CELL_WORDS
  if (words[at] === 0) return walkStretch(engine, stretch, inInterface, outInterface, cell, place, state, mark)
  cells.weights[cell] += engine.weight
  engine.rulesEvaluated += words[at + CELL.rules]
  engine.natRulesEvaluated += words[at + CELL.natRules]
  for (let lane = 0; lane < LANES; lane++) engine.costPs[lane] += cells.costPs[LANES * cell + lane]
  packet.mark = words[at + CELL.markAfter] >>> 0
  const ending = words[at + CELL.ending]
  if (ending === 0) return words[at + CELL.fate]
  if (ending > 0) {
    allowPorts(packet, engine.program.natPorts, ending - 1)
    return masquerade(engine.host, packet, outInterface) ? FATE.accept : FATE.drop
  }
  engine.rejection = -1 - ending
  return FATE.reject
}

/** Walks a stretch and, if the walk looked at nothing but the state, remembers it in the empty cell found for it. */
function walkStretch(
  engine: Engine,
  stretch: number,
  inInterface: number,
  outInterface: number,
  cell: number,
  place: number,
  state: number,
  mark: number,
): number {
  const { packet, cells } = engine
  const rulesBefore = engine.rulesEvaluated
  const natRulesBefore = engine.natRulesEvaluated
  // An empty cell's cost is free to hold what there was before.
  for (let lane = 0; lane < LANES; lane++) cells.costPs[LANES * cell + lane] = engine.costPs[lane]
  engine.looked = false
  engine.masquerades = 0
  const fate = walkHooks(engine, stretch, inInterface, outInterface)
  if (engine.looked) return fate
  const at = cell * CELL_WORDS
  const { words } = cells
  words[at + CELL.place] = place
  words[at + CELL.state] = state
  words[at + CELL.mark] = mark
  words[at + CELL.fate] = fate
  words[at + CELL.rules] = engine.rulesEvaluated - rulesBefore
  words[at + CELL.natRules] = engine.natRulesEvaluated - natRulesBefore
  words[at + CELL.markAfter] = packet.mark
  words[at + CELL.ending] = fate === FATE.reject ? -1 - engine.rejection : engine.masquerades
  for (let lane = 0; lane < LANES; lane++)
    cells.costPs[LANES * cell + lane] = engine.costPs[lane] - cells.costPs[LANES * cell + lane]
  cells.places[cells.used++] = cell
  return fate
}

function walkHooks(engine: Engine, stretch: number, inInterface: number, outInterface: number): number {
  const hooks = HOOKS[stretch]
  const seen = SEEN_BY[stretch]
  for (let i = 0; i < hooks.length; i++) {
    const hook = hooks[i]
    // conntrack looks at a packet after raw; one that comes back through lo keeps what it had.
    const ctState =
      (hook === HOOK.rawPrerouting || hook === HOOK.rawOutput) && seen === SEEN.original
        ? CT.INVALID
        : engine.packet.ctState
    const isNat = hook === HOOK.natPostrouting || hook === HOOK.natInput
    if (isNat && !engine.consultsNat) continue
    const fate = isNat
      ? passNat(engine, hook, seen, inInterface, outInterface)
      : passHook(engine, hook, seen, ctState, inInterface, outInterface)
    if (fate !== FATE.accept) return fate
  }
  return FATE.accept
}

/** A table nat at one hook, for a packet that consults it. */
export function passNat(engine: Engine, hook: number, seen: number, inInterface: number, outInterface: number): number {
  const before = engine.rulesEvaluated
  const fate = passHook(engine, hook, seen, engine.packet.ctState, inInterface, outInterface)
  engine.natRulesEvaluated += engine.rulesEvaluated - before
  return fate
}

/** One table at one hook, its policy included. An absent table or chain accepts and counts nothing. */
function passHook(
  engine: Engine,
  hook: number,
  seen: number,
  ctState: number,
  inInterface: number,
  outInterface: number,
): number {
  const { program, weight } = engine
  const at = engine.view * HOOK_COUNT + hook
  const pc = program.hookPc[at]
  if (pc < 0) return FATE.accept
  engine.hookEntries[at] += weight
  if (pc !== EMPTY_PC) {
    const fate = walkChain(engine, pc, seen, ctState, inInterface, outInterface)
    if (fate !== FATE.policy) return fate
  }
  engine.policyHits[at] += weight
  return program.hookDrops[at] === 1 ? FATE.drop : FATE.accept
}

/**
 * Brings the remembered packets into the counters and forgets the cells: before counters are read, when the table is full, and when a
 * host with other interface names comes.
 */
export function foldStretches(engine: Engine): void {
  const { cells } = engine
  if (cells.used === 0) return
  const { packet, view, weight, consultsNat, rulesEvaluated, natRulesEvaluated } = engine
  const costPs = engine.costPs.slice()
  const standIn = copyPacket(packet)
  engine.packet = standIn
  while (cells.used > 0) {
    const cell = cells.places[--cells.used]
    const at = cell * CELL_WORDS
    const place = cells.words[at]
    const state = cells.words[at + CELL.state]
    engine.view = (place - 1) >> 4
    engine.weight = cells.weights[cell]
    engine.consultsNat = (state & 0x10) !== 0
    standIn.ctState = state >> 8
    standIn.mark = cells.words[at + CELL.mark] >>> 0
    walkHooks(engine, (place - 1) & 15, (state >> 2) & 3, state & 3)
    cells.words.fill(0, at, at + CELL_WORDS)
    cells.weights[cell] = 0
  }
  engine.packet = packet
  engine.view = view
  engine.weight = weight
  engine.consultsNat = consultsNat
  engine.rulesEvaluated = rulesEvaluated
  engine.natRulesEvaluated = natRulesEvaluated
  engine.costPs.set(costPs)
}
