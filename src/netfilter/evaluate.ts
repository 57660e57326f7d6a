/**
 * A packet through one node, compiled: stretches of tables (stretch.ts), between them nat and routing, each chain walked by walk-chain.ts.
 * Equal to trace.ts in outcome, translation, mark, draws, rules evaluated and every counter (property test); models and deviates as it does.
 *
 * Cost: nat's rules one by one, but for dispatch segments and statistic runs; the other tables one look-up a stretch. Nothing is allocated.
 */
import type { Packet } from '../net/packet.ts'
import { CT, copyPacket, ORIGIN } from '../net/packet.ts'
import type { Engine } from './engine.ts'
import type { HostView } from './host.ts'
import { INTERFACE } from './interface.ts'
import type { NodeMemory } from './memory/node-memory.ts'
import type { Outcome } from './outcome.ts'
import { OUTCOME } from './outcome.ts'
import { HOOK } from './program.ts'
import { routeOf } from './route.ts'
import { foldStretches, passNat, passStretch, STRETCH } from './stretch.ts'
import { isFull } from './stretch-cells.ts'
import { FATE, SEEN } from './walk-chain.ts'

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
  keepOriginal(packet)
  begin(engine, view, host, orderKey, packet, weight)
  engine.consultsNat = (packet.ctState & CT.NEW) !== 0
  if (engine.prices !== undefined) engine.costPs.set(engine.prices.first)
  return walkNode(engine)
}

/**
 * Any packet, as it arrives at a node that remembers: conntrack finds what it belongs to, so it may be a connection's first or a later one,
 * an answer, or none of these. Afterwards packet.source … destinationPort are as it left; of a dropped packet they say nothing.
 */
export function evaluateTracked(
  engine: Engine,
  memory: NodeMemory,
  host: HostView,
  packet: Packet,
  weight: number,
): Outcome {
  keepOriginal(packet)
  packet.ctState = CT.INVALID
  packet.natFrom = 0
  packet.natTo = 0
  packet.natRandom = false
  packet.natRange = undefined
  engine.memory = memory
  memory.tracker.begin()
  begin(engine, 0, host, 0, packet, weight)
  engine.consultsNat = false
  engine.costPs.fill(0)
  const outcome = walkNode(engine)
  const { prices, costPs } = engine
  if (prices === undefined) return outcome
  const { first, later } = prices
  const way = memory.tracker.consultsNat ? first : later
  for (let lane = 0; lane < way.length; lane++) costPs[lane] += way[lane]
  return outcome
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
  begin(engine, view, host, orderKey, packet, weight)
  engine.consultsNat = false
  if (engine.prices !== undefined) engine.costPs.set(engine.prices.later)
  return walkNode(engine)
}

/**
 * A packet that the node sends about the one before, whose connection it carries: conntrack is not asked again, nat only for a source that it
 * has not decided yet. The caller says in
 * ctState what it is to that connection, and has written its addresses as sent (original…) and as translated.
 */
export function evaluateAttached(
  engine: Engine,
  memory: NodeMemory,
  host: HostView,
  packet: Packet,
  weight: number,
): Outcome {
  engine.memory = memory
  memory.tracker.resume()
  begin(engine, 0, host, 0, packet, weight)
  engine.consultsNat = false
  engine.attached = true
  return walkNode(engine)
}

function keepOriginal(packet: Packet): void {
  const { source, destination, originalSource, originalDestination } = packet
  for (let i = 0; i < 4; i++) {
    originalSource[i] = source[i]
    originalDestination[i] = destination[i]
  }
  packet.originalSourcePort = packet.sourcePort
  packet.originalDestinationPort = packet.destinationPort
}

function begin(engine: Engine, view: number, host: HostView, orderKey: number, packet: Packet, weight: number): void {
  if (isFull(engine.cells)) foldStretches(engine)
  if (engine.host.uplinkName !== host.uplinkName || engine.host.podInterfaceName !== host.podInterfaceName)
    nameInterfaces(engine, host)
  engine.view = view
  engine.host = host
  engine.orderKey = orderKey
  engine.packet = packet
  engine.weight = weight
  engine.looped = false
  engine.attached = false
  engine.dnat = -1
  engine.rulesEvaluated = 0
  engine.natRulesEvaluated = 0
}

/** Writes which of the program's interface patterns name this host's interfaces. */
function nameInterfaces(engine: Engine, host: HostView): void {
  foldStretches(engine)
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
}

const NONE = INTERFACE.none

function walkNode(engine: Engine): Outcome {
  const { host, packet } = engine
  if (packet.origin === ORIGIN.node) return walkFromNode(engine)
  const from = packet.origin === ORIGIN.pod ? INTERFACE.pod : INTERFACE.uplink
  let fate =
    engine.memory === undefined
      ? passStretch(engine, STRETCH.prerouting, from, NONE)
      : passTracked(engine, engine.memory, STRETCH.rawPrerouting, STRETCH.manglePrerouting, from, NONE)
  if (fate !== FATE.accept) restoreDestination(packet)
  else if (engine.consultsNat) fate = passDestinationNat(engine, HOOK.natPrerouting, from, NONE)
  if (fate !== FATE.accept) return ended(engine, fate)
  const to = routeOf(host, packet.destination)
  if (to === INTERFACE.lo) {
    fate = passStretch(engine, STRETCH.input, from, NONE)
    if (fate === FATE.accept) fate = leave(engine)
    return fate === FATE.accept ? OUTCOME.toNode : ended(engine, fate)
  }
  fate = passStretch(engine, STRETCH.forward, from, to)
  if (fate === FATE.accept) fate = leave(engine)
  return fate === FATE.accept ? sent(to) : ended(engine, fate)
}

/** OUTPUT's interface stays the one from before DNAT, as in the kernel; what leaves by lo comes in again. */
function walkFromNode(engine: Engine): Outcome {
  const { host, packet } = engine
  const routed = routeOf(host, packet.originalDestination)
  let fate =
    engine.memory === undefined
      ? passStretch(engine, STRETCH.output, NONE, routed)
      : passTracked(engine, engine.memory, STRETCH.rawOutput, STRETCH.mangleOutput, NONE, routed)
  if (fate !== FATE.accept) restoreDestination(packet)
  else if (engine.consultsNat) fate = passDestinationNat(engine, HOOK.natOutput, NONE, routed)
  if (fate === FATE.accept) fate = passStretch(engine, STRETCH.outputFilter, NONE, routed)
  if (fate !== FATE.accept) return ended(engine, fate)
  const to = routeOf(host, packet.destination)
  fate =
    engine.attached && packet.quoted === undefined && engine.memory?.tracker.sourceIsOpen === true
      ? askForAnother(engine, to)
      : passStretch(engine, STRETCH.postrouting, NONE, to)
  if (fate === FATE.accept) fate = leave(engine)
  if (fate !== FATE.accept) return ended(engine, fate)
  if (to !== INTERFACE.lo) return sent(to)
  engine.looped = true
  fate = passStretch(engine, STRETCH.loopedPrerouting, INTERFACE.lo, NONE)
  if (fate === FATE.accept) fate = passStretch(engine, STRETCH.loopedInput, INTERFACE.lo, NONE)
  return fate === FATE.accept ? OUTCOME.toNode : ended(engine, fate)
}

/** Table raw, then conntrack, which may find the table full, then mangle. */
function passTracked(
  engine: Engine,
  { tracker }: NodeMemory,
  raw: number,
  mangle: number,
  inInterface: number,
  outInterface: number,
): number {
  const fate = passStretch(engine, raw, inInterface, outInterface)
  if (fate !== FATE.accept) return fate
  if (!engine.attached && engine.packet.ctState !== CT.UNTRACKED) {
    if (!tracker.track(engine.packet)) return FATE.drop
    engine.consultsNat = tracker.consultsNat
  }
  return passStretch(engine, mangle, inInterface, outInterface)
}

function passDestinationNat(engine: Engine, hook: number, inInterface: number, outInterface: number): number {
  const fate = passNat(engine, hook, SEEN.original, inInterface, outInterface)
  if (fate === FATE.accept) engine.memory?.tracker.bindDestination(engine.packet)
  return fate
}

/**
 * POSTROUTING of a reset for a packet that was rejected before nat was asked for its source: nat is asked now, of the reset, for the connection
 * (nf_nat_inet_fn; never of ICMP errors, nf_nat_ipv4_fn). What it decides is not the reset's. A copy takes the walk; such resets alone cost one.
 */
function askForAnother(engine: Engine, to: number): number {
  const { packet } = engine
  const asked = copyPacket(packet)
  engine.packet = asked
  engine.consultsNat = true
  const fate = passStretch(engine, STRETCH.postrouting, NONE, to)
  engine.packet = packet
  engine.consultsNat = false
  packet.mark = asked.mark
  packet.draws = asked.draws
  return fate
}

/** Behind the last hook: the connection's source is what the packet's is now, and conntrack remembers it. */
function leave(engine: Engine): number {
  const { memory } = engine
  if (memory === undefined || engine.attached) return FATE.accept
  const { tracker } = memory
  if (engine.consultsNat && !tracker.bindSource(engine.packet)) return FATE.drop
  tracker.confirm()
  return FATE.accept
}

/** What ends before nat ends as it was sent, though a later packet comes with its translation. */
function restoreDestination(packet: Packet): void {
  for (let i = 0; i < 4; i++) packet.destination[i] = packet.originalDestination[i]
  packet.destinationPort = packet.originalDestinationPort
}

const sent = (to: number): Outcome => (to === INTERFACE.pod ? OUTCOME.toPod : OUTCOME.toUplink)

/** A rejected packet goes back to whom the rule saw: answers of a known connection are translated in advance (Tracker.track), but not yet there. */
function ended(engine: Engine, fate: number): Outcome {
  const { packet, memory } = engine
  if (!engine.attached) memory?.tracker.release()
  if (fate === FATE.drop) return OUTCOME.dropped
  if (memory !== undefined && !engine.looped) {
    for (let i = 0; i < 4; i++) packet.source[i] = packet.originalSource[i]
    packet.sourcePort = packet.originalSourcePort
  }
  return OUTCOME.rejected
}
