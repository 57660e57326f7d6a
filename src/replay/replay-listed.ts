/**
 * The flows of one node whose choice of a backend hangs on who came before (ClientIP affinity): evaluated one by one in order of time, ties
 * in order of class and number, with the lists that the node's rules keep of clients (netfilter/memory/recent-lists.ts). No memory of hops
 * or journeys has a say. Lists begin empty and are the node's own; a second hop has none. Not modelled: rules that change meanwhile.
 */
import { RecentLists } from '../netfilter/memory/recent-lists.ts'
import { drawFlow } from '../workload/draw-flow.ts'
import { arrivalState, startOf } from './flow-start.ts'
import { replayFlow } from './replay-flow.ts'
import type { AffinityPlan } from './replay-plan.ts'
import type { FamilyReplayer, Replayer } from './replay-state.ts'

export function replayListed(
  replayer: Replayer,
  { remembers, withinUs, arrivalSeed }: AffinityPlan,
  node: number,
): void {
  const { plan, families } = replayer
  for (const family of [families[4], families[6]]) {
    if (family === null) continue
    const { flow } = family
    const waiting: Waiting[] = []
    plan.traffic.classes.forEach((kind, classIndex) => {
      if (kind.family !== family.plan.program.family) return
      for (let flowLow = 0; flowLow < kind.connectionsOfNode[node]; flowLow++) {
        drawFlow(plan.traffic, classIndex, node, flowLow, flow)
        if (remembers[flow.destination] === 0) continue
        waiting.push({ classIndex, flowLow, startUs: startOf(arrivalState(arrivalSeed, flow.packet), withinUs) })
      }
    })
    // Stable: flows of one instant stay in order of class and number.
    waiting.sort((a, b) => a.startUs - b.startUs)
    replayInOrder(replayer, family, node, waiting)
  }
}

interface Waiting {
  readonly classIndex: number
  readonly flowLow: number
  readonly startUs: number
}

function replayInOrder(replayer: Replayer, family: FamilyReplayer, node: number, waiting: readonly Waiting[]): void {
  if (waiting.length === 0) return
  const lists = { recent: new RecentLists(family.plan.program.recentStamps), nowUs: 0 }
  family.firstPlaces = undefined
  family.ingressPlaces = undefined
  family.lists = lists
  for (const { classIndex, flowLow, startUs } of waiting) {
    lists.nowUs = startUs
    drawFlow(replayer.plan.traffic, classIndex, node, flowLow, family.flow)
    replayFlow(replayer, family, node)
  }
  family.lists = undefined
}
