/**
 * The flows of one node whose choice of a backend hangs on who came before (ClientIP affinity): evaluated one by one in order of time, with the
 * lists that the node's iptables rules keep of clients (netfilter/memory/recent-lists.ts). No memory of hops or journeys has a say. Lists begin
 * empty and are the node's own; a second hop has none. Not modelled: rules that change meanwhile.
 */
import { RecentLists } from '../netfilter/memory/recent-lists.ts'
import { eachListedFlow } from './listed-flows.ts'
import { replayFlow } from './replay-flow.ts'
import type { AffinityPlan } from './replay-plan.ts'
import type { Replayer } from './replay-state.ts'

export function replayListed(replayer: Replayer, affinity: AffinityPlan, node: number): void {
  const { plan, families } = replayer
  for (const family of [families[4], families[6]]) {
    if (family === null) continue
    const lists = { recent: new RecentLists(family.plan.program.recentStamps), nowUs: 0 }
    family.firstPlaces = undefined
    family.ingressPlaces = undefined
    family.lists = lists
    eachListedFlow(plan.traffic, affinity, node, family.flow, nowUs => {
      lists.nowUs = nowUs
      replayFlow(replayer, family, node)
    })
    family.lists = undefined
  }
}
