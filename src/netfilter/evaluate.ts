/**
 * A packet through one node, compiled: stretches of tables (stretch.ts), between them nat and routing, each chain walked by walk-chain.ts.
 * Equal to trace.ts in outcome, translation, mark, draws, rules evaluated and every counter (property test); models and deviates as it does.
 *
 * Cost: nat's rules one by one, but for dispatch segments and statistic runs; the other tables one look-up a stretch. Nothing is allocated.
 */
import type { Packet } from '../net/packet.ts'
import { CT, ORIGIN } from '../net/packet.ts'
import type { Engine } from './engine.ts'
import type { HostView } from './host.ts'
import type { Outcome } from './outcome.ts'
import { OUTCOME } from './outcome.ts'
import { HOOK } from './program.ts'
import { INTERFACE, routeOf } from './route.ts'
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
  const { source, destination, originalSource, originalDestination } = packet
  for (let i = 0; i < 4; i++) {
    originalSource[i] = source[i]
    originalDestination[i] = destination[i]
  }
  packet.originalDestinationPort = packet.destinationPort
  begin(engine, view, host, orderKey, packet, weight)
  engine.consultsNat = (packet.ctState & CT.NEW) !== 0
  return walkNode(engine)
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
  return walkNode(engine)
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
  let fate = passStretch(engine, STRETCH.prerouting, from, NONE)
  if (fate === FATE.accept && engine.consultsNat) fate = passNat(engine, HOOK.natPrerouting, SEEN.original, from, NONE)
  if (fate !== FATE.accept) return ended(fate)
  const to = routeOf(host, packet.destination)
  if (to === INTERFACE.lo) {
    fate = passStretch(engine, STRETCH.input, from, NONE)
    return fate === FATE.accept ? OUTCOME.toNode : ended(fate)
  }
  fate = passStretch(engine, STRETCH.forward, from, to)
  return fate === FATE.accept ? sent(to) : ended(fate)
}

/** OUTPUT's interface stays the one from before DNAT, as in the kernel; what leaves by lo comes in again. */
function walkFromNode(engine: Engine): Outcome {
  const { host, packet } = engine
  const routed = routeOf(host, packet.originalDestination)
  let fate = passStretch(engine, STRETCH.output, NONE, routed)
  if (fate === FATE.accept && engine.consultsNat) fate = passNat(engine, HOOK.natOutput, SEEN.original, NONE, routed)
  if (fate === FATE.accept) fate = passStretch(engine, STRETCH.outputFilter, NONE, routed)
  if (fate !== FATE.accept) return ended(fate)
  const to = routeOf(host, packet.destination)
  fate = passStretch(engine, STRETCH.postrouting, NONE, to)
  if (fate !== FATE.accept) return ended(fate)
  if (to !== INTERFACE.lo) return sent(to)
  fate = passStretch(engine, STRETCH.loopedPrerouting, INTERFACE.lo, NONE)
  if (fate === FATE.accept) fate = passStretch(engine, STRETCH.loopedInput, INTERFACE.lo, NONE)
  return fate === FATE.accept ? OUTCOME.toNode : ended(fate)
}

const sent = (to: number): Outcome => (to === INTERFACE.pod ? OUTCOME.toPod : OUTCOME.toUplink)

const ended = (fate: number): Outcome => (fate === FATE.drop ? OUTCOME.dropped : OUTCOME.rejected)
