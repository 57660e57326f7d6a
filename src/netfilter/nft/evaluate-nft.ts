/**
 * A packet through one node with nftables rules, compiled: hooks in order, each with its base chains by priority, conntrack and nat at their
 * places. Equal to trace-nft in outcome, translation, mark, draws and every counter (property test); models as it does.
 */
import type { Packet } from '../../net/packet.ts'
import { CT, copyPacket, ORIGIN } from '../../net/packet.ts'
import { INTERFACE } from '../interface.ts'
import type { Outcome } from '../outcome.ts'
import { OUTCOME } from '../outcome.ts'
import { routeOf } from '../route.ts'
import type { NftEngine } from './nft-engine.ts'
import { NFT_HOOK, NFT_STAGE } from './nft-program.ts'
import { NFT_FATE, walkNftChain } from './walk-nft-chain.ts'

/** Any packet, as it arrives; changed in place to how it left. Of a dropped packet addresses say nothing. */
export function evaluateNft(engine: NftEngine, packet: Packet, sizeBytes: number): Outcome {
  const { source, destination, originalSource, originalDestination } = packet
  for (let i = 0; i < 4; i++) {
    originalSource[i] = source[i]
    originalDestination[i] = destination[i]
  }
  packet.originalSourcePort = packet.sourcePort
  packet.originalDestinationPort = packet.destinationPort
  packet.ctState = CT.INVALID
  packet.natFrom = 0
  packet.natTo = 0
  packet.natRandom = false
  packet.natRange = undefined
  engine.dnat = -1
  engine.weight = 1
  engine.numgens = 0
  engine.lookups = 0
  engine.updates = 0
  engine.masqueraded = false
  engine.tracker.begin()
  engine.attached = false
  return walkNode(engine, packet, sizeBytes)
}

/** A packet that carries the connection of the one before: see evaluateAttached in ../evaluate.ts. */
export function evaluateNftAttached(engine: NftEngine, packet: Packet, sizeBytes: number): Outcome {
  engine.tracker.resume()
  engine.attached = true
  engine.weight = 1
  return walkNode(engine, packet, sizeBytes)
}

/**
 * `weight` later packets of a connection whose first one was evaluated on this node, in one walk: nat is not consulted, the translation is the one
 * in the packet. See evaluateEstablished in ../evaluate.ts.
 */
export function evaluateNftEstablished(engine: NftEngine, packet: Packet, weight: number): Outcome {
  packet.mark = 0
  packet.ctState = CT.ESTABLISHED | (packet.ctState & (CT.DNAT | CT.SNAT))
  engine.weight = weight
  engine.attached = true
  return walkNode(engine, packet, 0)
}

const { none: NONE, lo: LO, uplink: UPLINK, pod: POD } = INTERFACE

function walkNode(engine: NftEngine, packet: Packet, sizeBytes: number): Outcome {
  const { host } = engine
  engine.packet = packet
  engine.sizeBytes = sizeBytes
  engine.consultsNat = false
  engine.looped = false
  engine.rulesEvaluated = 0
  const fromNode = packet.origin === ORIGIN.node
  const from = fromNode ? NONE : packet.origin === ORIGIN.pod ? POD : UPLINK
  let fate = fromNode
    ? passEntry(engine, NFT_HOOK.output, NONE, routeOf(host, packet.originalDestination))
    : passEntry(engine, NFT_HOOK.prerouting, from, NONE)
  if (fate !== NFT_FATE.accept) return ended(engine, fate)
  const to = routeOf(host, packet.destination)
  if (!fromNode && to === LO) {
    fate = passExit(engine, NFT_HOOK.input, from, NONE)
    return fate === NFT_FATE.accept ? OUTCOME.toNode : ended(engine, fate)
  }
  if (!fromNode) fate = passStage(engine, NFT_HOOK.forward, NFT_STAGE.early, from, to)
  if (fate === NFT_FATE.accept) fate = passExit(engine, NFT_HOOK.postrouting, from, to)
  if (fate !== NFT_FATE.accept) return ended(engine, fate)
  if (to !== LO) return to === POD ? OUTCOME.toPod : OUTCOME.toUplink
  // What the node sent to itself comes in again, where nat is done with it.
  engine.looped = true
  fate = passLooped(engine, NFT_HOOK.prerouting)
  if (fate === NFT_FATE.accept) fate = passLooped(engine, NFT_HOOK.input)
  return fate === NFT_FATE.accept ? OUTCOME.toNode : ended(engine, fate)
}

function passLooped(engine: NftEngine, hook: number): number {
  let fate = passStage(engine, hook, NFT_STAGE.untracked, LO, NONE)
  if (fate === NFT_FATE.accept) fate = passStage(engine, hook, NFT_STAGE.early, LO, NONE)
  return fate === NFT_FATE.accept ? passStage(engine, hook, NFT_STAGE.late, LO, NONE) : fate
}

/** PREROUTING or OUTPUT: conntrack looks at the packet, and its destination is decided. */
function passEntry(engine: NftEngine, hook: number, inInterface: number, outInterface: number): number {
  const { packet, tracker } = engine
  let fate = passStage(engine, hook, NFT_STAGE.untracked, inInterface, outInterface)
  if (fate !== NFT_FATE.accept) return fate
  if (!engine.attached) {
    if (!tracker.track(packet)) return NFT_FATE.drop
    engine.consultsNat = tracker.consultsNat
  }
  fate = passStage(engine, hook, NFT_STAGE.early, inInterface, outInterface)
  if (fate === NFT_FATE.accept && engine.consultsNat) {
    fate = passStage(engine, hook, NFT_STAGE.nat, inInterface, outInterface)
    if (fate === NFT_FATE.accept) tracker.bindDestination(packet)
  } else if (fate === NFT_FATE.accept && hook === NFT_HOOK.output && tracker.destinationIsOpen && isReset(engine))
    fate = askForAnother(engine, hook, inInterface, outInterface)
  return fate === NFT_FATE.accept ? passStage(engine, hook, NFT_STAGE.late, inInterface, outInterface) : fate
}

/** INPUT or POSTROUTING: the source is decided, and conntrack remembers the connection. */
function passExit(engine: NftEngine, hook: number, inInterface: number, outInterface: number): number {
  const { packet, tracker } = engine
  let fate = passStage(engine, hook, NFT_STAGE.early, inInterface, outInterface)
  if (fate === NFT_FATE.accept && engine.consultsNat)
    fate = passStage(engine, hook, NFT_STAGE.nat, inInterface, outInterface)
  else if (fate === NFT_FATE.accept && hook === NFT_HOOK.postrouting && tracker.sourceIsOpen && isReset(engine))
    fate = askForAnother(engine, hook, inInterface, outInterface)
  if (fate === NFT_FATE.accept) fate = passStage(engine, hook, NFT_STAGE.late, inInterface, outInterface)
  if (fate !== NFT_FATE.accept || engine.attached) return fate
  if (engine.consultsNat && !tracker.bindSource(packet)) return NFT_FATE.drop
  tracker.confirm()
  return NFT_FATE.accept
}

const isReset = ({ attached, packet }: NftEngine): boolean => attached && packet.quoted === undefined

/** See askForAnother in ../evaluate.ts; here a packet may be rejected before its destination is decided, too. */
function askForAnother(engine: NftEngine, hook: number, inInterface: number, outInterface: number): number {
  const { packet } = engine
  const asked = copyPacket(packet)
  engine.packet = asked
  const fate = passStage(engine, hook, NFT_STAGE.nat, inInterface, outInterface)
  engine.packet = packet
  packet.mark = asked.mark
  packet.draws = asked.draws
  return fate === NFT_FATE.accept ? NFT_FATE.accept : NFT_FATE.drop
}

function passStage(engine: NftEngine, hook: number, stage: number, inInterface: number, outInterface: number): number {
  const bases = engine.program.hooks[hook][stage]
  if (bases.length === 0) return NFT_FATE.accept
  const { packet, looped } = engine
  // What rules see: as sent, up to nat; the destination translated and routed behind it; the source too behind the last nat.
  const isEntry = hook === NFT_HOOK.prerouting || hook === NFT_HOOK.output
  const isExit = hook === NFT_HOOK.postrouting || hook === NFT_HOOK.input
  const seesSource = looped || (isExit && stage === NFT_STAGE.late)
  const seesDestination = looped || !isEntry || stage === NFT_STAGE.late
  engine.seesSource = seesSource
  engine.seesDestination = seesDestination
  const source = seesSource ? packet.source : packet.originalSource
  const destination = seesDestination ? packet.destination : packet.originalDestination
  const port = seesDestination ? packet.destinationPort : packet.originalDestinationPort
  const isUntracked = isEntry && stage === NFT_STAGE.untracked && !looped
  engine.isBound = false
  for (let i = 0; i < bases.length; i++) {
    const ctState = isUntracked ? CT.INVALID : packet.ctState
    const fate = walkNftChain(engine, bases[i], source, destination, port, ctState, inInterface, outInterface)
    if (fate !== NFT_FATE.accept) return fate
    if (stage === NFT_STAGE.nat && engine.isBound) return fate
  }
  return NFT_FATE.accept
}

/** A rejected packet stays as the rule saw it, whatever the tracker has translated beforehand: its answer goes back from there. */
function ended(engine: NftEngine, fate: number): Outcome {
  const { packet, tracker } = engine
  if (!engine.attached) tracker.release()
  if (fate === NFT_FATE.drop) return OUTCOME.dropped
  if (!engine.seesSource) {
    for (let i = 0; i < 4; i++) packet.source[i] = packet.originalSource[i]
    packet.sourcePort = packet.originalSourcePort
  }
  if (!engine.seesDestination) {
    for (let i = 0; i < 4; i++) packet.destination[i] = packet.originalDestination[i]
    packet.destinationPort = packet.originalDestinationPort
  }
  return OUTCOME.rejected
}
