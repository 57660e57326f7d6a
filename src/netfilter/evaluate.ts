/**
 * A packet through one node, compiled: the hooks in kernel order with routing between them, each table walked by walk-chain.ts. Equal
 * to trace.ts in outcome, translation, mark, draws, rules evaluated and every counter (property test); models and deviates as it does.
 *
 * Cost: a look-up per dispatch segment and a step per rule that cannot be looked up; nothing is allocated.
 */
import type { Packet } from '../net/packet.ts'
import { CT, ORIGIN } from '../net/packet.ts'
import type { Engine } from './engine.ts'
import type { HostView } from './host.ts'
import type { Outcome } from './outcome.ts'
import { OUTCOME } from './outcome.ts'
import { EMPTY_PC, HOOK, HOOK_COUNT } from './program.ts'
import { INTERFACE, routeOf } from './route.ts'
import { FATE, walkChain } from './walk-chain.ts'

/**
 * The first packet of a connection (ctState says NEW, or what else conntrack makes of it), `weight` times. Changes it in place:
 * destination, source, mark, draws, DNAT and SNAT status; afterwards engine.dnat, rulesEvaluated and natRulesEvaluated tell of it.
 * `orderKey`: the node's order of dispatch segments, a 32-bit word; 0 = as written.
 */
export function evaluate(
  engine: Engine,
  view: number,
  host: HostView,
  orderKey: number,
  packet: Packet,
  weight: number,
): Outcome {
  const { source, destination, originalSource, originalDestination } = packet
  for (let i = 0; i < 4; i++) {
    originalSource[i] = source[i]
    originalDestination[i] = destination[i]
  }
  packet.originalDestinationPort = packet.destinationPort
  begin(engine, host)
  return walkNode(engine, view, host, orderKey, packet, weight, (packet.ctState & CT.NEW) !== 0)
}

/**
 * A later packet of a connection whose first packet was evaluated on this node, `weight` of them in one walk: nat is not consulted, the
 * translation is the one in the packet, the mark starts at 0. Tables before nat see the original destination, all see the original source.
 */
export function evaluateEstablished(
  engine: Engine,
  view: number,
  host: HostView,
  orderKey: number,
  packet: Packet,
  weight: number,
): Outcome {
  packet.mark = 0
  packet.ctState = CT.ESTABLISHED | (packet.ctState & (CT.DNAT | CT.SNAT))
  begin(engine, host)
  return walkNode(engine, view, host, orderKey, packet, weight, false)
}

function begin(engine: Engine, host: HostView): void {
  engine.dnat = -1
  engine.rulesEvaluated = 0
  engine.natRulesEvaluated = 0
  if (engine.uplinkName !== host.uplinkName || engine.podInterfaceName !== host.podInterfaceName)
    nameInterfaces(engine, host)
}

/** Writes which of the program's interface patterns name this host's interfaces. */
function nameInterfaces(engine: Engine, host: HostView): void {
  const names: string[] = []
  names[INTERFACE.none] = ''
  names[INTERFACE.lo] = 'lo'
  names[INTERFACE.uplink] = host.uplinkName
  names[INTERFACE.pod] = host.podInterfaceName
  engine.program.interfacePatterns.forEach((pattern, i) => {
    names.forEach((name, n) => {
      const holds = pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
      engine.interfaceMatches[4 * i + n] = holds ? 1 : 0
    })
  })
  engine.uplinkName = host.uplinkName
  engine.podInterfaceName = host.podInterfaceName
}

/** `consultsNat`: the packet is NEW. A later one has its translation already: like it, tables up to nat see the original destination. */
function walkNode(
  engine: Engine,
  view: number,
  host: HostView,
  orderKey: number,
  packet: Packet,
  weight: number,
  consultsNat: boolean,
): Outcome {
  const hooks = view * HOOK_COUNT
  const origin = packet.origin
  if (origin === ORIGIN.node) {
    const out = routeOf(host, packet.originalDestination)
    let fate = pass(engine, hooks + HOOK.rawOutput, host, orderKey, packet, weight, EARLY, CT.INVALID, NONE, out)
    if (fate === ACCEPT)
      fate = pass(engine, hooks + HOOK.mangleOutput, host, orderKey, packet, weight, EARLY, packet.ctState, NONE, out)
    if (fate === ACCEPT && consultsNat)
      fate = passNat(engine, hooks + HOOK.natOutput, host, orderKey, packet, weight, EARLY, NONE, out)
    // The hook's interface stays the one from before DNAT, as in the kernel.
    if (fate === ACCEPT)
      fate = pass(engine, hooks + HOOK.filterOutput, host, orderKey, packet, weight, LATE, packet.ctState, NONE, out)
    if (fate === ACCEPT)
      fate = pass(engine, hooks + HOOK.securityOutput, host, orderKey, packet, weight, LATE, packet.ctState, NONE, out)
    return fate === ACCEPT
      ? leave(engine, hooks, host, orderKey, packet, weight, consultsNat, NONE, routeOf(host, packet.destination))
      : ended(fate)
  }
  const from = origin === ORIGIN.pod ? INTERFACE.pod : INTERFACE.uplink
  let fate = pass(engine, hooks + HOOK.rawPrerouting, host, orderKey, packet, weight, EARLY, CT.INVALID, from, NONE)
  if (fate === ACCEPT)
    fate = pass(
      engine,
      hooks + HOOK.manglePrerouting,
      host,
      orderKey,
      packet,
      weight,
      EARLY,
      packet.ctState,
      from,
      NONE,
    )
  if (fate === ACCEPT && consultsNat)
    fate = passNat(engine, hooks + HOOK.natPrerouting, host, orderKey, packet, weight, EARLY, from, NONE)
  if (fate !== ACCEPT) return ended(fate)
  const to = routeOf(host, packet.destination)
  if (to === INTERFACE.lo) return deliver(engine, hooks, host, orderKey, packet, weight, consultsNat, LATE, from)
  fate = pass(engine, hooks + HOOK.mangleForward, host, orderKey, packet, weight, LATE, packet.ctState, from, to)
  if (fate === ACCEPT)
    fate = pass(engine, hooks + HOOK.filterForward, host, orderKey, packet, weight, LATE, packet.ctState, from, to)
  if (fate === ACCEPT)
    fate = pass(engine, hooks + HOOK.securityForward, host, orderKey, packet, weight, LATE, packet.ctState, from, to)
  return fate === ACCEPT ? leave(engine, hooks, host, orderKey, packet, weight, consultsNat, from, to) : ended(fate)
}

/** POSTROUTING; what a node sends to itself comes back through lo, where nat is done with it. */
function leave(
  engine: Engine,
  hooks: number,
  host: HostView,
  orderKey: number,
  packet: Packet,
  weight: number,
  consultsNat: boolean,
  from: number,
  to: number,
): Outcome {
  let fate = pass(
    engine,
    hooks + HOOK.manglePostrouting,
    host,
    orderKey,
    packet,
    weight,
    LATE,
    packet.ctState,
    from,
    to,
  )
  if (fate === ACCEPT && consultsNat)
    fate = passNat(engine, hooks + HOOK.natPostrouting, host, orderKey, packet, weight, LATE, from, to)
  if (fate !== ACCEPT) return ended(fate)
  if (to === INTERFACE.pod) return OUTCOME.toPod
  if (to === INTERFACE.uplink) return OUTCOME.toUplink
  fate = pass(engine, hooks + HOOK.rawPrerouting, host, orderKey, packet, weight, LOOPED, packet.ctState, to, NONE)
  if (fate === ACCEPT)
    fate = pass(engine, hooks + HOOK.manglePrerouting, host, orderKey, packet, weight, LOOPED, packet.ctState, to, NONE)
  return fate === ACCEPT ? deliver(engine, hooks, host, orderKey, packet, weight, false, LOOPED, to) : ended(fate)
}

/** INPUT, up to the node's own stack. */
function deliver(
  engine: Engine,
  hooks: number,
  host: HostView,
  orderKey: number,
  packet: Packet,
  weight: number,
  consultsNat: boolean,
  stage: number,
  from: number,
): Outcome {
  let fate = pass(engine, hooks + HOOK.mangleInput, host, orderKey, packet, weight, stage, packet.ctState, from, NONE)
  if (fate === ACCEPT)
    fate = pass(engine, hooks + HOOK.filterInput, host, orderKey, packet, weight, stage, packet.ctState, from, NONE)
  if (fate === ACCEPT)
    fate = pass(engine, hooks + HOOK.securityInput, host, orderKey, packet, weight, stage, packet.ctState, from, NONE)
  if (fate === ACCEPT && consultsNat)
    fate = passNat(engine, hooks + HOOK.natInput, host, orderKey, packet, weight, stage, from, NONE)
  return fate === ACCEPT ? OUTCOME.toNode : ended(fate)
}

const ACCEPT = FATE.accept
const NONE = INTERFACE.none

/** Which addresses a table sees: as sent; the destination translated; both translated (a packet that came back through lo). */
const EARLY = 0
const LATE = 1
const LOOPED = 2

const ended = (fate: number): Outcome => (fate === FATE.drop ? OUTCOME.dropped : OUTCOME.rejected)

function passNat(
  engine: Engine,
  at: number,
  host: HostView,
  orderKey: number,
  packet: Packet,
  weight: number,
  stage: number,
  inInterface: number,
  outInterface: number,
): number {
  const before = engine.rulesEvaluated
  const fate = pass(engine, at, host, orderKey, packet, weight, stage, packet.ctState, inInterface, outInterface)
  engine.natRulesEvaluated += engine.rulesEvaluated - before
  return fate
}

/** One table at one hook, its policy included. `at` = HOOK of the view. An absent table or chain accepts and counts nothing. */
function pass(
  engine: Engine,
  at: number,
  host: HostView,
  orderKey: number,
  packet: Packet,
  weight: number,
  stage: number,
  ctState: number,
  inInterface: number,
  outInterface: number,
): number {
  const { program } = engine
  const pc = program.hookPc[at]
  if (pc < 0) return FATE.accept
  engine.hookEntries[at] += weight
  if (pc !== EMPTY_PC) {
    const fate = walkChain(
      engine,
      pc,
      host,
      orderKey,
      packet,
      stage === LOOPED ? packet.source : packet.originalSource,
      stage === EARLY ? packet.originalDestination : packet.destination,
      stage === EARLY ? packet.originalDestinationPort : packet.destinationPort,
      ctState,
      inInterface,
      outInterface,
      weight,
    )
    if (fate !== FATE.policy) return fate
  }
  engine.policyHits[at] += weight
  return program.hookDrops[at] === 1 ? FATE.drop : FATE.accept
}
