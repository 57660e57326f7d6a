/**
 * What a packet meets at one node at one instant: the rules of its last finished sync, the endpoint they choose, and what really lives
 * there then; and who was behind if that went wrong. The choice is the rules' own: the same draw, the same thresholds. What is made of
 * it, connection by connection, is for who inherits (send-flows.ts).
 */
import { type NodeSyncs, syncAt } from '../../cluster/node-syncs.ts'
import { draw32, scale32 } from '../../sim/random.ts'
import type { TimeUs } from '../../sim/time.ts'
import type { Flow } from '../../workload/draw-flow.ts'
import { ClientMemory } from './client-memory.ts'
import { lifeAt, NO_POD } from './life-table.ts'
import { CAUSE, isFailure, OUTCOME } from './outcome.ts'
import { RECALL } from './recall.ts'
import { takenEvenly } from './taken-evenly.ts'
import type { TimedPlan } from './timed-plan.ts'
import { FLAG, LIST, type VersionTable, variantOn, versionAtTime, versionBefore } from './version-table.ts'

export abstract class PacketFate {
  protected readonly plan: TimedPlan
  protected node = 0
  protected syncs: NodeSyncs | undefined
  protected table: VersionTable | undefined
  /** Where the flow at hand goes, and what the rules it met look like. */
  protected port = 0
  #list: number = LIST.cluster
  #object = 0
  #slice = 0
  #variant = -1
  #sync = -1
  /** What became of its packet. */
  protected endpoint = -1
  protected life = -1
  protected outcome = 0
  protected cause = 0
  protected lagUs = 0
  /** What the node knew of its client: a RECALL. */
  protected recall: number = RECALL.none
  /** Of the node at hand, while its flows come in order: by port and family. */
  protected memories: Map<number, ClientMemory> | undefined

  constructor(plan: TimedPlan) {
    this.plan = plan
  }

  /** Is the node there? If not, the outcome is decided. */
  protected isThere(timeUs: TimeUs, isForeign: boolean): boolean {
    const { joinedUs } = this.plan.nodes
    const lostUs = joinedUs[this.node] > timeUs ? joinedUs[this.node] : this.#lostAt(this.node, timeUs)
    if (lostUs < 0) return true
    if (isForeign && lostUs <= timeUs) this.fail(OUTCOME.blackholed, CAUSE.nodeLost, timeUs - lostUs)
    else this.outcome = OUTCOME.notSent
    return false
  }

  /** Since when the node is lost; -1: it is not. */
  #lostAt(node: number, timeUs: TimeUs): TimeUs {
    const { outageStart, lostUs, foundUs } = this.plan.nodes
    for (let o = outageStart[node]; o < outageStart[node + 1]; o++)
      if (lostUs[o] <= timeUs && timeUs < foundUs[o]) return lostUs[o]
    return -1
  }

  /** What a NEW packet meets in the rules: true and an endpoint, or false and its outcome. */
  protected choose(flow: Flow, draw: number, timeUs: TimeUs): boolean {
    const table = this.table!
    const { traffic, sync } = this.plan
    this.outcome = OUTCOME.delivered
    this.cause = CAUSE.none
    this.lagUs = 0
    this.recall = RECALL.none
    if (!this.#look(timeUs)) {
      this.fail(OUTCOME.blackholed, CAUSE.noRules, 0)
      return false
    }
    if (this.#variant < 0) {
      this.fail(OUTCOME.unmatched, CAUSE.none, 0)
      this.#blameRules(timeUs)
      return false
    }
    const flags = table.flags[this.#variant]
    const isLocal = traffic.isOutside[flow.destination] === 1 ? flags & FLAG.externalLocal : flags & FLAG.internalLocal
    this.#list = isLocal === 0 ? LIST.cluster : LIST.local
    const at = LIST.words * this.#variant + this.#list
    const count = table.lists[at + 1]
    if (count === 0) {
      const hasAny = (flags & FLAG.hasAny) !== 0
      this.fail(hasAny ? OUTCOME.dropped : OUTCOME.rejected, hasAny ? CAUSE.noLocalEndpoints : CAUSE.noEndpoints, 0)
      this.#blameRules(timeUs)
      return false
    }
    const start = table.lists[at]
    const timeoutUs = table.affinityUs[this.#variant]
    const memory = timeoutUs === 0 ? undefined : this.#memory(timeoutUs, timeUs)
    const known = memory === undefined ? -1 : this.#findKnown(memory, start, count, flow.packet.source, timeUs)
    if (known >= 0) this.endpoint = table.entries[start + known]
    else {
      const { ruleSeed } = traffic
      const word = draw32(ruleSeed.low, ruleSeed.high, flow.packet.flowLow, flow.packet.flowHigh, draw)
      const place = sync.mode === 'iptables' ? takenEvenly(count, word) : scale32(word, count)
      this.endpoint = table.entries[start + place]
    }
    if (memory !== undefined) {
      this.recall = known >= 0 ? RECALL.kept : this.#recallOf(memory, start, count, flow.packet.source, timeUs)
      memory.see(table.labelOfEndpoint[this.endpoint], flow.packet.source, timeUs)
    }
    return true
  }

  /** What the node remembers of the port's clients, brought up to the sync at hand. */
  #memory(timeoutUs: TimeUs, timeUs: TimeUs): ClientMemory {
    if (this.memories === undefined) throw new Error('a flow to a Service with affinity came out of order')
    const { sync } = this.plan
    const key = 2 * this.port + (this.table!.family === 4 ? 0 : 1)
    const foundUs = this.#foundBefore(timeUs)
    let memory = this.memories.get(key)
    if (memory === undefined || memory.foundUs !== foundUs) {
      memory = new ClientMemory(sync.mode, timeoutUs, this.#sync, foundUs)
      this.memories.set(key, memory)
    }
    memory.changeTimeout(timeoutUs)
    for (; memory.sync < this.#sync; memory.sync++) {
      const [object, slice] = [this.#objectAt(memory.sync + 1), this.#sliceAt(memory.sync + 1)]
      if (object === this.#objectAt(memory.sync) && slice === this.#sliceAt(memory.sync)) continue
      memory.keepOnly(this.#listsOf(variantOn(this.table!, this.#row(object, slice), this.node)))
    }
    return memory
  }

  /** By endpoint that the rules of a variant reach: the number of its list. */
  #listsOf(variant: number): ReadonlySet<number> {
    const { affinityUs, lists, entries, labelOfEndpoint } = this.table!
    if (variant < 0 || affinityUs[variant] === 0) return new Set()
    const start = lists[LIST.words * variant + LIST.reachable]
    const count = lists[LIST.words * variant + LIST.reachable + 1]
    return new Set(Array.from(entries.subarray(start, start + count), endpoint => labelOfEndpoint[endpoint]))
  }

  /** Place of the first endpoint whose list has the client; -1: none. All are asked before chance is. */
  #findKnown(memory: ClientMemory, start: number, count: number, client: Uint32Array, timeUs: TimeUs): number {
    const { entries, labelOfEndpoint } = this.table!
    for (let i = 0; i < count; i++) if (memory.knows(labelOfEndpoint[entries[start + i]], client, timeUs)) return i
    return -1
  }

  /** Of a client that no list has. */
  #recallOf(memory: ClientMemory, start: number, count: number, client: Uint32Array, timeUs: TimeUs): number {
    const last = memory.lastListOf(client, timeUs)
    if (last < 0) return RECALL.stranger
    const { entries, labelOfEndpoint } = this.table!
    for (let i = 0; i < count; i++) if (labelOfEndpoint[entries[start + i]] === last) return RECALL.forgotten
    return RECALL.moved
  }

  /** The rules that stand at `timeUs`; false: the node has none. */
  #look(timeUs: TimeUs): boolean {
    const syncs = this.syncs!
    const at = syncAt(syncs, timeUs)
    if (at < 0 || syncs.startUs[at] < this.#foundBefore(timeUs)) return false
    this.#sync = at
    this.#object = this.#objectAt(at)
    this.#slice = this.#sliceAt(at)
    this.#variant = variantOn(this.table!, this.#row(this.#object, this.#slice), this.node)
    return true
  }

  /** When the node came back last; -1: it was never lost. Rules of before are gone. */
  #foundBefore(timeUs: TimeUs): TimeUs {
    const { outageStart, foundUs } = this.plan.nodes
    let found = -1
    for (let o = outageStart[this.node]; o < outageStart[this.node + 1]; o++)
      if (foundUs[o] <= timeUs) found = foundUs[o]
    return found
  }

  #objectAt(sync: number): number {
    const { objectPosition, objectStart, serviceOfPort } = this.table!
    const s = serviceOfPort[this.port]
    return versionBefore(objectPosition, objectStart[s], objectStart[s + 1], this.syncs!.servicePosition[sync])
  }

  #sliceAt(sync: number): number {
    const { slicePosition, sliceStart, serviceOfPort } = this.table!
    const s = serviceOfPort[this.port]
    return versionBefore(slicePosition, sliceStart[s], sliceStart[s + 1], this.syncs!.slicePosition[sync])
  }

  #row(object: number, slice: number): number {
    const { rowStart, sliceStart, serviceOfPort } = this.table!
    const s = serviceOfPort[this.port]
    return rowStart[this.port] + object * (sliceStart[s + 1] - sliceStart[s]) + slice
  }

  /** What a packet to the chosen endpoint meets there. */
  protected meet(timeUs: TimeUs): void {
    const { lives } = this.plan
    const table = this.table!
    const life = lifeAt(lives, table.addressOfEndpoint[this.endpoint], timeUs)
    this.life = life
    this.outcome = OUTCOME.delivered
    this.cause = CAUSE.none
    this.lagUs = 0
    if (life === -2) {
      const node = table.nodeOfEndpoint[this.endpoint]
      if (node >= 0 && this.#lostAt(node, timeUs) >= 0) this.outcome = OUTCOME.blackholed
    } else if (life === -1) this.outcome = OUTCOME.refused
    else if (timeUs >= lives.downUs[life]) this.outcome = lives.isCut[life] === 1 ? OUTCOME.blackholed : OUTCOME.refused
    else if (this.#isStranger(life)) this.outcome = OUTCOME.strayed
    else if (timeUs >= lives.terminatingUs[life]) this.outcome = OUTCOME.terminating
    if (isFailure(this.outcome)) this.blame(timeUs)
  }

  /** The node of the chosen endpoint, or -1. */
  protected nodeOfEndpoint(): number {
    return this.table!.nodeOfEndpoint[this.endpoint]
  }

  /** Number of the pod that the chosen endpoint is meant to be. */
  protected podOfEndpoint(): number {
    return this.table!.podOfEndpoint[this.endpoint]
  }

  #isStranger(life: number): boolean {
    const wanted = this.table!.podOfEndpoint[this.endpoint]
    return wanted !== NO_POD && wanted !== this.plan.lives.podOfLife[life]
  }

  /** The entry was made when the endpoint still answered. */
  protected blameEntry(timeUs: TimeUs): void {
    const downUs = this.life >= 0 ? this.plan.lives.downUs[this.life] : timeUs
    this.cause = CAUSE.conntrack
    this.lagUs = Math.max(0, timeUs - Math.min(timeUs, downUs))
  }

  /** Why the endpoint was chosen though it cannot answer. */
  protected blame(timeUs: TimeUs): void {
    const { lives } = this.plan
    const leftUs = this.#leftRulesUs(timeUs)
    if (leftUs >= 0) {
      this.cause = CAUSE.rules
      this.lagUs = timeUs - leftUs
      return
    }
    if (this.outcome === OUTCOME.strayed) {
      this.cause = CAUSE.reusedAddress
      return
    }
    const life = this.life
    if (life === -2) {
      this.cause = CAUSE.slices
      this.lagUs = timeUs - this.#lostAt(this.table!.nodeOfEndpoint[this.endpoint], timeUs)
    } else if (life >= 0) {
      const sinceUs = Math.min(lives.terminatingUs[life], lives.downUs[life])
      if (sinceUs > timeUs) return
      this.cause = CAUSE.slices
      this.lagUs = timeUs - sinceUs
    } else this.cause = CAUSE.slices
  }

  /** When the slices, as written until `timeUs`, stopped naming the endpoint for this node; -1: they name it still. */
  #leftRulesUs(timeUs: TimeUs): TimeUs {
    const table = this.table!
    const { sliceStart, sliceUs, serviceOfPort } = table
    const s = serviceOfPort[this.port]
    const latest = versionAtTime(sliceUs, sliceStart[s], sliceStart[s + 1], timeUs)
    for (let j = this.#slice + 1; j <= latest; j++) {
      const variant = variantOn(table, this.#row(this.#object, j), this.node)
      if (variant < 0 || !this.#isIn(variant, this.#list)) return sliceUs[sliceStart[s] + j]
    }
    return -1
  }

  /** Is the chosen endpoint in that list of the variant? */
  #isIn(variant: number, list: number): boolean {
    const { lists, entries } = this.table!
    const start = lists[LIST.words * variant + list]
    const end = start + lists[LIST.words * variant + list + 1]
    for (let i = start; i < end; i++) if (entries[i] === this.endpoint) return true
    return false
  }

  /** Nothing was chosen: do the versions written by then choose something? */
  #blameRules(timeUs: TimeUs): void {
    const table = this.table!
    const { sliceStart, sliceUs, objectStart, objectUs, serviceOfPort } = table
    const s = serviceOfPort[this.port]
    const object = versionAtTime(objectUs, objectStart[s], objectStart[s + 1], timeUs)
    const latest = versionAtTime(sliceUs, sliceStart[s], sliceStart[s + 1], timeUs)
    for (let j = this.#slice; j <= latest; j++) {
      const variant = variantOn(table, this.#row(object, j), this.node)
      if (variant < 0 || table.lists[LIST.words * variant + this.#list + 1] === 0) continue
      this.cause = CAUSE.rules
      const sinceUs = Math.max(
        j > this.#slice ? sliceUs[sliceStart[s] + j] : 0,
        object > this.#object ? objectUs[objectStart[s] + object] : 0,
      )
      this.lagUs = timeUs - sinceUs
      return
    }
  }

  /** Until when established connections to the chosen endpoint live. */
  protected endOfEndpoint(): TimeUs {
    const { lives, nodes } = this.plan
    if (this.life >= 0) return lives.goneUs[this.life]
    const node = this.table!.nodeOfEndpoint[this.endpoint]
    return node >= 0 && nodes.outageStart[node] < nodes.outageStart[node + 1]
      ? nodes.lostUs[nodes.outageStart[node]]
      : Infinity
  }

  protected isCut(): boolean {
    return this.life < 0 || this.plan.lives.isCut[this.life] === 1
  }

  /** When a datagram to the chosen endpoint may fare otherwise than at `timeUs`. */
  protected changesUs(timeUs: TimeUs): TimeUs {
    const { lives } = this.plan
    const life = this.life
    if (life === -2) return Infinity
    const address = this.table!.addressOfEndpoint[this.endpoint]
    const next = life < 0 ? lives.lifeStart[address] : life + 1
    const nextUs = next < lives.lifeStart[address + 1] ? lives.upUs[next] : Infinity
    if (life < 0) return nextUs
    const ownUs = [lives.terminatingUs[life], lives.downUs[life]].filter(us => us > timeUs)
    return Math.min(nextUs, ...ownUs)
  }

  /** When kube-proxy has the conntrack entry forgotten: the end of the first sync that finds others serving, and not this endpoint. */
  protected forgottenUs(): TimeUs {
    const syncs = this.syncs!
    const table = this.table!
    let known = this.#slice
    for (let at = this.#sync + 1; at < syncs.endUs.length; at++) {
      const slice = this.#sliceAt(at)
      if (slice === known) continue
      known = slice
      const variant = variantOn(table, this.#row(this.#objectAt(at), slice), this.node)
      if (variant < 0 || table.lists[LIST.words * variant + LIST.serving + 1] === 0) continue
      if (!this.#isIn(variant, LIST.serving)) return syncs.endUs[at]
    }
    return Infinity
  }

  protected nextSyncUs(): TimeUs {
    const { endUs } = this.syncs!
    return this.#sync + 1 < endUs.length ? endUs[this.#sync + 1] : Infinity
  }

  protected fail(outcome: number, cause: number, lagUs: TimeUs): void {
    this.outcome = outcome
    this.cause = cause
    this.lagUs = lagUs
  }
}
