/**
 * One node and IP family as trace has it, with what it remembers and counts: packets in, what became of them out. Rules can be replaced
 * under live connections.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { IpFamily } from '../../net/ip.ts'
import type { Packet } from '../../net/packet.ts'
import { PlainConntrack } from '../../netfilter/conntrack/plain-conntrack.ts'
import type { HostView } from '../../netfilter/host.ts'
import { newTraceMemory, type TraceMemory } from '../../netfilter/memory/trace-memory.ts'
import { type DrawCounts, type Goal, SteeredDraws } from '../../netfilter/steered-draws.ts'
import { type Trace, type TraceCounters, trace } from '../../netfilter/trace.ts'
import type { Problem } from '../../problem/problem.ts'
import { printRule } from '../../ruleset/print-iptables.ts'
import type { Ruleset } from '../../ruleset/ruleset.ts'
import { draw32, type StreamSeed } from '../../sim/random.ts'
import type { TimeUs } from '../../sim/time.ts'
import type { RuleCount } from './rule-count.ts'

export interface PolicyCount {
  readonly family: IpFamily
  readonly table: string
  readonly chain: string
  readonly packets: number
}

export class SimulatedNode {
  readonly host: HostView
  readonly #seed: StreamSeed
  readonly #tcpLoose: boolean
  #ruleset: Ruleset
  #memory: TraceMemory
  #draws: SteeredDraws
  #flow = 0
  #steps = new Map<string, { evaluated: number; matched: number }>()
  #policies: TraceCounters = { rules: new Map(), policies: new Map() }

  constructor(host: HostView, seed: StreamSeed, tcpLoose: boolean) {
    this.host = host
    this.#seed = seed
    this.#tcpLoose = tcpLoose
    this.#ruleset = { family: host.family, tables: [] }
    this.#draws = new SteeredDraws(this.#ruleset)
    this.#memory = newTraceMemory(this.#ruleset, new PlainConntrack(seed, tcpLoose))
  }

  /** Counters begin at 0; connections stay, and so do lists of recent clients that both rulesets have. */
  load(ruleset: Ruleset): void {
    const { tracker, recent, nowUs } = this.#memory
    this.#ruleset = ruleset
    this.#memory = newTraceMemory(ruleset, tracker)
    this.#memory.nowUs = nowUs
    for (const [name, clients] of recent)
      if (this.#memory.recentStamps.has(name)) this.#memory.recent.set(name, clients)
    this.#draws = new SteeredDraws(ruleset)
    this.#steps = new Map()
    this.#policies = { rules: new Map(), policies: new Map() }
  }

  /** `goals`: where the packet is known to have gone; without, the dice are this node's own. */
  send(packet: Packet, goals: ReadonlySet<Goal> | undefined, refusal = false): E.Either<Problem, Trace> {
    packet.flowLow = this.#flow++
    const own = (n: number): number => draw32(this.#seed.low, this.#seed.high, packet.flowLow, 0, n)
    const draw =
      goals === undefined ? own : (n: number, place: DrawCounts['place']) => this.#draws.draw(place, goals, own(n))
    const walked = trace(this.#ruleset, this.host, packet, draw, {
      memory: this.#memory,
      counters: this.#policies,
      refusal,
    })
    if (E.isRight(walked))
      for (const step of walked.right.steps) {
        const counts = this.#countsOf(step.table, step.chain, step.index)
        counts.evaluated++
        if (step.matched) counts.matched++
      }
    return walked
  }

  passTime(us: TimeUs): void {
    this.#memory.nowUs += us
    ;(this.#memory.tracker as PlainConntrack).nowUs += us
  }

  forgetConnections(): void {
    const tracker = new PlainConntrack(this.#seed, this.#tcpLoose)
    tracker.nowUs = this.#memory.nowUs
    this.#memory = { ...this.#memory, tracker }
  }

  choices(): readonly DrawCounts[] {
    return this.#draws.counts()
  }

  rules(): RuleCount[] {
    const { family, tables } = this.#ruleset
    return tables.flatMap(table =>
      [...table.chains.values()].flatMap(chain =>
        chain.rules.map((rule, index) => ({
          family,
          table: table.name,
          chain: chain.name,
          index,
          ...this.#countsOf(table.name, chain.name, index),
          rule: printRule(chain.name, rule, family).replace(`-A ${chain.name} `, ''),
        })),
      ),
    )
  }

  policies(): PolicyCount[] {
    const { family, tables } = this.#ruleset
    return tables.flatMap(table =>
      [...table.chains.values()]
        .filter(chain => chain.policy !== undefined)
        .map(({ name }) => ({
          family,
          table: table.name,
          chain: name,
          packets: this.#policies.policies.get(`${table.name} ${name}`) ?? 0,
        })),
    )
  }

  #countsOf(table: string, chain: string, index: number): { evaluated: number; matched: number } {
    const key = `${table} ${chain} ${index}`
    let counts = this.#steps.get(key)
    if (counts === undefined) {
      counts = { evaluated: 0, matched: 0 }
      this.#steps.set(key, counts)
    }
    return counts
  }
}
