/**
 * Flows side by side in order of time: what a node remembers of one has a say in the next. Whoever asks the rules next is taken from one
 * queue; flows of one instant come as they stand in the list. Costs an object and a place in the queue a flow, so only those go this way that must.
 */
import type { NodeSyncs } from '../../cluster/node-syncs.ts'
import { TimerQueue } from '../../sim/timer-queue.ts'
import type { Flow } from '../../workload/draw-flow.ts'
import type { ClientMemory } from './client-memory.ts'
import { newPassage, type Passage } from './passage.ts'
import type { FlowSender } from './send-flows.ts'
import type { TimedPlan } from './timed-plan.ts'
import { newFlow, remakeFlow, type WaitingFlow } from './waiting-flow.ts'

/** The flows of one node; `syncs` of it, by family. */
export function passInOrder(
  plan: TimedPlan,
  node: number,
  waiting: readonly WaitingFlow[],
  syncs: { readonly 4?: NodeSyncs | undefined; readonly 6?: NodeSyncs | undefined },
  sender: FlowSender,
): void {
  if (waiting.length === 0) return
  const memories = new Map<number, ClientMemory>()
  const queue = new TimerQueue()
  const passages: (Passage | undefined)[] = waiting.map(() => undefined)
  const flows = { 4: newFlow(4), 6: newFlow(6) }
  const flowAt = (i: number): Flow => {
    const flow = flows[plan.traffic.plan.classes[waiting[i].classIndex].family]
    remakeFlow(plan.traffic.plan, waiting[i], flow)
    return flow
  }
  const settle = (i: number, flow: Flow, passage: Passage): void => {
    if (passage.nextUs < Infinity) queue.set(passage.nextUs, 0, i)
    else {
      sender.finish(flow, passage)
      passages[i] = undefined
    }
  }
  waiting.forEach((_, i) => {
    const flow = flowAt(i)
    const passage = newPassage()
    passages[i] = passage
    sender.begin(node, flow, syncs[flow.packet.family]!, passage)
    settle(i, flow, passage)
  })
  while (queue.take()) {
    const flow = flowAt(queue.source)
    const passage = passages[queue.source]!
    sender.stepOrdered(node, flow, syncs[flow.packet.family]!, passage, memories)
    settle(queue.source, flow, passage)
  }
}
