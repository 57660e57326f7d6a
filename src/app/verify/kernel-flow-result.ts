/** What the kernel made of a flow, in the words of replay: the same categories, names and counts, so that both can be compared. */
import type { Flow } from '../../net/flow.ts'
import type { FlowResult } from '../../replay/flows/flow-result.ts'
import type { SentConnection, SentFlow } from '../kernel-replay.ts'

export function kernelFlowResult(flow: Flow, { connections }: SentFlow): FlowResult {
  const outcome = new Map<string, number>()
  const backends = new Map<string, number>()
  const source = new Map<string, number>()
  let portChanged = 0
  let split = 0
  let arrivals = 0
  let answers = 0
  let strayAnswers = 0
  for (const connection of connections) {
    const delivered = connection.arrivals.filter(([, place]) => place !== 'uplink')
    count(outcome, outcomeOf(connection))
    arrivals += delivered.length
    for (const answer of connection.answers ?? [])
      if (answer[0] === 'answer') {
        if (answer[2]) answers++
        else strayAnswers++
      }
    const [first] = delivered
    if (first === undefined) continue
    const [, , ip, port, seenSource, seenPort] = first
    count(backends, `${flow.source.family === 6 ? `[${ip}]` : ip}:${port}`)
    const kept = seenSource === connection.source
    count(source, kept ? 'kept' : `masq:${seenSource}`)
    if (kept && seenPort !== connection.source_port) portChanged++
    if (delivered.some(([, , otherIp, otherPort]) => otherIp !== ip || otherPort !== port)) split++
  }
  return {
    id: flow.id,
    connectionCount: connections.length,
    outcome: sorted(outcome),
    backends: sorted(backends),
    source: sorted(source),
    sourcePortChangedCount: portChanged,
    splitCount: split,
    arrivalCount: arrivals,
    answerCount: answers,
    strayAnswerCount: strayAnswers,
  }
}

/** Where the first packet that arrived did so; else what tells most, as replay has it (connection-log.ts). */
function outcomeOf({ arrivals, answers = [] }: SentConnection): string {
  const first = arrivals.find(([, place]) => place !== 'uplink')
  if (first !== undefined) return first[1] === 'pod' ? 'delivered' : 'local'
  const icmp = answers.findLast(answer => answer[0] === 'icmp')
  if (icmp !== undefined) return `rejected icmp ${icmp[2]}/${icmp[3]}`
  if (answers.some(([kind]) => kind === 'reset')) return 'rejected tcp-rst'
  return arrivals.length > 0 ? 'routed_out_uplink' : 'dropped'
}

const count = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

const sorted = (counts: ReadonlyMap<string, number>): ReadonlyMap<string, number> =>
  new Map([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
