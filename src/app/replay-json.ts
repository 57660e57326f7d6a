/** What `svcsim replay` prints: its result as JSON, in the words of docs/cli.md. */
import type { FlowReplay, FlowResult } from '../replay/flows/flow-result.ts'
import type { NodeRules } from '../replay/flows/node-rules.ts'
import type { ModelledCost } from '../replay/flows/packet-costs.ts'
import { ruleTexts } from './rule-texts.ts'

/** `wallNs`: how long the replay took; it stands apart, under `wall`. */
export function replayJson(shown: NodeRules, replay: FlowReplay, wallNs: number): Record<string, unknown> {
  const evaluatedTotal: Record<string, number> = {}
  const backends = new Map<string, number>()
  for (const flow of replay.flows)
    for (const [backend, count] of flow.backends) backends.set(backend, (backends.get(backend) ?? 0) + count)
  const texts = ruleTexts(shown)
  const rules = replay.chains.flatMap(({ table, chain, rules: counters }) => {
    const chainTexts = texts.get(`${table} ${chain}`)!
    return counters.map(({ packets, bytes, evaluatedCount }, index) => {
      evaluatedTotal[table] = (evaluatedTotal[table] ?? 0) + evaluatedCount
      return { table, chain, index, pkts: packets, bytes, evaluated: evaluatedCount, rule: chainTexts[index] }
    })
  })
  const chains = replay.chains.map(({ table, chain, policy, enteredCount }) => ({
    table,
    chain,
    entered: enteredCount,
    ...(policy === undefined ? {} : { policy_pkts: policy.packets, policy_bytes: policy.bytes }),
  }))
  return {
    flows: replay.flows.map(flowJson),
    backends: Object.fromEntries([...backends].sort(([a], [b]) => (a < b ? -1 : 1))),
    rules,
    chains,
    evaluated_total: evaluatedTotal,
    packets: replay.packetCount,
    connections: replay.connectionCount,
    conntrack: { entries: replay.entryCount, dropped_when_full: replay.fullDropCount },
    wall: { ns: wallNs },
    ...(replay.modelled === undefined ? {} : { modelled: modelledJson(replay.modelled) }),
  }
}

const modelledJson = ({ profile, perConnection, perEstablishedPacketNs }: ModelledCost): object => ({
  profile,
  ns_per_connection:
    perConnection === undefined
      ? null
      : { mean: tenths(perConnection.meanNs), p50: tenths(perConnection.p50Ns), p99: tenths(perConnection.p99Ns) },
  ns_per_established_packet: perEstablishedPacketNs === undefined ? null : tenths(perEstablishedPacketNs),
})

const tenths = (ns: number): number => Math.round(10 * ns) / 10

const flowJson = (flow: FlowResult): object => ({
  id: flow.id,
  conns: flow.connectionCount,
  outcome: Object.fromEntries(flow.outcome),
  backends: Object.fromEntries(flow.backends),
  source: Object.fromEntries(flow.source),
  ...(flow.sourcePortChangedCount === 0 ? {} : { source_port_changed: flow.sourcePortChangedCount }),
  ...(flow.splitCount === 0 ? {} : { conn_split_over_backends: flow.splitCount }),
  pkts_received: flow.arrivalCount,
  ...(flow.answerCount === 0 ? {} : { reply_ok: flow.answerCount }),
  ...(flow.strayAnswerCount === 0 ? {} : { reply_bad: flow.strayAnswerCount }),
})
