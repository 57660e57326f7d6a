/**
 * A packet's way through a node's hooks, as both kinds of rulesets share it: hooks in order, routing between them, conntrack and the
 * places where a connection's translation is put into its packets. Which chains stand at a hook is the caller's to say.
 *
 * Models ip_rcv … ip_finish_output of Linux with nf_conntrack and nf_nat hooked in. A packet that ends on its own node after OUTPUT comes
 * back through `lo` (PREROUTING and INPUT without nat).
 */
import * as E from 'fp-ts/lib/Either.js'
import { readIpWords } from '../net/ip.ts'
import type { Packet } from '../net/packet.ts'
import { CT, copyPacket, ORIGIN } from '../net/packet.ts'
import type { Problem } from '../problem/problem.ts'
import type { Tracker } from './conntrack/tracker.ts'
import type { HostView } from './host.ts'
import type { Outcome } from './outcome.ts'
import { OUTCOME } from './outcome.ts'
import type { PacketPlace } from './trace-match.ts'
import { addressPlace } from './trace-match.ts'

export type Hook = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING'

export type Fate = 'accept' | 'drop' | 'reject'

/** What stands at a hook, in the order of priorities. */
export type HookStage =
  | 'conntrack'
  | {
      readonly kind: 'filter' | 'nat'
      /** Before conntrack has looked at the packet. */
      readonly untracked?: true
      readonly walk: (place: PacketPlace) => E.Either<Problem, Fate>
    }

export interface HookWay {
  readonly host: HostView
  /** As the rules see it; changed on the way. */
  readonly packet: Packet
  readonly tracker: Tracker | undefined
  /** The packet carries the connection of another one: conntrack is not asked. */
  readonly attached: boolean
  /** The connection's packet after nat, when that is known beforehand. */
  readonly later: Packet | undefined
  /** The packet has come to a hook. */
  readonly onHook?: (visit: HookVisit) => void
}

/** A packet at a hook, between which interfaces; empty where the hook knows none. */
export interface HookVisit {
  readonly hook: Hook
  readonly inInterface: string
  readonly outInterface: string
}

export function walkHooks(way: HookWay, stagesOf: (hook: Hook) => readonly HookStage[]): E.Either<Problem, Outcome> {
  const { packet, host, tracker } = way
  let hook: Hook = packet.origin === ORIGIN.node ? 'OUTPUT' : 'PREROUTING'
  let looped = false
  let translated = way.later
  let consultsNat = translated === undefined && (packet.ctState & CT.NEW) !== 0
  for (;;) {
    const inInterface = looped ? 'lo' : originInterface(host, packet)
    const outInterface = routeInterface(host, packet)
    way.onHook?.({ hook, inInterface, outInterface: hook === 'PREROUTING' || hook === 'INPUT' ? '' : outInterface })
    const asksForAnother = !looped && isOpenReset(way, hook)
    for (const stage of stagesOf(hook)) {
      if (stage === 'conntrack') {
        if (tracker === undefined || way.attached || looped || packet.ctState === CT.UNTRACKED) continue
        // What conntrack knows of the connection is put into the packet where the kernel does it: at the hooks of nat.
        translated = copyPacket(packet)
        if (!tracker.track(translated)) return E.right(OUTCOME.dropped)
        packet.ctState = translated.ctState
        consultsNat = tracker.consultsNat
        if (consultsNat) translated = undefined
        continue
      }
      const isNat = stage.kind === 'nat'
      const changesDestination = hook === 'PREROUTING' || hook === 'OUTPUT'
      if (isNat && asksForAnother) {
        const fate = askForAnother(way, stage.walk, { inInterface, outInterface, ctState: packet.ctState })
        if (E.isLeft(fate)) return fate
        if (fate.right !== 'accept') return E.right(OUTCOME.dropped)
      }
      if (isNat && translated !== undefined) {
        if (changesDestination) {
          packet.destination.set(translated.destination)
          packet.destinationPort = translated.destinationPort
        } else {
          packet.source.set(translated.source)
          packet.sourcePort = translated.sourcePort
        }
      }
      if (isNat && (looped || !consultsNat)) continue
      const place: PacketPlace = {
        inInterface,
        outInterface: hook === 'PREROUTING' || hook === 'INPUT' ? '' : outInterface,
        // One that comes back through lo keeps what it had.
        ctState: stage.untracked === true && !looped ? CT.INVALID : packet.ctState,
      }
      const fate = stage.walk(place)
      if (E.isLeft(fate)) return fate
      if (fate.right !== 'accept') return E.right(fate.right === 'drop' ? OUTCOME.dropped : OUTCOME.rejected)
      if (isNat && changesDestination) tracker?.bindDestination(packet)
    }
    if ((hook === 'POSTROUTING' || (hook === 'INPUT' && !looped)) && !leave(way, consultsNat))
      return E.right(OUTCOME.dropped)
    const place = addressPlace(host, readIpWords(packet.destination, 0))
    if (hook === 'INPUT') return E.right(OUTCOME.toNode)
    if (hook === 'PREROUTING') hook = looped || place === 'local' ? 'INPUT' : 'FORWARD'
    else if (hook === 'FORWARD' || hook === 'OUTPUT') hook = 'POSTROUTING'
    else if (place === 'local') {
      hook = 'PREROUTING'
      looped = true
    } else return E.right(place === 'pod' ? OUTCOME.toPod : OUTCOME.toUplink)
  }
}

/**
 * A reset, but no ICMP error, for a packet that was rejected before nat was asked for its source, or its destination (which only nft can do):
 * nat is asked now, for the connection.
 */
function isOpenReset({ attached, packet, tracker }: HookWay, hook: Hook): boolean {
  if (!attached || packet.quoted !== undefined || tracker === undefined) return false
  return (hook === 'OUTPUT' && tracker.destinationIsOpen) || (hook === 'POSTROUTING' && tracker.sourceIsOpen)
}

/** What nat decides is the connection's: the reset itself stays as it was, but for mark and draws. */
function askForAnother(
  { packet }: HookWay,
  walk: (place: PacketPlace) => E.Either<Problem, Fate>,
  place: PacketPlace,
): E.Either<Problem, Fate> {
  packet.source.set(packet.originalSource)
  packet.sourcePort = packet.originalSourcePort
  const { ctState, natFrom, natTo, natRandom, natRange } = packet
  const fate = walk(place)
  Object.assign(packet, { ctState, natFrom, natTo, natRandom, natRange })
  return fate
}

/** A packet as it arrives: what it has is what its sender wrote. */
export function keepOriginal(packet: Packet): void {
  packet.originalSource.set(packet.source)
  packet.originalDestination.set(packet.destination)
  packet.originalSourcePort = packet.sourcePort
  packet.originalDestinationPort = packet.destinationPort
}

/** A packet as it was sent, when it comes with its translation. */
export function becomeOriginal(packet: Packet): void {
  packet.source.set(packet.originalSource)
  packet.destination.set(packet.originalDestination)
  packet.sourcePort = packet.originalSourcePort
  packet.destinationPort = packet.originalDestinationPort
}

/** At a node that remembers, nothing is known yet of what a packet belongs to. */
export function forgetConnection(packet: Packet): void {
  Object.assign(packet, { ctState: CT.INVALID, natFrom: 0, natTo: 0, natRandom: false, natRange: undefined })
}

/** Behind the last hook: the connection's source is what the packet's is now, and conntrack remembers it. */
function leave({ packet, tracker, attached }: HookWay, consultsNat: boolean): boolean {
  if (tracker === undefined || attached) return true
  if (consultsNat && !tracker.bindSource(packet)) return false
  tracker.confirm()
  return true
}

const originInterface = (host: HostView, packet: Packet): string =>
  packet.origin === ORIGIN.node ? '' : packet.origin === ORIGIN.pod ? host.podInterfaceName : host.uplinkName

/** The interface the destination routes to; asked once per hook, so OUTPUT's later tables see the one from before DNAT, as in the kernel. */
function routeInterface(host: HostView, packet: Packet): string {
  const place = addressPlace(host, readIpWords(packet.destination, 0))
  return place === 'local' ? 'lo' : place === 'pod' ? host.podInterfaceName : host.uplinkName
}
