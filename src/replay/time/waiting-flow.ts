/** A flow that is known by its number alone, and made again when its turn comes. */
import { newPacket } from '../../net/packet.ts'
import { drawFlow, drawNowhere, type Flow } from '../../workload/draw-flow.ts'
import { NO_NODE, type TrafficPlan } from '../../workload/traffic.ts'

export interface WaitingFlow {
  readonly classIndex: number
  /** As planned; NO_NODE: the plan had no target for it. */
  readonly node: number
  readonly destination: number
  readonly flowLow: number
}

export const newFlow = (family: 4 | 6): Flow => ({ packet: newPacket(family), destination: -1, packets: 0 })

/** `flow` must be of its class's family. */
export function remakeFlow(
  plan: TrafficPlan,
  { classIndex, node, destination, flowLow }: WaitingFlow,
  flow: Flow,
): void {
  if (node === NO_NODE) drawNowhere(plan, classIndex, destination, flowLow, flow)
  else drawFlow(plan, classIndex, node, flowLow, flow)
}

/** Those of a node's own flows whose destination is wanted, in order of class and number. */
export function flowsOfNode(
  plan: TrafficPlan,
  node: number,
  isWanted: (destination: number) => boolean,
): WaitingFlow[] {
  const waiting: WaitingFlow[] = []
  const flows = { 4: newFlow(4), 6: newFlow(6) }
  plan.classes.forEach(({ family, connectionsOfNode }, classIndex) => {
    const flow = flows[family]
    for (let flowLow = 0; flowLow < connectionsOfNode[node]; flowLow++) {
      drawFlow(plan, classIndex, node, flowLow, flow)
      const { destination } = flow
      if (isWanted(destination)) waiting.push({ classIndex, node, destination, flowLow })
    }
  })
  return waiting
}
