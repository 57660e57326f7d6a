/**
 * Pass 4 for one node: what becomes of every connection that meets the node's rules there (packet-fate.ts). Established TCP and SCTP
 * connections stay with their endpoint; a UDP flow stays while its conntrack entry does, which ends when a sync finds that the endpoint serves
 * no more (not while nobody serves at all). With keep-alive a flow is a client that opens one connection after the other. Packets that
 * nothing tells apart are counted by interval arithmetic.
 *
 * Deviations: connections have no retransmissions, and their clients outlive them; a connection tracked on another node's behalf (the second
 * hop) never ends early; session affinity is not followed; requests take no time, so clients that wait for answers send as others do.
 */
import type { NodeSyncs } from '../../cluster/node-syncs.ts'
import { record } from '../../metrics/histogram.ts'
import { newPacket, ORIGIN } from '../../net/packet.ts'
import { drawOf } from '../../sim/random.ts'
import type { TimeUs } from '../../sim/time.ts'
import { drawFlow, type Flow } from '../../workload/draw-flow.ts'
import { arrivalState, startOf } from '../flow-start.ts'
import { delayOf } from './delay-table.ts'
import { CAUSE, CAUSES, isFailure, OUTCOME, OUTCOMES } from './outcome.ts'
import { PacketFate } from './packet-fate.ts'
import { addPodLoad } from './pod-load.ts'
import type { TimeTallies } from './time-tallies.ts'
import type { KeepAlive, TimedPlan } from './timed-plan.ts'

/** No conntrack entry of UDP lives longer without a packet (nf_conntrack_udp_timeout_stream). */
const UDP_TIMEOUT_US = 120_000_000
const UDP = 17

export class FlowSender extends PacketFate {
  readonly #tallies: TimeTallies
  readonly #flows: { readonly 4: Flow; readonly 6: Flow }
  #delivered = 0

  constructor(plan: TimedPlan, tallies: TimeTallies) {
    super(plan)
    this.#tallies = tallies
    const flow = (family: 4 | 6): Flow => ({ packet: newPacket(family), destination: -1, packets: 0 })
    this.#flows = { 4: flow(4), 6: flow(6) }
  }

  /** All flows of one class at a node but those of load balancers; `syncs` of the node and the class's family. */
  send(node: number, classIndex: number, syncs: NodeSyncs): void {
    const { traffic, balancers } = this.plan
    const kind = traffic.plan.classes[classIndex]
    const flow = this.#flows[kind.family]
    const { ofDestination } = balancers
    const count = kind.connectionsOfNode[node]
    for (let flowLow = 0; flowLow < count; flowLow++) {
      drawFlow(traffic.plan, classIndex, node, flowLow, flow)
      if (ofDestination[flow.destination] < 0) this.sendFlow(node, classIndex, flow, syncs)
    }
  }

  /** One flow, whose class says its family and origin. */
  sendFlow(node: number, classIndex: number, flow: Flow, syncs: NodeSyncs): void {
    const { traffic, families, horizonUs } = this.plan
    const kind = traffic.plan.classes[classIndex]
    this.node = node
    this.syncs = syncs
    this.table = families[kind.family]!.table
    const state = arrivalState(traffic.arrivalSeed, flow.packet)
    const { keepAlive } = traffic
    const startUs = startOf(state, keepAlive === null ? horizonUs : Math.min(keepAlive.rampUs, horizonUs))
    const lengthUs = keepAlive === null ? delayOf(traffic.duration, drawOf(state, 2)) : horizonUs - startUs
    const lastUs = startUs + (flow.packets === 1 ? 0 : lengthUs)
    this.port = traffic.portOfDestination[flow.destination]
    this.#passFlow(flow, kind.origin === ORIGIN.uplink, startUs, lastUs)
    this.#note(flow, startUs)
  }

  /** One flow that its load balancer had no target for: no node ever sees it. */
  sendNowhere(flow: Flow, startUs: TimeUs): void {
    this.node = -1
    this.#delivered = 0
    this.fail(OUTCOME.dropped, CAUSE.noTarget, 0)
    this.#note(flow, startUs)
  }

  #passFlow(flow: Flow, isForeign: boolean, startUs: TimeUs, lastUs: TimeUs): void {
    this.outcome = OUTCOME.delivered
    this.cause = CAUSE.none
    this.lagUs = 0
    this.#delivered = 0
    if (!this.isThere(startUs, isForeign)) return
    if (flow.packet.protocol === UDP) this.#passDatagrams(flow, startUs, lastUs)
    else if (this.plan.traffic.keepAlive === null) this.#passConnection(flow, startUs, lastUs)
    else this.#passClient(flow, this.plan.traffic.keepAlive, startUs, lastUs)
  }

  /**
   * Requests at equal distances over one connection after the other. A request whose connection cannot be opened is tried again at once as
   * often as the client has retries; a server that ends its connections in order costs no request, a machine that dies costs one.
   */
  #passClient(flow: Flow, { requests, maxAgeUs, retries }: KeepAlive, startUs: TimeUs, lastUs: TimeUs): void {
    const { packets } = flow
    const gapUs = packets === 1 ? 0 : (lastUs - startUs) / packets
    const indexAt = (timeUs: TimeUs): number =>
      gapUs === 0 ? packets : Math.min(packets, Math.max(0, Math.ceil((timeUs - startUs) / gapUs)))
    let first = { outcome: OUTCOME.delivered as number, cause: CAUSE.none as number, lagUs: 0 }
    const note = (): void => {
      if (isFailure(this.outcome) && !isFailure(first.outcome))
        first = { outcome: this.outcome, cause: this.cause, lagUs: this.lagUs }
    }
    let draws = 0
    for (let sent = 0; sent < packets; ) {
      const nowUs = startUs + Math.floor(sent * gapUs)
      let isOpen = false
      for (let attempt = 0; attempt <= retries && !isOpen; attempt++) {
        isOpen = this.choose(flow, draws++, nowUs)
        if (isOpen) this.meet(nowUs)
        isOpen &&= !isFailure(this.outcome)
      }
      if (!isOpen) {
        note()
        sent++
        continue
      }
      const endUs = this.endOfEndpoint()
      const served = Math.max(sent + 1, Math.min(sent + requests, indexAt(nowUs + maxAgeUs), indexAt(endUs)))
      this.#deliver(sent, served, startUs, gapUs)
      sent = served
      if (sent < packets && startUs + sent * gapUs >= endUs && this.isCut()) {
        this.fail(OUTCOME.blackholed, CAUSE.outlived, 0)
        note()
        sent++
      }
    }
    this.fail(first.outcome, first.cause, first.lagUs)
  }

  /** Packets `from` to `to` (excluded) reached the endpoint at hand. */
  #deliver(from: number, to: number, startUs: TimeUs, gapUs: number): void {
    this.#delivered += to - from
    addPodLoad(this.plan, this.#tallies.podLoad, this.podOfEndpoint(), { from, to, startUs, gapUs })
  }

  #passConnection(flow: Flow, startUs: TimeUs, lastUs: TimeUs): void {
    if (!this.choose(flow, 0, startUs)) return
    this.meet(startUs)
    if (isFailure(this.outcome)) return
    const endUs = this.endOfEndpoint()
    const { packets } = flow
    const gapUs = packets === 1 ? 0 : (lastUs - startUs) / (packets - 1)
    if (endUs > lastUs) {
      this.#deliver(0, packets, startUs, gapUs)
      return
    }
    this.#deliver(0, Math.min(packets, Math.max(1, Math.ceil((endUs - startUs) / gapUs))), startUs, gapUs)
    const outcome = this.isCut() ? OUTCOME.blackholed : OUTCOME.reset
    this.blame(startUs)
    // Who begins with an endpoint that all the world takes for a good one only outlives it.
    if (this.cause === CAUSE.none) this.cause = CAUSE.outlived
    this.outcome = outcome
  }

  /** One conntrack entry after the other. */
  #passDatagrams(flow: Flow, startUs: TimeUs, lastUs: TimeUs): void {
    const { packets } = flow
    const gapUs = packets === 1 ? 0 : (lastUs - startUs) / (packets - 1)
    let first = OUTCOME.delivered as number
    let firstCause: number = CAUSE.none
    let firstLagUs = 0
    let sent = 0
    let draws = 0
    while (sent < packets) {
      const nowUs = startUs + Math.floor(sent * gapUs)
      const isChosen = this.choose(flow, draws, nowUs)
      if (isChosen) draws++
      // Without an entry the next packet is as new as this one: only the next sync can change what it meets.
      const untilUs = isChosen ? (gapUs > UDP_TIMEOUT_US ? nowUs : this.forgottenUs()) : this.nextSyncUs()
      let atUs = nowUs
      do {
        if (isChosen) this.meet(atUs)
        if (isChosen && atUs > nowUs && isFailure(this.outcome)) this.blameEntry(atUs)
        const changesUs = isChosen ? this.changesUs(atUs) : Infinity
        const upToUs = Math.min(untilUs, changesUs)
        const after =
          gapUs === 0 ? packets : Math.min(packets, Math.max(sent + 1, Math.ceil((upToUs - startUs) / gapUs)))
        if (!isFailure(this.outcome) && isChosen) this.#deliver(sent, after, startUs, gapUs)
        if (isFailure(this.outcome) ? !isFailure(first) : first === OUTCOME.delivered) {
          first = this.outcome
          firstCause = this.cause
          firstLagUs = this.lagUs
        }
        sent = after
        atUs = startUs + Math.floor(sent * gapUs)
      } while (isChosen && sent < packets && atUs < untilUs)
    }
    this.outcome = first
    this.cause = firstCause
    this.lagUs = firstLagUs
  }

  #note({ destination, packets }: Flow, startUs: TimeUs): void {
    const { traffic, windowUs, windowCount } = this.plan
    const tallies = this.#tallies
    const outcome = this.outcome
    const row = traffic.rowOfDestination[destination]
    const cell = (row * OUTCOMES + outcome) * CAUSES + this.cause
    const window = Math.min(windowCount - 1, Math.floor(startUs / windowUs))
    tallies.connections[cell]++
    tallies.windowOutcomes[window * OUTCOMES + outcome]++
    if (this.node >= 0) tallies.nodes.outcomes[this.node * OUTCOMES + outcome]++
    if (outcome === OUTCOME.notSent) return
    tallies.packetsDelivered[row] += this.#delivered
    tallies.packetsLost[row] += packets - this.#delivered
    if (!HAS_LAG.has(this.cause)) return
    tallies.lagUs[cell] += this.lagUs
    if (this.lagUs > tallies.maxLagUs[cell]) tallies.maxLagUs[cell] = this.lagUs
    record(tallies.lags, Math.min(0xffff_ffff, this.lagUs), 1)
  }
}

const HAS_LAG: ReadonlySet<number> = new Set([CAUSE.rules, CAUSE.slices, CAUSE.nodeLost, CAUSE.conntrack])
