/**
 * Flows side by side in order of time: what a node remembers of one has a say in the next. Whoever asks the rules next is taken from one
 * queue; flows of one instant come as they stand in the list. Costs an object and a place in the queue a flow, so only those go this way that must.
 */
import type { NodeSyncs } from '../../cluster/node-syncs.ts'
import { TimerQueue } from '../../sim/timer-queue.ts'
import type { Flow } from '../../workload/draw-flow.ts'
import type { ClientMemory } from './client-memory.ts'
import { beginsUs } from './flow-times.ts'
import type { NodeTables } from './node-tables.ts'
import { newPassage, type Passage } from './passage.ts'
import type { FlowSender } from './send-flows.ts'
import type { TimedPlan } from './timed-plan.ts'
import { newFlow, remakeFlow, type WaitingFlow } from './waiting-flow.ts'

/** Where it meets the rules, and which it is. */
export interface FlowAt {
  readonly at: number
  readonly waiting: WaitingFlow
}

/** Flows of one node or of several; `syncsOf` a node, by family. */
export function passInOrder(
  plan: TimedPlan,
  ordered: readonly FlowAt[],
  syncsOf: (node: number) => { readonly 4?: NodeSyncs | undefined; readonly 6?: NodeSyncs | undefined },
  sender: FlowSender,
  tables?: NodeTables,
): void {
  const traffic = plan.traffic.plan
  const memories = new Map<number, Map<number, ClientMemory>>()
  const queue = new TimerQueue()
  const passages: (Passage | undefined)[] = ordered.map(() => undefined)
  const flows = { 4: newFlow(4), 6: newFlow(6) }
  const flowAt = (i: number): Flow => {
    const { waiting } = ordered[i]
    const flow = flows[traffic.classes[waiting.classIndex].family]
    remakeFlow(traffic, waiting, flow)
    return flow
  }
  const memoriesOf = (node: number): Map<number, ClientMemory> => {
    let own = memories.get(node)
    if (own === undefined) {
      own = new Map()
      memories.set(node, own)
    }
    return own
  }
  ordered.forEach((_, i) => {
    queue.set(beginsUs(plan, flowAt(i).packet), 0, i)
  })
  while (queue.take()) {
    const i = queue.source
    const { at } = ordered[i]
    const flow = flowAt(i)
    const syncs = syncsOf(at)[flow.packet.family]!
    let passage = passages[i]
    if (passage === undefined) {
      passage = newPassage()
      sender.begin(at, flow, syncs, passage)
    }
    if (passage.nextUs < Infinity) sender.stepOrdered(at, flow, syncs, passage, memoriesOf(at), tables)
    if (passage.nextUs < Infinity) {
      passages[i] = passage
      queue.set(passage.nextUs, 0, i)
    } else {
      sender.finish(flow, passage)
      passages[i] = undefined
    }
  }
}
