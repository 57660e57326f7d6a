/**
 * The flows of one node to destinations that remember clients, in order of time; ties in order of class and number. Where there are none nothing is
 * asked for.
 */
import type { TimeUs } from '../sim/time.ts'
import { drawFlow, type Flow } from '../workload/draw-flow.ts'
import type { TrafficPlan } from '../workload/traffic.ts'
import { arrivalState, startOf } from './flow-start.ts'
import type { AffinityPlan } from './replay-plan.ts'

/** Draws them one after the other into `flow`, whose packet's family is theirs, and has each sent. */
export function eachListedFlow(
  traffic: TrafficPlan,
  { remembers, withinUs, arrivalSeed }: AffinityPlan,
  node: number,
  flow: Flow,
  send: (nowUs: TimeUs) => void,
): void {
  const waiting: { classIndex: number; flowLow: number; startUs: TimeUs }[] = []
  traffic.classes.forEach((kind, classIndex) => {
    if (kind.family !== flow.packet.family) return
    for (let flowLow = 0; flowLow < kind.connectionsOfNode[node]; flowLow++) {
      drawFlow(traffic, classIndex, node, flowLow, flow)
      if (remembers[flow.destination] === 0) continue
      waiting.push({ classIndex, flowLow, startUs: startOf(arrivalState(arrivalSeed, flow.packet), withinUs) })
    }
  })
  // Stable: flows of one instant stay in order of class and number.
  waiting.sort((a, b) => a.startUs - b.startUs)
  for (const { classIndex, flowLow, startUs } of waiting) {
    drawFlow(traffic, classIndex, node, flowLow, flow)
    send(startUs)
  }
}
