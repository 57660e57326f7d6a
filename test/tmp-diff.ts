import * as E from 'fp-ts/lib/Either.js'
import type { KernelCounters, KernelFlow, SentConnection, SentFlow } from '../src/app/kernel-replay.ts'
import { formatIp, formatPrefix, type IpFamily, parseIp, readIpWords, writeIpWords } from '../src/net/ip.ts'
import { CT, newPacket, ORIGIN, type Packet } from '../src/net/packet.ts'
import { hostView } from '../src/netfilter/host.ts'
import { OUTCOME } from '../src/netfilter/outcome.ts'
import { type Trace, type TraceCounters, trace } from '../src/netfilter/trace.ts'
import { describeProblem } from '../src/problem/problem.ts'
import { iptablesRuleset } from '../src/proxier/iptables-proxier.ts'
import { printRuleset } from '../src/ruleset/print-iptables.ts'
import type { Rule, Ruleset } from '../src/ruleset/ruleset.ts'
import { inKernel } from './in-kernel.ts'
import { CASE_INTERFACES, CASE_NODE, CASE_TOPOLOGY, kernelCase } from './random-kernel-case.ts'

const host = (family: IpFamily) =>
  hostView(
    {
      localAddresses: CASE_TOPOLOGY.nodeIps.map(formatIp),
      podPrefixes: CASE_TOPOLOGY.podPrefixes.map(formatPrefix),
      uplinkName: CASE_INTERFACES.uplink,
      podInterfaceName: CASE_INTERFACES.pod,
    },
    family,
  )
const EMPTY = (family: IpFamily) => ({ family, text: ['nat', 'filter', 'mangle'].map(t => `*${t}\nCOMMIT\n`).join('') })
function packetOf(
  family: IpFamily,
  origin: number,
  protocol: number,
  s: string,
  sp: number,
  d: string,
  dp: number,
): Packet {
  const p = newPacket(family)
  writeIpWords(parseIp(s)!.value, p.source, 0)
  writeIpWords(parseIp(d)!.value, p.destination, 0)
  p.protocol = protocol
  p.sourcePort = sp
  p.destinationPort = dp
  p.origin = origin as never
  return p
}
const run = (ruleset: Ruleset, p: Packet, word: number, counters?: TraceCounters): Trace => {
  const t = trace(ruleset, host(ruleset.family), p, () => word, counters === undefined ? {} : { counters })
  if (E.isLeft(t)) throw new Error(describeProblem(t.left))
  return t.right
}
const text = (family: IpFamily, words: Uint32Array) => formatIp({ family, value: readIpWords(words, 0) })
const backendOf = (t: Trace, f: IpFamily) =>
  t.outcome === OUTCOME.dropped
    ? 'dropped'
    : t.outcome === OUTCOME.rejected
      ? 'rejected'
      : `${['pod', 'uplink', 'node'][t.outcome]} ${text(f, t.packet.destination)}:${t.packet.destinationPort} ${text(f, t.packet.source)}`
const kernelEnd = (c: SentConnection) => {
  const [a] = c.arrivals
  if (a) return `${a[1]} ${a[2]}:${a[3]} ${a[4]}`
  return (c.answers?.length ?? 0) > 0 ? 'rejected' : 'dropped'
}
const SRC = { external: ORIGIN.uplink, pod: ORIGIN.pod, node: ORIGIN.node }
const add = (s: string, k: number) => {
  const ip = parseIp(s)!
  return formatIp({ ...ip, value: ip.value + BigInt(k) })
}

function simulate(ruleset: Ruleset, flows: readonly KernelFlow[], sent: readonly SentFlow[], problems: string[]) {
  const counters: TraceCounters = { rules: new Map(), policies: new Map() }
  const f = ruleset.family
  flows.forEach((flow, i) => {
    const ways = new Map<number, Map<string, number>>()
    for (let k = 0; k < flow.connections; k++) {
      const s = add(flow.source, k % flow.sources)
      const p = () =>
        packetOf(
          f,
          SRC[flow.origin],
          flow.protocol,
          s,
          flow.source_port + Math.floor(k / flow.sources),
          flow.destination,
          flow.destination_port,
        )
      let w = ways.get(k % flow.sources)
      if (!w) {
        w = new Map()
        for (let j = 0; j < 200; j++) {
          const word = Math.floor(((j + 0.5) / 200) * 2 ** 32)
          const b = backendOf(run(ruleset, p(), word), f)
          if (!w.has(b)) w.set(b, word)
        }
        ways.set(k % flow.sources, w)
      }
      const c = sent[i].connections[k]
      const end = kernelEnd(c)
      const word = w.get(end)
      if (word === undefined) {
        problems.push(
          `flow ${i} conn ${k} ${JSON.stringify(flow)}: kernel ${end} ${JSON.stringify(c)}; svcsim ${[...w.keys()]}`,
        )
        continue
      }
      const t = run(ruleset, p(), word, counters)
      if (t.outcome === OUTCOME.rejected || (t.outcome === OUTCOME.toNode && flow.protocol === 17)) {
        const a = packetOf(f, ORIGIN.node, f === 4 ? 1 : 58, f === 4 ? '172.16.0.1' : 'fd00:172::1', 0, s, 0)
        a.ctState = CT.RELATED
        run(ruleset, a, 0, counters)
      } else if (t.outcome === OUTCOME.toNode && flow.protocol === 6) {
        const a = packetOf(f, ORIGIN.node, 6, text(f, t.packet.destination), flow.destination_port, s, 1)
        a.ctState = CT.ESTABLISHED
        run(ruleset, a, 0, counters)
      }
    }
  })
  return counters
}

function compare(ruleset: Ruleset, counters: TraceCounters, kernel: KernelCounters, problems: string[]) {
  for (const table of ruleset.tables)
    for (const chain of table.chains.values()) {
      chain.rules.forEach((rule: Rule, i) => {
        const k = kernel.rules.find(
          r => r.family === ruleset.family && r.table === table.name && r.chain === chain.name && r.index === i,
        )
        const s = counters.rules.get(rule) ?? { matched: 0, evaluated: 0 }
        if (k === undefined || k.evaluated !== s.evaluated || k.matched !== s.matched)
          problems.push(
            `${table.name} ${chain.name} ${i}: kernel ${k?.evaluated}/${k?.matched} svcsim ${s.evaluated}/${s.matched} ${k?.rule}`,
          )
      })
      if (chain.policy) {
        const k = kernel.chains.find(
          r => r.family === ruleset.family && r.table === table.name && r.chain === chain.name,
        )
        const s = counters.policies.get(`${table.name} ${chain.name}`) ?? 0
        if (k?.packets !== s) problems.push(`${table.name} ${chain.name} policy: kernel ${k?.packets} svcsim ${s}`)
      }
    }
}
const backend = process.argv[2] as 'iptables-legacy'
const from = Number(process.argv[3]),
  to = Number(process.argv[4])
const BATCH = 25
let bad = 0,
  conns = 0
for (let a = from; a < to; a += BATCH) {
  const cases = Array.from({ length: Math.min(BATCH, to - a) }, (_, i) =>
    kernelCase(a + i, { affinity: false, conversations: false, protocols: ['TCP', 'UDP', 'SCTP'] }),
  ).map(c => ({ ...c, ruleset: iptablesRuleset(c.state, CASE_NODE, c.config, c.family) }))
  const t0 = performance.now()
  const answer = await inKernel({
    backend,
    topology: CASE_TOPOLOGY,
    interfaces: CASE_INTERFACES,
    sysctls: { 'net.ipv4.conf.all.route_localnet': 1 },
    mostSeconds: 100,
    steps: cases.flatMap(c => [
      { load: [EMPTY(4), EMPTY(6)] },
      { load: [{ family: c.family, text: printRuleset(c.ruleset) }] },
      { forget: true as const },
      { send: c.flows },
      { count: true as const },
    ]),
  })
  const t1 = performance.now()
  cases.forEach((c, i) => {
    const problems: string[] = []
    const sent = answer.steps[5 * i + 3] as SentFlow[]
    conns += c.flows.reduce((s, f) => s + f.connections, 0)
    const counters = simulate(c.ruleset, c.flows, sent, problems)
    compare(c.ruleset, counters, answer.steps[5 * i + 4] as KernelCounters, problems)
    if (problems.length) {
      bad++
      console.log(`case ${c.seed} family ${c.family}`, problems.slice(0, 6).join('\n   '))
    }
  })
  console.log(a, 'kernel ms', Math.round(t1 - t0), 'sim ms', Math.round(performance.now() - t1))
}
console.log('bad', bad, 'of', to - from, 'connections', conns)
