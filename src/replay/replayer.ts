/**
 * Sends the flows of a plan of iptables mode through the rules and counts: the inner loop of a run, the same code in a worker and in the main thread.
 *
 * Counters of the detail nodes come from engines of their own, so that second hops from anywhere are counted for the right node.
 * Models one direction only; a connection that is not delivered sends its first packet and no more (no retransmission).
 */
import type { IpFamily } from '../net/ip.ts'
import { newPacket } from '../net/packet.ts'
import { LANES } from '../netfilter/cost/program-prices.ts'
import { newEngine } from '../netfilter/engine.ts'
import { foldRecords } from '../netfilter/hop-memo.ts'
import { newHopMemo } from '../netfilter/hop-records.ts'
import { beginNode, endNode } from '../netfilter/node-order.ts'
import { ruleTallies } from '../netfilter/rule-tallies.ts'
import { newSourceTests } from '../netfilter/source-tests.ts'
import { foldFares, newFares } from './fares.ts'
import { newHopPlaces } from './hop-places.ts'
import { hostViews } from './host-table.ts'
import type { Job } from './jobs.ts'
import { foldJourneys, type Journeys, newJourneys } from './journeys.ts'
import { RememberedHops } from './remembered-hops.ts'
import { replayFlows } from './replay-flows.ts'
import { newWay } from './replay-hops.ts'
import { replayListed } from './replay-listed.ts'
import type { IptablesPlan } from './replay-plan.ts'
import type { FamilyReplayer, Replayer } from './replay-state.ts'
import { sourcesAreForeign } from './sources-are-foreign.ts'
import type { Tallies } from './tallies.ts'
import { addRuleTallies, newTallies } from './tallies.ts'
import { whereabouts } from './whereabouts.ts'

/** `remembers` false: every packet is evaluated, for the tests that hold both equal. */
export function newReplayer(plan: IptablesPlan, remembers = true): Replayer {
  const tallies = newTallies(plan)
  const detailOfNode = new Int32Array(plan.traffic.nodeCount).fill(-1)
  plan.detailNodes.forEach((node, d) => {
    detailOfNode[node] = d
  })
  const { buffer, byteOffset, length } = plan.orderKeyOfNode
  const orderKeyOfNode = new Int32Array(buffer, byteOffset, length)
  const family = (f: IpFamily): FamilyReplayer | null => {
    const own = plan.families[f]
    if (own === null) return null
    const tests = newSourceTests()
    const fares = newFares()
    const remembering = (): Journeys =>
      newJourneys(newHopMemo(newEngine(own.program, plan.ruleSeed, own.prices), tests), fares)
    const detailJourneys = plan.detailNodes.map(node => {
      const journeys = remembering()
      beginNode(journeys.memo.engine, orderKeyOfNode[node])
      return journeys
    })
    const hosts = hostViews(own.hosts)
    return {
      plan: own,
      backendNode: own.backendNode,
      tallies: tallies.families[f]!,
      hosts,
      journeys: remembering(),
      detailJourneys,
      travels: remembers && sourcesAreForeign(plan.traffic, f, hosts),
      places: newHopPlaces(plan, own, remembers ? hosts : [], detailOfNode),
      roads: new Map(),
      whereabouts: whereabouts(remembers ? hosts : []),
      firstPlaces: undefined,
      ingressPlaces: undefined,
      lists: undefined,
      uplinkSignature: 0,
      uplinkTests: -1,
      flow: { packet: newPacket(f), destination: -1, packets: 0 },
      secondPacket: newPacket(f),
      way: { ...newWay(LANES), record: 0, secondRecord: 0 },
    }
  }
  const nodes = { plan, detailOfNode, orderKeyOfNode }
  const families = { 4: family(4), 6: family(6) }
  const hops = (own: FamilyReplayer | null) => (own === null ? null : new RememberedHops(nodes, own))
  return { ...nodes, tallies, families, hops: { 4: hops(families[4]), 6: hops(families[6]) } }
}

/** Replays the flows of one job. Jobs may come in any order, each once. */
export function replayJob(replayer: Replayer, job: Job): void {
  const { plan, families, orderKeyOfNode } = replayer
  for (let node = job.fromNode; node < job.toNode; node++) {
    begin(families[4], orderKeyOfNode[node])
    begin(families[6], orderKeyOfNode[node])
    plan.traffic.classes.forEach((kind, c) => {
      const count = kind.connectionsOfNode[node]
      const from = Math.floor((count * job.part) / job.parts)
      const to = Math.floor((count * (job.part + 1)) / job.parts)
      if (from === to) return
      const own = families[kind.family]
      if (own === null) throw new Error(`replayJob: class ${c} is of family ${kind.family}, which has no rules`)
      replayFlows(replayer, own, c, node, from, to)
    })
    if (plan.affinity !== undefined && job.part === 0) replayListed(replayer, plan.affinity, node)
    if (families[4] !== null) endNode(families[4].journeys.memo.engine)
    if (families[6] !== null) endNode(families[6].journeys.memo.engine)
  }
}

/** What this thread counted in all its jobs; the replayer is used up. */
export function finishReplay(replayer: Replayer): Tallies {
  for (const family of [replayer.families[4], replayer.families[6]]) {
    if (family === null) continue
    const { tallies, journeys, detailJourneys } = family
    // All of them before any record is folded: a second hop is counted at another node's.
    foldFares(journeys.fares, replayer.tallies)
    for (const own of [journeys, ...detailJourneys]) foldJourneys(own, replayer.tallies, tallies)
    foldRecords(journeys.memo)
    tallies.rules = ruleTallies(journeys.memo.engine)
    tallies.detail = detailJourneys.map(({ memo }) => {
      endNode(memo.engine)
      foldRecords(memo)
      return ruleTallies(memo.engine)
    })
    for (const own of tallies.detail) addRuleTallies(tallies.rules, own)
  }
  return replayer.tallies
}

function begin(family: FamilyReplayer | null, orderKey: number): void {
  if (family !== null) beginNode(family.journeys.memo.engine, orderKey)
}
