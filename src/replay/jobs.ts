/**
 * The units of work: a few consecutive nodes, or a part of one busy node's flows. Flows are numbered by (class, node), so how they
 * are cut into jobs changes no result; it only has to give every worker enough to do, progress something to count, and Ctrl-C
 * a place to stop.
 */
import type { TrafficPlan } from '../workload/traffic.ts'

export interface Job {
  readonly fromNode: number
  /** Exclusive. */
  readonly toNode: number
  /** Of each (class, node) the flows from count x part / parts on, up to the next part. */
  readonly part: number
  readonly parts: number
}

const NODES_PER_JOB = 16
const CONNECTIONS_PER_JOB = 16_384

/** Jobs that cover every flow once; nodes that send nothing are part of no job. */
export function jobsOf(traffic: TrafficPlan): Job[] {
  const jobs: Job[] = []
  let fromNode = 0
  let gathered = 0
  const close = (toNode: number): void => {
    if (gathered > 0) jobs.push({ fromNode, toNode, part: 0, parts: 1 })
    fromNode = toNode
    gathered = 0
  }
  for (let node = 0; node < traffic.nodeCount; node++) {
    const own = traffic.classes.reduce((sum, kind) => sum + kind.connectionsOfNode[node], 0)
    const full = node - fromNode >= NODES_PER_JOB || gathered + own > CONNECTIONS_PER_JOB
    if (full) close(node)
    gathered += own
    if (own <= CONNECTIONS_PER_JOB) continue
    const parts = Math.ceil(own / CONNECTIONS_PER_JOB)
    for (let part = 0; part < parts; part++) jobs.push({ fromNode: node, toNode: node + 1, part, parts })
    fromNode = node + 1
    gathered = 0
  }
  close(traffic.nodeCount)
  return jobs
}
