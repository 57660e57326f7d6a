/**
 * Pass 4: what becomes of every connection that meets a node's rules (packet-fate.ts), from one question to the rules to the next, so that
 * flows may be sent one after the other or side by side in order of time (ordered-flows.ts). Established TCP and SCTP connections stay with their endpoint; a UDP flow stays while its conntrack entry does, which ends when a sync finds that the endpoint serves
 * no more (not while nobody serves at all). With keep-alive a flow is a client that opens one connection after the other. Packets that
 * nothing tells apart are counted by interval arithmetic.
 *
 * Deviations: connections have no retransmissions, and their clients outlive them; a connection tracked on another node's behalf (the second
 * hop) never ends early; an answer takes no time, so that only a request without one holds up a client that waits for answers.
 */
import type { NodeSyncs } from '../../cluster/node-syncs.ts'
import { record } from '../../metrics/histogram.ts'
import { newPacket, ORIGIN } from '../../net/packet.ts'
import { drawOf } from '../../sim/random.ts'
import type { TimeUs } from '../../sim/time.ts'
import { drawFlow, type Flow } from '../../workload/draw-flow.ts'
import { arrivalState } from '../flow-start.ts'
import type { ClientMemory } from './client-memory.ts'
import { delayOf } from './delay-table.ts'
import { abandoned, closed, datagrams, type EntryLife, reset, unanswered } from './entry-life.ts'
import { beginsAt } from './flow-times.ts'
import { HOP, type NodeTables } from './node-tables.ts'
import { CAUSE, CAUSES, isFailure, OUTCOME, OUTCOMES } from './outcome.ts'
import { PacketFate } from './packet-fate.ts'
import { beginPassage, newPassage, type Passage } from './passage.ts'
import { addPodLoad } from './pod-load.ts'
import { RECALL, RECALLS } from './recall.ts'
import type { TimeTallies } from './time-tallies.ts'
import { type KeepAlive, type TimedPlan, TURN } from './timed-plan.ts'

/** No conntrack entry of UDP lives longer without a packet (nf_conntrack_udp_timeout_stream). */
const UDP_TIMEOUT_US = 120_000_000
const UDP = 17

export class FlowSender extends PacketFate {
  readonly #tallies: TimeTallies
  readonly #flows: { readonly 4: Flow; readonly 6: Flow }
  readonly #passage = newPassage()
  /** Of all nodes, where they may fill. */
  #tables: NodeTables | undefined

  constructor(plan: TimedPlan, tallies: TimeTallies) {
    super(plan)
    this.#tallies = tallies
    const flow = (family: 4 | 6): Flow => ({ packet: newPacket(family), destination: -1, packets: 0 })
    this.#flows = { 4: flow(4), 6: flow(6) }
  }

  /** The flows of one class at a node that have a TURN of their own; `syncs` of the node and the class's family. */
  send(node: number, classIndex: number, syncs: NodeSyncs): void {
    const { plan, turnOfDestination } = this.plan.traffic
    const kind = plan.classes[classIndex]
    const flow = this.#flows[kind.family]
    const count = kind.connectionsOfNode[node]
    for (let flowLow = 0; flowLow < count; flowLow++) {
      drawFlow(plan, classIndex, node, flowLow, flow)
      if (turnOfDestination[flow.destination] === TURN.own) this.sendFlow(node, flow, syncs)
    }
  }

  /** One flow, from its first packet to its last. */
  sendFlow(node: number, flow: Flow, syncs: NodeSyncs): void {
    const passage = this.#passage
    this.begin(node, flow, syncs, passage)
    while (passage.nextUs < Infinity) this.#step(flow, passage)
    this.finish(flow, passage)
  }

  /** One flow that its load balancer had no target for: no node ever sees it. */
  sendNowhere(flow: Flow, startUs: TimeUs): void {
    const passage = this.#passage
    beginPassage(passage, startUs, startUs)
    this.node = -1
    this.fail(OUTCOME.dropped, CAUSE.noTarget, 0)
    this.#conclude(passage)
    this.finish(flow, passage)
  }

  /** Of flows that go side by side, one: its passage, until it asks the rules for the first time. */
  begin(node: number, flow: Flow, syncs: NodeSyncs, passage: Passage): void {
    const { traffic } = this.plan
    this.#turnTo(node, flow, syncs)
    const state = arrivalState(traffic.arrivalSeed, flow.packet)
    const startUs = beginsAt(this.plan, state)
    const lengthUs =
      traffic.keepAlive === null ? delayOf(traffic.duration, drawOf(state, 2)) : this.plan.horizonUs - startUs
    beginPassage(passage, startUs, startUs + (flow.packets === 1 ? 0 : lengthUs))
    this.outcome = OUTCOME.delivered
    this.cause = CAUSE.none
    this.lagUs = 0
    if (!this.isThere(startUs, flow.packet.origin === ORIGIN.uplink)) this.#conclude(passage)
  }

  /** The same flow at its passage's next instant: it asks the rules, and goes on until it asks them again. `memories`: of its node. */
  stepOrdered(
    node: number,
    flow: Flow,
    syncs: NodeSyncs,
    passage: Passage,
    memories: Map<number, ClientMemory>,
    tables: NodeTables | undefined,
  ): void {
    this.#turnTo(node, flow, syncs)
    this.memories = memories
    this.#tables = tables
    this.#step(flow, passage)
    this.memories = undefined
    this.#tables = undefined
  }

  #turnTo(node: number, flow: Flow, syncs: NodeSyncs): void {
    const { traffic, families } = this.plan
    this.node = node
    this.syncs = syncs
    this.table = families[flow.packet.family]!.table
    this.port = traffic.portOfDestination[flow.destination]
  }

  #step(flow: Flow, passage: Passage): void {
    const { keepAlive } = this.plan.traffic
    if (flow.packet.protocol === UDP) this.#passDatagrams(flow, passage)
    else if (keepAlive === null) this.#passConnection(flow, passage)
    else this.#serveClient(flow, keepAlive, passage)
  }

  /** What the rules say to the flow's next new connection, if the node's table has room for it. */
  #ask(flow: Flow, passage: Passage, timeUs: TimeUs): boolean {
    if (this.#tables?.admits(this.node, HOP.first, flow.packet, passage.draws, timeUs) === false) {
      this.fail(OUTCOME.dropped, CAUSE.tableFull, 0)
      return false
    }
    const isChosen = this.choose(flow, passage.draws, timeUs)
    if (this.recall !== RECALL.none) {
      const row = this.plan.traffic.rowOfDestination[flow.destination]
      this.#tallies.recalls[row * RECALLS + this.recall]++
    }
    return isChosen
  }

  /** What a new connection meets at the chosen endpoint, if the table of that one's node has room for it as well. */
  #arrive(flow: Flow, passage: Passage, timeUs: TimeUs): void {
    this.meet(timeUs)
    const target = this.nodeOfEndpoint()
    if (this.#tables === undefined || target < 0 || target === this.node || this.outcome === OUTCOME.blackholed) return
    if (this.#tables.admits(target, HOP.second, flow.packet, passage.draws, timeUs)) return
    this.fail(OUTCOME.dropped, CAUSE.tableFull, 0)
    this.#tables.keep(this.node, HOP.first, flow.packet, passage.draws, unanswered(flow.packet.protocol, timeUs))
  }

  /** The connection is remembered on its way for this long. Only where there are tables: a life is an object more. */
  #remember(flow: Flow, passage: Passage, life: EntryLife): void {
    if (this.#tables === undefined) throw new Error('no connection table remembers this')
    this.#tables.keep(this.node, HOP.first, flow.packet, passage.draws, life)
    const target = this.nodeOfEndpoint()
    if (target >= 0 && target !== this.node) this.#tables.keep(target, HOP.second, flow.packet, passage.draws, life)
  }

  /** What came to nothing leaves an entry on its own node where it went out and nobody answered. */
  #rememberFailure(flow: Flow, passage: Passage, timeUs: TimeUs): void {
    if (this.#tables === undefined) return
    const { protocol } = flow.packet
    if (this.outcome === OUTCOME.blackholed || this.outcome === OUTCOME.unmatched)
      this.#tables.keep(this.node, HOP.first, flow.packet, passage.draws, unanswered(protocol, timeUs))
    else if (this.outcome === OUTCOME.strayed) this.#remember(flow, passage, closed(protocol, timeUs))
  }

  /**
   * Requests at equal distances over one connection after the other. A request whose connection cannot be opened is tried again at once as
   * often as the client has retries; a server that ends its connections in order costs no request, a machine that dies costs one. In a closed
   * loop a try that nobody answers takes its timeout, and the distances begin anew behind it.
   */
  #serveClient(flow: Flow, { requests, maxAgeUs, retries, timeoutUs }: KeepAlive, passage: Passage): void {
    const { packets } = flow
    const { sent } = passage
    const gapUs = packets === 1 ? 0 : (passage.lastUs - passage.startUs) / packets
    const timeOf = (request: number): TimeUs => passage.startUs + passage.heldUs + request * gapUs
    const indexAt = (timeUs: TimeUs): number =>
      gapUs === 0 ? packets : Math.min(packets, Math.max(0, Math.ceil((timeUs - timeOf(0)) / gapUs)))
    let { nextUs: nowUs } = passage
    let isOpen = false
    for (let attempt = 0; attempt <= retries && !isOpen && nowUs <= this.plan.horizonUs; attempt++) {
      if (attempt > 0) passage.draws++
      isOpen = this.#ask(flow, passage, nowUs)
      if (isOpen) this.#arrive(flow, passage, nowUs)
      isOpen &&= !isFailure(this.outcome)
      if (isOpen) break
      this.#rememberFailure(flow, passage, nowUs)
      if (IS_SILENT.has(this.outcome)) {
        passage.heldUs += timeoutUs
        nowUs += timeoutUs
      }
    }
    if (!isOpen) {
      this.#noteFailure(passage)
      passage.sent = sent + 1
    } else {
      const endUs = this.endOfEndpoint()
      const served = Math.max(
        sent + 1,
        Math.min(sent + requests, indexAt(nowUs + maxAgeUs), indexAt(endUs), indexAt(passage.lastUs + 1)),
      )
      this.#deliver(passage, sent, served, timeOf(0), gapUs)
      passage.sent = served
      const isLost = this.isCut() && endUs <= timeOf(served)
      if (this.#tables !== undefined) {
        const lastUs = Math.floor(timeOf(served - 1))
        this.#remember(flow, passage, (isLost ? abandoned : closed)(flow.packet.protocol, lastUs))
      }
      if (served < packets && isLost && timeOf(served) <= passage.lastUs) {
        this.fail(OUTCOME.blackholed, CAUSE.outlived, 0)
        this.#noteFailure(passage)
        passage.sent = served + 1
        passage.heldUs += timeoutUs
      }
    }
    passage.draws++
    const nextUs = passage.sent < packets ? Math.floor(timeOf(passage.sent)) : Infinity
    const isInTime = nextUs <= passage.lastUs
    passage.nextUs = isInTime ? nextUs : Infinity
    if (!isInTime) passage.unsent = packets - passage.sent
  }

  /** The outcome of a client is that of its first failure. */
  #noteFailure(passage: Passage): void {
    if (isFailure(this.outcome) && !isFailure(passage.outcome)) this.#keepOutcome(passage)
  }

  #keepOutcome(passage: Passage): void {
    passage.outcome = this.outcome
    passage.cause = this.cause
    passage.lagUs = this.lagUs
  }

  /** The outcome at hand is the flow's, which has come to its end. */
  #conclude(passage: Passage): void {
    this.#keepOutcome(passage)
    passage.nextUs = Infinity
  }

  /** Packets `from` to `to` (excluded) reached the endpoint at hand. */
  #deliver(passage: Passage, from: number, to: number, startUs: TimeUs, gapUs: number): void {
    passage.delivered += to - from
    addPodLoad(this.plan, this.#tallies.podLoad, this.podOfEndpoint(), { from, to, startUs, gapUs })
  }

  #passConnection(flow: Flow, passage: Passage): void {
    const { startUs, lastUs } = passage
    if (this.#ask(flow, passage, startUs)) this.#arrive(flow, passage, startUs)
    if (isFailure(this.outcome)) this.#rememberFailure(flow, passage, startUs)
    else this.#useConnection(flow, passage, startUs, lastUs)
    this.#conclude(passage)
  }

  #useConnection(flow: Flow, passage: Passage, startUs: TimeUs, lastUs: TimeUs): void {
    const { packets } = flow
    const { protocol } = flow.packet
    const endUs = this.endOfEndpoint()
    const gapUs = packets === 1 ? 0 : (lastUs - startUs) / (packets - 1)
    if (endUs > lastUs) {
      this.#deliver(passage, 0, packets, startUs, gapUs)
      if (this.#tables !== undefined) this.#remember(flow, passage, closed(protocol, lastUs))
      return
    }
    this.#deliver(passage, 0, Math.min(packets, Math.max(1, Math.ceil((endUs - startUs) / gapUs))), startUs, gapUs)
    const isCut = this.isCut()
    if (this.#tables !== undefined)
      this.#remember(flow, passage, isCut ? abandoned(protocol, lastUs) : reset(protocol, endUs))
    this.blame(startUs)
    // Who begins with an endpoint that all the world takes for a good one only outlives it.
    if (this.cause === CAUSE.none) this.cause = CAUSE.outlived
    this.outcome = isCut ? OUTCOME.blackholed : OUTCOME.reset
  }

  /** One conntrack entry. */
  #passDatagrams(flow: Flow, passage: Passage): void {
    const { packets } = flow
    const { startUs, nextUs: nowUs, sent: first, delivered } = passage
    const gapUs = packets === 1 ? 0 : (passage.lastUs - startUs) / (packets - 1)
    const isChosen = this.#ask(flow, passage, nowUs)
    if (isChosen) this.#arrive(flow, passage, nowUs)
    // Without an entry the next packet is as new as this one: only the next sync can change what it meets, or room in a table.
    const isFull = this.cause === CAUSE.tableFull
    const untilUs = isFull
      ? nowUs
      : isChosen
        ? gapUs > UDP_TIMEOUT_US
          ? nowUs
          : this.forgottenUs()
        : this.nextSyncUs()
    let atUs = nowUs
    do {
      if (isChosen && atUs > nowUs) {
        this.meet(atUs)
        if (isFailure(this.outcome)) this.blameEntry(atUs)
      }
      const changesUs = isChosen ? this.changesUs(atUs) : Infinity
      const upToUs = Math.min(untilUs, changesUs)
      const { sent } = passage
      const after = gapUs === 0 ? packets : Math.min(packets, Math.max(sent + 1, Math.ceil((upToUs - startUs) / gapUs)))
      if (!isFailure(this.outcome) && isChosen) this.#deliver(passage, sent, after, startUs, gapUs)
      if (isFailure(this.outcome) ? !isFailure(passage.outcome) : passage.outcome === OUTCOME.delivered)
        this.#keepOutcome(passage)
      passage.sent = after
      atUs = startUs + Math.floor(after * gapUs)
    } while (isChosen && passage.sent < packets && atUs < untilUs)
    if (this.#tables !== undefined && !isFull) {
      const lastUs = startUs + Math.floor((passage.sent - 1) * gapUs)
      const life = datagrams(startUs + Math.floor(first * gapUs), lastUs, passage.delivered > delivered)
      if (isChosen) this.#remember(flow, passage, life)
      else if (this.outcome === OUTCOME.unmatched || this.outcome === OUTCOME.blackholed)
        this.#tables.keep(this.node, HOP.first, flow.packet, passage.draws, life)
    }
    if (isChosen) passage.draws++
    passage.nextUs = passage.sent < packets ? atUs : Infinity
  }

  /** Counts a flow that has come to its end. */
  finish({ destination, packets }: Flow, passage: Passage): void {
    const { traffic, windowUs, windowCount } = this.plan
    const tallies = this.#tallies
    const { outcome, cause, lagUs, delivered, unsent, startUs } = passage
    const row = traffic.rowOfDestination[destination]
    const cell = (row * OUTCOMES + outcome) * CAUSES + cause
    const window = Math.min(windowCount - 1, Math.floor(startUs / windowUs))
    tallies.connections[cell]++
    tallies.windowOutcomes[window * OUTCOMES + outcome]++
    if (this.node >= 0) tallies.nodes.outcomes[this.node * OUTCOMES + outcome]++
    if (outcome === OUTCOME.notSent) return
    tallies.packetsDelivered[row] += delivered
    tallies.packetsLost[row] += packets - delivered - unsent
    if (!HAS_LAG.has(cause)) return
    tallies.lagUs[cell] += lagUs
    if (lagUs > tallies.maxLagUs[cell]) tallies.maxLagUs[cell] = lagUs
    record(tallies.lags, Math.min(0xffff_ffff, lagUs), 1)
  }
}

/** Of a try that ends so the client hears nothing. */
const IS_SILENT: ReadonlySet<number> = new Set([OUTCOME.blackholed, OUTCOME.dropped, OUTCOME.unmatched])

const HAS_LAG: ReadonlySet<number> = new Set([CAUSE.rules, CAUSE.slices, CAUSE.nodeLost, CAUSE.conntrack])
