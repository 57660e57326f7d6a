/**
 * One asked class of connections, narrowed to one IP family: its destinations, which nodes send or take them, and with what chance.
 * Dual-stack destinations split a class's weight in proportion to their own.
 */
import type { IpFamily } from '../net/ip.ts'
import type { Origin } from '../net/packet.ts'
import { ORIGIN } from '../net/packet.ts'
import { choiceTable } from './choice-table.ts'
import { ingressGroups } from './ingress-groups.ts'
import { addressWords } from './source-table.ts'
import type { SourceTable, TrafficClass, TrafficPlan } from './traffic.ts'
import type { TrafficRequest } from './traffic-request.ts'

/** A class of one family before the budget is split. */
export interface ClassDraft extends Omit<TrafficClass, 'connections' | 'connectionsOfNode'> {
  readonly weight: number
  readonly unreachedGroup: number
}

type SilentClass = TrafficPlan['silent'][number]

const HOSTS = Array.from({ length: 254 }, (_, i) => i + 1)

/** RFC 5737 and RFC 3849. */
const DOCUMENTATION_CLIENTS = [...HOSTS.map(h => `203.0.113.${h}`), ...HOSTS.map(h => `2001:db8::${h.toString(16)}`)]

/** The class's part of one family; undefined when it has no destination there. */
export function draftClass(
  request: TrafficRequest,
  asked: number,
  family: IpFamily,
  sources: SourceTable,
  hasAddress: readonly boolean[],
): ClassDraft | SilentClass | undefined {
  const wanted = request.classes[asked]
  const own: number[] = []
  const weights: number[] = []
  let weightOfFamily = 0
  let weightOfAll = 0
  wanted.destinations.forEach((d, i) => {
    weightOfAll += wanted.weights[i]
    if (request.destinations[d].family !== family || wanted.weights[i] === 0) return
    own.push(d)
    weights.push(wanted.weights[i])
    weightOfFamily += wanted.weights[i]
  })
  if (wanted.weight === 0 || weightOfFamily === 0) return undefined
  const head = { asked, family, weight: wanted.weight * (weightOfFamily / weightOfAll) }
  const nodeCount = request.nodes.length
  if (wanted.origin === 'outside') {
    const clients = addressWords(wanted.clients ?? DOCUMENTATION_CLIENTS, family)
    if (clients.length === 0) return { asked, why: `no client has an IPv${family} address` }
    const ingressNodes = reachableIngress(request, own, hasAddress)
    const { weightOfNode, ...groups } = ingressGroups(own, weights, ingressNodes, nodeCount)
    return { ...head, ...groups, origin: ORIGIN.uplink, clients, chanceOfNode: shares(weightOfNode) }
  }
  const origin: Origin = ORIGIN[wanted.origin]
  const sends = (n: number): boolean =>
    origin === ORIGIN.node ? hasAddress[n] : sources.podStart[n + 1] > sources.podStart[n]
  const groupTableOfNode = new Int32Array(new SharedArrayBuffer(4 * nodeCount))
  for (let n = 0; n < nodeCount; n++) groupTableOfNode[n] = sends(n) ? 0 : -1
  if (!groupTableOfNode.includes(0))
    return {
      asked,
      why: `no node has ${origin === ORIGIN.node ? 'an' : 'a pod with an'} IPv${family} address`,
    }
  return {
    ...head,
    origin,
    chanceOfNode: shares(Float64Array.from(groupTableOfNode, table => table + 1)),
    groupTables: [choiceTable([0], [1])],
    groupTableOfNode,
    destinationTables: [choiceTable(own, weights)],
    unreachedGroup: -1,
    clients: new Uint32Array(0),
  }
}

/** Ingress nodes by destination; a node without an address of the family cannot be a node port's target. */
function reachableIngress(
  request: TrafficRequest,
  destinations: readonly number[],
  hasAddress: readonly boolean[],
): readonly (readonly number[])[] {
  const filtered = new Map<readonly number[], readonly number[]>()
  const none: readonly number[] = []
  return destinations.map(d => {
    const { address, ingressNodes = none } = request.destinations[d]
    if (address !== undefined) return ingressNodes
    const before = filtered.get(ingressNodes)
    const kept = before ?? ingressNodes.filter(n => hasAddress[n])
    if (before === undefined) filtered.set(ingressNodes, kept)
    return kept
  })
}

function shares(weights: Float64Array): Float64Array {
  const chances = new Float64Array(new SharedArrayBuffer(8 * weights.length))
  let total = 0
  for (const weight of weights) total += weight
  weights.forEach((weight, i) => {
    chances[i] = weight / total
  })
  return chances
}
