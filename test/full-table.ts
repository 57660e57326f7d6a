/**
 * A full connection table, asked of this machine's kernel: `node test/full-table.ts [ENTRIES]`, as root. By hand, as it lowers the limit of the
 * whole machine for half a minute (a namespace may not set its own), and puts it back. Exits 1 when the kernel and svcsim count differently.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import { type KernelCounters, kernelFlow } from '../src/app/kernel-replay.ts'
import { type RuleCount, ruleKey } from '../src/app/verify/rule-count.ts'
import { simulatedCounts } from '../src/app/verify/simulated-counts.ts'
import type { Flow } from '../src/net/flow.ts'
import { iptablesEvaluator } from '../src/replay/flows/iptables-evaluator.ts'
import { replayFlows } from '../src/replay/flows/replay-flows.ts'
import { FLOW_INTERFACES, topologyHost } from '../src/replay/flows/topology-host.ts'
import { TCP_FLAG } from '../src/ruleset/ruleset.ts'
import { inKernel } from './in-kernel.ts'
import { ADDRESSES, flowOf, iptablesOf, TOPOLOGY } from './semantics-world.ts'

const LIMIT = '/proc/sys/net/netfilter/nf_conntrack_max'
const entries = Number(process.argv[2] ?? 5_000)
const { SYN, ACK, PSH } = TCP_FLAG
const topology = TOPOLOGY[4]
const SOURCES = 10

const text = `*nat
:PREROUTING ACCEPT [0:0]
-A PREROUTING -d ${ADDRESSES[4].service} -j DNAT --to-destination 10.244.0.1
COMMIT
*filter
:FORWARD ACCEPT [0:0]
${['NEW', 'ESTABLISHED', 'INVALID'].map(state => `-A FORWARD -m conntrack --ctstate ${state}`).join('\n')}
COMMIT
`

/** Connections that are assured fill the table; others come, find no room and are dropped, while the first go on. */
const flows: readonly Flow[] = [
  connections('fill', { connectionCount: entries, tcpFlags: [SYN, ACK], reply: true }),
  connections('no room', { source: '198.18.0.1', connectionCount: 500, tcpFlags: [SYN] }),
  connections('no room for UDP', { source: '198.18.0.1', connectionCount: 100, protocol: 'UDP' }),
  connections('goes on', { connectionCount: 500, tcpFlags: [PSH | ACK], reply: true }),
  connections('goes on, in another order', { connectionCount: entries, tcpFlags: [PSH | ACK] }),
]

function connections(id: string, changes: Partial<Omit<Flow, 'source' | 'destination'>> & { source?: string }): Flow {
  const { tcpFlags, connectionCount = 1 } = changes
  return flowOf(4, { id, sourceCount: SOURCES, packetCount: tcpFlags?.length ?? 1, connectionCount, ...changes })
}

const limitBefore = readFileSync(LIMIT, 'utf8')
const answer = await (async () => {
  try {
    writeFileSync(LIMIT, `${entries}`)
    return await inKernel({
      backend: 'iptables-legacy',
      topology,
      steps: [
        { load: [{ family: 4, text }] },
        ...flows.flatMap(flow => [{ send: [kernelFlow(flow)] }, { count: true }] as const),
      ],
    })
  } finally {
    writeFileSync(LIMIT, limitBefore)
  }
})()

/** Packets that each rule matched. */
const counted = (counts: readonly RuleCount[]): string =>
  counts
    .map(count => `${ruleKey(count)}: ${count.matched}`)
    .sort()
    .join(', ')

const rules = iptablesOf(text)
const host = topologyHost(topology, [], FLOW_INTERFACES, 4)
const made = iptablesEvaluator(rules.ruleset, host, { low: 1, high: 2 }, { max: entries })
if (E.isLeft(made)) throw new Error('the rules are refused')
const evaluator = made.right
for (const [i, flow] of flows.entries()) {
  replayFlows(evaluator, host, { topology, flows: [flow] })
  const kernel = counted((answer.steps[2 + 2 * i] as KernelCounters).rules)
  const own = counted(simulatedCounts(rules, evaluator.counters()))
  const equal = kernel === own
  if (!equal) process.exitCode = 1
  console.log(`${flow.id}: ${equal ? own : `DIFFERENT: kernel ${kernel}, svcsim ${own}`}`)
}
console.log(
  `${evaluator.conntrack.fullDrops} packets dropped by svcsim's full table, limit ${entries}, Linux ${answer.kernel}`,
)
