/** A run in nftables mode the slow way: every packet of every connection traced rule by rule, hop by hop, through the rulesets themselves. */
import { expect } from 'vitest'
import { formatIp, type IpFamily, readIpWords } from '../src/net/ip.ts'
import { CT, copyPacket, newPacket, ORIGIN, type Packet } from '../src/net/packet.ts'
import { PlainConntrack } from '../src/netfilter/conntrack/plain-conntrack.ts'
import { type CostProfile, itemsNs, spreadItems } from '../src/netfilter/cost/cost-profile.ts'
import { nftWayTerms, tracedNftWay } from '../src/netfilter/cost/nft-way-terms.ts'
import { type NftMemory, newNftMemory } from '../src/netfilter/nft/nft-memory.ts'
import { type NftTrace, traceNft } from '../src/netfilter/nft/trace-nft.ts'
import { OUTCOME } from '../src/netfilter/outcome.ts'
import { arrivalState, startOf } from '../src/replay/flow-start.ts'
import { hostViews } from '../src/replay/host-table.ts'
import type { PlannedNftables } from '../src/replay/plan-run.ts'
import { printNftRule } from '../src/ruleset/print-nft-rule.ts'
import { draw32 } from '../src/sim/random.ts'
import { drawFlow } from '../src/workload/draw-flow.ts'

export type Sums = Record<string, number>

export interface Counted {
  /** By `family chain index rule`, of all nodes, and of each node alone. */
  readonly rules: Map<string, { matched: number; evaluated: number }>
  readonly rulesOfNode: Map<string, { matched: number; evaluated: number }>[]
  readonly ends: Sums
  /** Connections and packets by `address port` of the backend. */
  readonly backends: Sums
  readonly backendPackets: Sums
  readonly rulesEvaluated: Record<'firstHop' | 'secondHop' | 'later', number>
  readonly ns: number[]
}

export const add = (sums: Sums, key: string, count: number): void => {
  sums[key] = (sums[key] ?? 0) + count
}

export function traceNftRun(run: PlannedNftables, prices: CostProfile): Counted {
  const counted: Counted = {
    rules: new Map(),
    rulesOfNode: run.nodes.map(() => new Map()),
    ends: {},
    backends: {},
    backendPackets: {},
    rulesEvaluated: { firstHop: 0, secondHop: 0, later: 0 },
    ns: [],
  }
  for (const family of [4, 6] as const)
    if (run.families[family] !== null)
      for (let node = 0; node < run.nodes.length; node++) traceNode(run, family, node, prices, counted)
  return counted
}

/** All connections that begin at the node, in order of time. */
function traceNode(
  { plan, families }: PlannedNftables,
  family: IpFamily,
  node: number,
  prices: CostProfile,
  counted: Counted,
): void {
  const { traffic, affinity, ruleSeed } = plan
  const { views, plan: own } = families[family]!
  const hosts = hostViews(own.hosts)
  const rulesetOf = (n: number) => views.views[own.viewOfNode[n]]
  const tracker = (): PlainConntrack => new PlainConntrack(ruleSeed, true)
  const flows = traffic.classes.flatMap((kind, c) =>
    kind.family !== family
      ? []
      : Array.from({ length: kind.connectionsOfNode[node] }, (_, i) => {
          const flow = { packet: newPacket(family), destination: -1, packets: 0 }
          drawFlow(traffic, c, node, i, flow)
          const nowUs =
            affinity === undefined ? 0 : startOf(arrivalState(affinity.arrivalSeed, flow.packet), affinity.withinUs)
          return { flow, nowUs }
        }),
  )
  const memory = newNftMemory(rulesetOf(node), tracker())
  const trace = (at: number, packet: Packet, known: NftMemory | undefined): NftTrace => {
    const draw = (n: number): number => draw32(ruleSeed.low, ruleSeed.high, packet.flowLow, packet.flowHigh, n)
    return traceNft(rulesetOf(at), hosts[at], packet, draw, known === undefined ? {} : { memory: known })
  }
  /** A later packet belongs to the connection that the first one began. */
  const traceLater = (at: number, { packet }: NftTrace): NftTrace => {
    const later = Object.assign(copyPacket(packet), { mark: 0 })
    later.ctState = CT.ESTABLISHED | (packet.ctState & (CT.DNAT | CT.SNAT))
    return traceNft(rulesetOf(at), hosts[at], later, () => 0, { attached: true })
  }
  const count = (at: number, { steps }: NftTrace, packets: number): void => {
    for (const { chain, index, rule, matched } of steps)
      for (const rules of [counted.rules, counted.rulesOfNode[at]]) {
        const key = `${family} ${chain.name} ${index + 1} ${printNftRule(rule, family)}`
        const cell = rules.get(key) ?? { matched: 0, evaluated: 0 }
        rules.set(key, cell)
        cell.evaluated += packets
        if (matched) cell.matched += packets
      }
  }
  const nsOf = (at: number, way: NftTrace): number => {
    const seen = tracedNftWay(way, hosts[at])
    const spread = seen.isTranslated ? spreadItems(own.program.dnatCount) : []
    return itemsNs(prices, [...nftWayTerms(seen), ...spread])
  }
  for (const { flow, nowUs } of flows.sort((a, b) => a.nowUs - b.nowUs)) {
    const first = trace(node, flow.packet, { ...memory, nowUs, tracker: tracker() })
    const verdict = first.dnat?.verdict
    const backend = verdict?.kind === 'dnat' ? verdict : undefined
    count(node, first, 1)
    counted.rulesEvaluated.firstHop += first.steps.length
    let ns = nsOf(node, first)
    let end: string = END[first.outcome] ?? (backend === undefined ? 'unmatched' : 'delivered')
    let second: NftTrace | undefined
    const target = backend === undefined ? -1 : nodeOf(own, family, formatIp(backend.address))
    if (end === 'delivered' && target >= 0) {
      if (target === node) end = first.outcome === OUTCOME.toUplink ? 'unmatched' : end
      else if (first.outcome !== OUTCOME.toUplink) end = 'unmatched'
      else {
        const arrives = Object.assign(copyPacket(first.packet), { mark: 0, origin: ORIGIN.uplink, ctState: CT.NEW })
        second = trace(target, arrives, newNftMemory(rulesetOf(target), tracker()))
        count(target, second, 1)
        counted.rulesEvaluated.secondHop += second.steps.length
        ns += nsOf(target, second)
        const strays = second.dnat !== undefined || second.outcome === OUTCOME.toUplink
        end = END[second.outcome] ?? (strays ? 'unmatched' : 'delivered')
      }
    }
    counted.ns.push(Math.round(ns))
    add(counted.ends, end, 1)
    if (end !== 'delivered') continue
    const key = `${formatIp(backend!.address)} ${backend!.port}`
    add(counted.backends, key, 1)
    add(counted.backendPackets, key, flow.packets)
    const later = flow.packets - 1
    if (later === 0) continue
    for (const [at, way] of second === undefined
      ? [[node, first] as const]
      : [[node, first] as const, [target, second] as const]) {
      const again = traceLater(at, way)
      expect(again.outcome).toBe(way.outcome)
      count(at, again, later)
      counted.rulesEvaluated.later += later * again.steps.length
    }
  }
}

const END: Readonly<Record<number, string>> = { [OUTCOME.dropped]: 'dropped', [OUTCOME.rejected]: 'rejected' }

function nodeOf(
  { program, backendNode }: NonNullable<PlannedNftables['families'][4]>['plan'],
  family: IpFamily,
  address: string,
): number {
  for (let d = 0; d < program.dnatCount; d++)
    if (formatIp({ family, value: readIpWords(program.dnatAddress, 4 * d) }) === address) return backendNode[d]
  throw new Error(`nobody is ${address}`)
}
