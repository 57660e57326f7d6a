/**
 * Where traffic from outside comes in. Every destination names its ingress nodes (the targets its load balancer finds healthy) and
 * sends each of them an equal part. Destinations with the same ingress nodes form a group; nodes that belong to the same groups
 * share a choice table. So 8,000 Services on 5,000 nodes cost one group and one table when every node is a target, and memory grows
 * with the (node, group) pairs alone when they differ.
 */
import type { ChoiceTable } from './choice-table.ts'
import { choiceTable } from './choice-table.ts'

export interface IngressGroups {
  /** Destinations by group. */
  readonly destinationTables: readonly ChoiceTable[]
  /** Groups by node; nodes with the same groups share one. -1: the node gets nothing. */
  readonly groupTables: readonly ChoiceTable[]
  readonly groupTableOfNode: Int32Array
  /** Share of all connections by node; the last cell (node number nodeCount) is the share that finds no ingress node. */
  readonly weightOfNode: Float64Array
  /** The group without ingress nodes; -1 when there is none. */
  readonly unreachedGroup: number
}

interface Group {
  readonly nodes: readonly number[]
  readonly destinations: number[]
  readonly weights: number[]
  weight: number
}

/** `destinations[i]` weighs `weights[i]` and comes in at `ingressNodes[i]` (distinct node numbers below nodeCount). */
export function ingressGroups(
  destinations: readonly number[],
  weights: readonly number[],
  ingressNodes: readonly (readonly number[])[],
  nodeCount: number,
): IngressGroups {
  const groups = groupByIngress(destinations, weights, ingressNodes)
  const groupsOfNode: number[][] = Array.from({ length: nodeCount }, () => [])
  const weightOfNode = new Float64Array(nodeCount + 1)
  let unreachedGroup = -1
  groups.forEach((group, g) => {
    if (group.nodes.length === 0) {
      unreachedGroup = g
      weightOfNode[nodeCount] = group.weight
    }
    for (const node of group.nodes) {
      groupsOfNode[node].push(g)
      weightOfNode[node] += group.weight / group.nodes.length
    }
  })
  const groupTables: ChoiceTable[] = []
  const tableByGroups = new Map<string, number>()
  const groupTableOfNode = new Int32Array(new SharedArrayBuffer(4 * nodeCount)).fill(-1)
  groupsOfNode.forEach((own, node) => {
    if (own.length === 0) return
    const key = own.join()
    let table = tableByGroups.get(key)
    if (table === undefined) {
      const shares = own.map(g => groups[g].weight / groups[g].nodes.length)
      table = groupTables.push(choiceTable(own, shares)) - 1
      tableByGroups.set(key, table)
    }
    groupTableOfNode[node] = table
  })
  return {
    destinationTables: groups.map(g => choiceTable(g.destinations, g.weights)),
    groupTables,
    groupTableOfNode,
    weightOfNode,
    unreachedGroup,
  }
}

/** Destinations of weight 0 are left out: they would make groups that are never taken. */
function groupByIngress(
  destinations: readonly number[],
  weights: readonly number[],
  ingressNodes: readonly (readonly number[])[],
): Group[] {
  const groups: Group[] = []
  const byNodes = new Map<string, Group>()
  // Most callers share one array among thousands of destinations: it is joined once.
  const byArray = new Map<readonly number[], Group>()
  for (let i = 0; i < destinations.length; i++) {
    if (weights[i] === 0) continue
    const nodes = ingressNodes[i]
    let group = byArray.get(nodes)
    if (group === undefined) {
      const sorted = [...nodes].sort((a, b) => a - b)
      const key = sorted.join()
      group = byNodes.get(key)
      if (group === undefined) {
        group = { nodes: sorted, destinations: [], weights: [], weight: 0 }
        byNodes.set(key, group)
        groups.push(group)
      }
      byArray.set(nodes, group)
    }
    group.destinations.push(destinations[i])
    group.weights.push(weights[i])
    group.weight += weights[i]
  }
  return groups
}
