/**
 * What a replay counts: whole numbers only, in doubles (exact to 2^53), so that tallies of jobs and workers add up to the same bytes in
 * any order. Plain data that crosses threads by structured clone, once a worker and run.
 */
import type { Histogram } from '../metrics/histogram.ts'
import { mergeInto, newHistogram } from '../metrics/histogram.ts'
import type { RuleTallies } from '../netfilter/rule-tallies.ts'
import { PRICED_BACKENDS } from './priced-backends.ts'
import type { ReplayPlan } from './replay-plan.ts'

export interface Tallies extends HopHistograms {
  readonly destinations: DestinationTallies
  readonly nodes: NodeTallies
  readonly families: { readonly 4: FamilyTallies | null; readonly 6: FamilyTallies | null }
  /** Rules evaluated by a connection's first packet: where it met the rules, on its second hop, and summed. */
  readonly firstHop: Histogram
  readonly secondHop: Histogram
  readonly total: Histogram
  /** What its way through the nodes costs in nanoseconds, by lane (PRICED_BACKENDS of the mode); empty where the plan has no prices. */
  readonly modelledNs: readonly HopHistograms[]
}

export interface HopHistograms {
  readonly firstHop: Histogram
  readonly secondHop: Histogram
  readonly total: Histogram
}

/** By destination. connections = delivered + rejected + dropped + unmatched. */
export interface DestinationTallies {
  readonly connections: Float64Array
  /** Packets sent: all of a delivered connection's, the first one of any other. */
  readonly packets: Float64Array
  readonly delivered: Float64Array
  readonly rejected: Float64Array
  readonly dropped: Float64Array
  /** Of those dropped: came from outside and found no ingress node, so no rule saw them. */
  readonly noTarget: Float64Array
  /** Ended where no rule sent them: a node's own stack, the uplink, or a pod that is not the backend. */
  readonly unmatched: Float64Array
  /** Rules evaluated by first packets on the node where they met the rules. */
  readonly rulesEvaluated: Float64Array
}

export interface NodeTallies {
  /** Connections that met this node's rules first, and that came here for their second hop. */
  readonly connections: Float64Array
  readonly secondHopConnections: Float64Array
  /** What ended at a backend of this node. */
  readonly endpointConnections: Float64Array
  readonly endpointPackets: Float64Array
  /** Rules evaluated here by first packets (both hops), and by the later packets of their connections. */
  readonly rulesEvaluated: Float64Array
  readonly laterRulesEvaluated: Float64Array
}

export interface FamilyTallies {
  /** By DNAT id: connections and packets delivered there. */
  readonly backendConnections: Float64Array
  readonly backendPackets: Float64Array
  /** Summed over all nodes; without cells while a replay is on its way. */
  rules: RuleCounts
  /** The same for each of the plan's detail nodes alone; none while a replay is on its way. */
  detail: readonly RuleCounts[]
}

/** By rule id of the family's program. */
export type RuleCounts = Pick<RuleTallies, 'matched' | 'evaluated'>

export function newTallies(plan: ReplayPlan): Tallies {
  const { count } = plan.traffic.destinations
  const { nodeCount } = plan.traffic
  const family = (f: 4 | 6): FamilyTallies | null => {
    const program = plan.families[f]?.program
    return program === undefined
      ? null
      : {
          backendConnections: new Float64Array(program.dnatCount),
          backendPackets: new Float64Array(program.dnatCount),
          rules: NO_RULES,
          detail: [],
        }
  }
  return {
    destinations: {
      connections: new Float64Array(count),
      packets: new Float64Array(count),
      delivered: new Float64Array(count),
      rejected: new Float64Array(count),
      dropped: new Float64Array(count),
      noTarget: new Float64Array(count),
      unmatched: new Float64Array(count),
      rulesEvaluated: new Float64Array(count),
    },
    nodes: {
      connections: new Float64Array(nodeCount),
      secondHopConnections: new Float64Array(nodeCount),
      endpointConnections: new Float64Array(nodeCount),
      endpointPackets: new Float64Array(nodeCount),
      rulesEvaluated: new Float64Array(nodeCount),
      laterRulesEvaluated: new Float64Array(nodeCount),
    },
    families: { 4: family(4), 6: family(6) },
    ...newHopHistograms(),
    modelledNs: hasPrices(plan) ? PRICED_BACKENDS[plan.mode].map(newHopHistograms) : [],
  }
}

const newHopHistograms = (): HopHistograms => ({
  firstHop: newHistogram(),
  secondHop: newHistogram(),
  total: newHistogram(),
})

const hasPrices = ({ families }: ReplayPlan): boolean =>
  [families[4], families[6]].some(family => family?.prices !== undefined)

/** The tallies of a whole run: what each thread counted, and the connections that no thread saw. They become those of the first thread. */
export function mergeTallies(plan: ReplayPlan, [whole, ...parts]: readonly Tallies[]): Tallies {
  if (whole === undefined) throw new Error('a replay has no tallies')
  for (const part of parts) addTallies(whole, part)
  const { destinations } = whole
  const { noTarget } = plan.traffic
  for (const column of ['connections', 'packets', 'dropped', 'noTarget'] as const)
    addArray(destinations[column], noTarget)
  return whole
}

function addTallies(target: Tallies, source: Tallies): void {
  addColumns(target.destinations, source.destinations)
  addColumns(target.nodes, source.nodes)
  for (const family of [4, 6] as const) {
    const to = target.families[family]
    const from = source.families[family]
    if (to === null || from === null) continue
    addArray(to.backendConnections, from.backendConnections)
    addArray(to.backendPackets, from.backendPackets)
    addRuleTallies(to.rules, from.rules)
    to.detail.forEach((tallies, i) => {
      addRuleTallies(tallies, from.detail[i])
    })
  }
  mergeHops(target, source)
  target.modelledNs.forEach((lane, i) => {
    mergeHops(lane, source.modelledNs[i])
  })
}

function mergeHops(target: HopHistograms, source: HopHistograms): void {
  mergeInto(target.firstHop, source.firstHop)
  mergeInto(target.secondHop, source.secondHop)
  mergeInto(target.total, source.total)
}

export function addRuleTallies<T extends RuleCounts>(target: T, source: T): void {
  addColumns(target, source)
}

const NO_CELLS = new Float64Array(0)
const NO_RULES: RuleCounts = { matched: NO_CELLS, evaluated: NO_CELLS }

function addColumns<K extends string>(
  target: Readonly<Record<K, Float64Array>>,
  source: Readonly<Record<K, Float64Array>>,
): void {
  for (const key of Object.keys(target) as K[]) addArray(target[key], source[key])
}

function addArray(target: Float64Array, source: Float64Array): void {
  if (target.length !== source.length) throw new Error(`addTallies: ${source.length} cells into ${target.length}`)
  for (let i = 0; i < target.length; i++) target[i] += source[i]
}
