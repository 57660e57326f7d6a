/**
 * Which packets of a replay a thread remembers together (netfilter/hop-memo.ts): on their first hop those of one class at nodes of one view and
 * kind, by destination; destinations at the ingress node's own address by node; on their second hop those to one backend. Only where
 * enough packets are to come that remembering pays, which changes the time it takes and nothing else.
 */
import { hostKind } from '../netfilter/hop-memo.ts'
import { newPlaces, type Places } from '../netfilter/hop-records.ts'
import type { HostView } from '../netfilter/host.ts'
import type { TrafficPlan } from '../workload/traffic.ts'
import type { FamilyPlan, ReplayPlan } from './replay-plan.ts'

export interface HopPlaces {
  readonly traffic: TrafficPlan
  /** By node: its view and kind of host; the node itself where it counts alone; -1: nothing is remembered. */
  readonly kindOfNode: Int32Array
  /** Connections by class and kind. */
  readonly connections: readonly Map<number, number>[]
  readonly first: Map<string, Places>
  /** By kind of node. An address lives on one node, so the blocks of all that share a memory stand in one list, by place among the detail nodes. */
  readonly second: Map<number, Places>
  readonly secondBlocks: Map<number, Places['blocks']>
  readonly dnatCount: number
}

/** `detailOfNode` is -1 for all nodes but those that have an engine, and so a memory, of their own. Nodes without a host are not remembered. */
export function newHopPlaces(
  plan: ReplayPlan,
  family: FamilyPlan,
  hosts: readonly HostView[],
  detailOfNode: Int32Array,
): HopPlaces {
  const { traffic } = plan
  const kinds = new Map<string, number>()
  const kindOfNode = new Int32Array(traffic.nodeCount).fill(-1)
  hosts.forEach((host, node) => {
    const kind = hostKind(host)
    if (kind === undefined) return
    const key = `${family.viewOfNode[node]} ${detailOfNode[node]} ${kind}`
    if (!kinds.has(key)) kinds.set(key, kinds.size)
    kindOfNode[node] = kinds.get(key)!
  })
  const connections = traffic.classes.map(({ connectionsOfNode }) => {
    const ofKind = new Map<number, number>()
    kindOfNode.forEach((kind, node) => {
      ofKind.set(kind, (ofKind.get(kind) ?? 0) + connectionsOfNode[node])
    })
    return ofKind
  })
  return {
    traffic,
    kindOfNode,
    connections,
    first: new Map(),
    second: new Map(),
    secondBlocks: new Map(),
    dnatCount: family.program.dnatCount,
  }
}

/** Of a class's packets at a node, to addresses that are the same for all nodes. */
export function firstPlaces(places: HopPlaces, classIndex: number, node: number): Places | undefined {
  const kind = places.kindOfNode[node]
  if (kind < 0 || places.connections[classIndex].get(kind)! < places.traffic.destinations.count) return undefined
  return named(places, `kind ${kind} ${classIndex}`)
}

/** Of a class's packets to the node's own address. */
export function ingressPlaces(places: HopPlaces, classIndex: number, node: number): Places | undefined {
  const { traffic, kindOfNode } = places
  if (kindOfNode[node] < 0 || traffic.classes[classIndex].connectionsOfNode[node] < traffic.destinations.count)
    return undefined
  return named(places, `node ${node} ${classIndex}`)
}

/** Of packets that reach their backend's node from another one, by DNAT id; `detail` is the node's place among the detail nodes or -1. */
export function secondPlaces(
  { traffic, kindOfNode, second, secondBlocks, dnatCount }: HopPlaces,
  node: number,
  detail: number,
): Places | undefined {
  const kind = kindOfNode[node]
  if (kind < 0 || traffic.connections < dnatCount) return undefined
  let places = second.get(kind)
  if (places === undefined) {
    const blocks = secondBlocks.get(detail) ?? new Map()
    secondBlocks.set(detail, blocks)
    places = newPlaces(dnatCount, blocks)
    second.set(kind, places)
  }
  return places
}

function named({ traffic, first }: HopPlaces, name: string): Places {
  let places = first.get(name)
  if (places === undefined) {
    places = newPlaces(traffic.destinations.count)
    first.set(name, places)
  }
  return places
}
