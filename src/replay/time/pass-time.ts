/** Passes 2 and 4 for a few nodes: a job. Jobs may come in any order, each once; nodes that send nothing are part of one too, as they sync. */
import type { NodeSyncs } from '../../cluster/node-syncs.ts'
import { passBalanced } from './balanced-flows.ts'
import { passInOrder } from './ordered-flows.ts'
import { FlowSender } from './send-flows.ts'
import { NodeSyncer } from './sync-node.ts'
import { newTimeTallies, type TimeTallies } from './time-tallies.ts'
import { type TimedPlan, TURN } from './timed-plan.ts'
import { flowsOfNode } from './waiting-flow.ts'

const NODES_PER_JOB = 16

/** The last one is for what comes through load balancers, where there are any, and for all flows where tables may fill. */
export const timeJobCount = (plan: TimedPlan): number => nodeJobs(plan) + (hasLastJob(plan) ? 1 : 0)

const hasLastJob = ({ balancers, conntrack }: TimedPlan): boolean => balancers.ports.length > 0 || conntrack !== null

const nodeJobs = ({ nodes }: TimedPlan): number => Math.ceil(nodes.count / NODES_PER_JOB)

/** One thread's work on one plan. */
export class TimePasser {
  readonly tallies: TimeTallies
  readonly #plan: TimedPlan
  readonly #syncers: { readonly 4: NodeSyncer | null; readonly 6: NodeSyncer | null }
  /** Whose syncs count nowhere. */
  readonly #untold: { readonly 4: NodeSyncer | null; readonly 6: NodeSyncer | null }
  readonly #sender: FlowSender

  constructor(plan: TimedPlan) {
    this.#plan = plan
    this.tallies = newTimeTallies(plan)
    const syncer = (family: 4 | 6, tallies?: TimeTallies): NodeSyncer | null => {
      const own = plan.families[family]
      return own === null ? null : new NodeSyncer(plan, own, tallies)
    }
    this.#syncers = { 4: syncer(4, this.tallies), 6: syncer(6, this.tallies) }
    this.#untold = hasLastJob(plan) ? { 4: syncer(4), 6: syncer(6) } : { 4: null, 6: null }
    this.#sender = new FlowSender(plan, this.tallies)
  }

  pass(job: number): void {
    if (job === nodeJobs(this.#plan)) {
      passBalanced(this.#plan, this.#untold, this.#sender, this.tallies)
      return
    }
    const { nodes, traffic } = this.#plan
    const end = Math.min(nodes.count, (job + 1) * NODES_PER_JOB)
    for (let node = job * NODES_PER_JOB; node < end; node++) {
      const syncs: { readonly 4?: NodeSyncs; readonly 6?: NodeSyncs } = {
        4: this.#syncers[4]?.syncsOf(node),
        6: this.#syncers[6]?.syncsOf(node),
      }
      traffic.plan.classes.forEach((kind, c) => {
        if (kind.connectionsOfNode[node] > 0) this.#sender.send(node, c, syncs[kind.family]!)
      })
      if (!traffic.turnOfDestination.includes(TURN.ordered)) continue
      const isOrdered = (destination: number): boolean => traffic.turnOfDestination[destination] === TURN.ordered
      const ordered = flowsOfNode(traffic.plan, node, isOrdered).map(waiting => ({ at: node, waiting }))
      passInOrder(this.#plan, ordered, () => syncs, this.#sender)
    }
  }
}
