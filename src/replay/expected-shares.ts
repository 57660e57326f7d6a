/**
 * Expected connections of every backend in closed form: for each (view, class, group of destinations) the chances of all random
 * branches, weighted by how likely a connection is to be there. The chances are the compiled thresholds' own, so what is left between
 * this and a run is chance alone.
 *
 * One node stands for all that share a view and a class, with its first pod (or client) as the source: right for rules that choose
 * backends by destination only, as kube-proxy's do. Cost: one branchChances a (view, class, destination), or a (class, destination)
 * where the plan says that all nodes are alike.
 */
import type { IpFamily } from '../net/ip.ts'
import type { Packet } from '../net/packet.ts'
import { CT, newPacket, ORIGIN } from '../net/packet.ts'
import { type BranchChances, branchChances } from '../netfilter/branch-chances.ts'
import { PROMISED_CONNECTIONS } from '../netfilter/conntrack/promised-connections.ts'
import { newEngine } from '../netfilter/engine.ts'
import { nftBranchChances } from '../netfilter/nft/nft-branch-chances.ts'
import { newNftEngine } from '../netfilter/nft/nft-engine.ts'
import { OUTCOME } from '../netfilter/outcome.ts'
import { entryChance, entryItem } from '../workload/choice-table.ts'
import type { TrafficClass, TrafficPlan } from '../workload/traffic.ts'
import { DESTINATION, DESTINATION_WORDS } from '../workload/traffic.ts'
import { hostViews } from './host-table.ts'
import type { IptablesPlan, NftPlan, ReplayPlan } from './replay-plan.ts'

export interface ExpectedShares {
  /** By destination: expected connections, those that find no target left out. */
  readonly connections: Float64Array
  /** Backends of destination d are entries start[d] … start[d + 1] - 1, by rising DNAT id. */
  readonly start: Uint32Array
  /** By entry: DNAT id in the destination's family, and the expected connections it gets from this destination. */
  readonly dnat: Int32Array
  readonly backendConnections: Float64Array
}

/** Connections of a class that meet rules of one view and are meant for one group of destinations. */
interface Cell {
  readonly group: number
  /** The first node of the cell stands for the others. */
  readonly node: number
  connections: number
}

export function expectedShares(plan: ReplayPlan): ExpectedShares {
  const { count } = plan.traffic.destinations
  const connections = new Float64Array(count)
  const byDestination: Map<number, number>[] = Array.from({ length: count }, () => new Map())
  for (const kind of plan.traffic.classes) {
    const branch = brancher(plan, kind)
    // Destinations that are the same on every node wait until all their connections are known.
    const waiting = new Map<number, { node: number; connections: number }>()
    for (const cell of cellsOf(plan, kind)) {
      const table = kind.destinationTables[cell.group]
      for (let entry = 0; entry < table.size; entry++) {
        const d = entryItem(table, entry)
        const expected = cell.connections * entryChance(table, entry)
        connections[d] += expected
        const before = waiting.get(d)
        if (before !== undefined) before.connections += expected
        else if (plan.sameOnEveryNode?.[d] === 1) waiting.set(d, { node: cell.node, connections: expected })
        else branch(d, cell.node, expected, byDestination[d])
      }
    }
    for (const [d, { node, connections }] of waiting) branch(d, node, connections, byDestination[d])
  }
  return flatten(connections, byDestination)
}

/** Adds what destination `d` gets from `expected` connections that meet `node`'s rules to its backends, by DNAT id. */
type Brancher = (d: number, node: number, expected: number, backends: Map<number, number>) => void

function brancher(plan: ReplayPlan, kind: TrafficClass): Brancher {
  const packet = newPacket(kind.family)
  const chancesAt = plan.mode === 'iptables' ? iptablesChances(plan, kind.family) : nftChances(plan, kind.family)
  return (d, node, expected, backends) => {
    firstPacket(plan.traffic, kind, node, d, packet)
    const { dnat, outcome, chance } = chancesAt(node, packet)
    for (let b = 0; b < dnat.length; b++) {
      if (dnat[b] < 0 || outcome[b] === OUTCOME.dropped || outcome[b] === OUTCOME.rejected) continue
      backends.set(dnat[b], (backends.get(dnat[b]) ?? 0) + expected * chance[b])
    }
  }
}

type ChancesAt = (node: number, packet: Packet) => BranchChances

function iptablesChances(plan: IptablesPlan, family: IpFamily): ChancesAt {
  const own = rulesOf(plan.families[family])
  const engine = newEngine(own.program, plan.ruleSeed)
  const hosts = hostViews(own.hosts)
  return (node, packet) => branchChances(engine, own.viewOfNode[node], hosts[node], packet)
}

function nftChances(plan: NftPlan, family: IpFamily): ChancesAt {
  const own = rulesOf(plan.families[family])
  const hosts = hostViews(own.hosts)
  const engine = newNftEngine(own.program, hosts[0], plan.ruleSeed, PROMISED_CONNECTIONS)
  return (node, packet) => nftBranchChances(engine, own.viewOfNode[node], hosts[node], packet)
}

function rulesOf<F>(own: F | null): F {
  if (own === null) throw new Error('expectedShares: a class is of a family that has no rules')
  return own
}

function cellsOf(plan: ReplayPlan, kind: TrafficClass): Iterable<Cell> {
  const { viewOfNode } = plan.families[kind.family]!
  const { sameOnEveryNode } = plan
  const isSame = kind.destinationTables.map(table => {
    for (let entry = 0; entry < table.size; entry++) if (sameOnEveryNode?.[entryItem(table, entry)] !== 1) return false
    return true
  })
  const cellOf = new Map<number, Cell>()
  for (let node = 0; node < plan.traffic.nodeCount; node++) {
    if (!(kind.chanceOfNode[node] > 0)) continue
    const groups = kind.groupTables[kind.groupTableOfNode[node]]
    for (let entry = 0; entry < groups.size; entry++) {
      const group = entryItem(groups, entry)
      const key = (isSame[group] ? 0 : viewOfNode[node]) * kind.destinationTables.length + group
      const expected = kind.connections * kind.chanceOfNode[node] * entryChance(groups, entry)
      const cell = cellOf.get(key)
      if (cell === undefined) cellOf.set(key, { group, node, connections: expected })
      else cell.connections += expected
    }
  }
  return cellOf.values()
}

function firstPacket(traffic: TrafficPlan, kind: TrafficClass, node: number, d: number, packet: Packet): void {
  const { words } = traffic.destinations
  const at = DESTINATION_WORDS * d
  const sources = traffic.sources[kind.family]
  const self = sources.nodeAddress.subarray(4 * node, 4 * node + 4)
  packet.destination.set(words[at + DESTINATION.atIngress] === 1 ? self : words.subarray(at, at + 4))
  const pod = 4 * sources.podStart[node]
  if (kind.origin === ORIGIN.pod) packet.source.set(sources.podAddress.subarray(pod, pod + 4))
  else packet.source.set(kind.origin === ORIGIN.node ? self : kind.clients.subarray(0, 4))
  packet.protocol = words[at + DESTINATION.protocol]
  packet.destinationPort = words[at + DESTINATION.port]
  packet.sourcePort = 32_768
  packet.origin = kind.origin
  packet.ctState = CT.NEW
  packet.mark = 0
}

function flatten(connections: Float64Array, byDestination: readonly ReadonlyMap<number, number>[]): ExpectedShares {
  const start = new Uint32Array(byDestination.length + 1)
  byDestination.forEach((backends, d) => {
    start[d + 1] = start[d] + backends.size
  })
  const dnat = new Int32Array(start[byDestination.length])
  const backendConnections = new Float64Array(dnat.length)
  byDestination.forEach((backends, d) => {
    const sorted = [...backends].sort((a, b) => a[0] - b[0])
    sorted.forEach(([id, expected], i) => {
      dnat[start[d] + i] = id
      backendConnections[start[d] + i] = expected
    })
  })
  return { connections, start, dnat, backendConnections }
}
