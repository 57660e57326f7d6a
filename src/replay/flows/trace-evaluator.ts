/**
 * A ruleset of iptables with a connection table, walked by trace: the slow twin of IptablesEvaluator for replayed flows. Two things it can
 * that the fast one cannot: rules may be replaced under live connections, and random choices may be those that a kernel is known to have made.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Packet } from '../../net/packet.ts'
import { writePacket } from '../../net/packet.ts'
import { compile } from '../../netfilter/compile.ts'
import { asksConntrack, NO_CONNTRACK } from '../../netfilter/conntrack/no-conntrack.ts'
import { PlainConntrack } from '../../netfilter/conntrack/plain-conntrack.ts'
import type { HostView } from '../../netfilter/host.ts'
import { newTraceMemory, type TraceMemory } from '../../netfilter/memory/trace-memory.ts'
import type { Outcome } from '../../netfilter/outcome.ts'
import { type Draw, type TraceCounters, type TraceStep, trace } from '../../netfilter/trace.ts'
import { describeProblem, type Problem } from '../../problem/problem.ts'
import type { Chain, Ruleset, Table } from '../../ruleset/ruleset.ts'
import { draw32, type StreamSeed } from '../../sim/random.ts'
import type { TimeUs } from '../../sim/time.ts'
import type { ChainCounters, NodeEvaluator } from './node-evaluator.ts'
import type { SteeredDice } from './steered-dice.ts'

export interface TraceEvaluatorOptions {
  /** nf_conntrack_tcp_loose. */
  readonly tcpLoose?: boolean
  /** Absent: draws are functions of the seed. */
  readonly dice?: SteeredDice
}

export const traceEvaluator = (
  ruleset: Ruleset,
  host: HostView,
  seed: StreamSeed,
  options: TraceEvaluatorOptions = {},
): E.Either<Problem, TraceEvaluator> =>
  E.map(() => new TraceEvaluator(ruleset, host, seed, options))(compile([ruleset], true))

export class TraceEvaluator implements NodeEvaluator {
  rejection = 0
  readonly #host: HostView
  readonly #seed: StreamSeed
  readonly #tcpLoose: boolean
  #ruleset: Ruleset
  #memory: TraceMemory
  #conntrack: PlainConntrack
  #dice: SteeredDice | undefined
  #counts = new Map<string, { evaluated: number; packets: number; bytes: number }>()
  #policies = new Map<string, { packets: number; bytes: number }>()
  #pastUs: TimeUs = 0

  constructor(ruleset: Ruleset, host: HostView, seed: StreamSeed, { tcpLoose = true, dice }: TraceEvaluatorOptions) {
    this.#host = host
    this.#seed = seed
    this.#tcpLoose = tcpLoose
    this.#ruleset = ruleset
    this.#conntrack = this.#newConntrack()
    this.#memory = newTraceMemory(ruleset, this.#conntrack)
    this.load(ruleset, dice)
  }

  /** Replaces the rules. Connections stay, and so do lists of recent clients that both have; counters begin at 0. */
  load(ruleset: Ruleset, dice?: SteeredDice): void {
    const { recent } = this.#memory
    this.#ruleset = ruleset
    this.#dice = dice
    this.#memory = newTraceMemory(ruleset, asksConntrack(ruleset) ? this.#conntrack : NO_CONNTRACK)
    for (const [name, clients] of recent)
      if (this.#memory.recentStamps.has(name)) this.#memory.recent.set(name, clients)
    this.#counts = new Map()
    this.#policies = new Map()
  }

  /** A replay begins, whose clock starts at 0, `afterUs` after the end of the one before. */
  begin(afterUs: TimeUs): void {
    this.#pastUs = this.#memory.nowUs + afterUs
  }

  forgetConnections(): void {
    this.#conntrack = this.#newConntrack()
    this.#memory = { ...this.#memory, tracker: asksConntrack(this.#ruleset) ? this.#conntrack : NO_CONNTRACK }
  }

  #newConntrack(): PlainConntrack {
    return new PlainConntrack(this.#seed, this.#tcpLoose, packet => this.#dice?.portOf(packet))
  }

  pass(packet: Packet, sizeBytes: number, nowUs: TimeUs): Outcome {
    return this.#walk(packet, sizeBytes, nowUs, false)
  }

  passAttached(packet: Packet, sizeBytes: number, nowUs: TimeUs): Outcome {
    return this.#walk(packet, sizeBytes, nowUs, true)
  }

  counters(): ChainCounters[] {
    return this.#ruleset.tables.flatMap(held =>
      Array.from(held.chains.values(), chain => ({
        table: held.name,
        chain: chain.name,
        enteredCount: this.#enteredCount(held, chain),
        ...(chain.policy === undefined ? {} : { policy: this.#policies.get(`${held.name} ${chain.name}`) ?? NOTHING }),
        rules: chain.rules.map((_, i) => {
          const { evaluated, packets, bytes } = this.#countsOf(`${held.name} ${chain.name} ${i}`)
          return { evaluatedCount: evaluated, packets, bytes }
        }),
      })),
    )
  }

  #walk(packet: Packet, sizeBytes: number, nowUs: TimeUs, attached: boolean): Outcome {
    this.#memory.nowUs = this.#pastUs + nowUs
    this.#conntrack.nowUs = this.#pastUs + nowUs
    const policies = new Map<string, number>()
    const counters: TraceCounters = { rules: new Map(), policies }
    const traced = trace(this.#ruleset, this.#host, packet, this.#drawFor(packet), {
      memory: this.#memory,
      counters,
      attached,
    })
    // compile refuses the same rules.
    if (E.isLeft(traced)) throw new Error(describeProblem(traced.left))
    const { outcome, rejection, steps, packet: after } = traced.right
    this.#count(steps, sizeBytes)
    for (const [chain, packets] of policies) {
      const before = this.#policies.get(chain) ?? NOTHING
      this.#policies.set(chain, { packets: before.packets + packets, bytes: before.bytes + packets * sizeBytes })
    }
    this.rejection = rejection
    writePacket(packet, after)
    this.#dice?.passed(packet, outcome, () => [
      ...steps.map(({ table, chain, index, matched }) => ({
        place: `${table} ${chain} ${index}`,
        matched,
        bytes: sizeBytes,
      })),
      ...Array.from(policies.keys(), chain => ({ place: `${chain} policy`, matched: true, bytes: sizeBytes })),
    ])
    return outcome
  }

  #drawFor(packet: Packet): Draw {
    const { low, high } = this.#seed
    const { flowLow, flowHigh } = packet
    const own = (n: number): number => draw32(low, high, flowLow, flowHigh, n)
    return this.#dice === undefined ? own : this.#dice.of(packet, own)
  }

  #count(steps: readonly TraceStep[], sizeBytes: number): void {
    for (const { table, chain, index, matched } of steps) {
      const counts = this.#countsOf(`${table} ${chain} ${index}`)
      counts.evaluated++
      if (!matched) continue
      counts.packets++
      counts.bytes += sizeBytes
    }
  }

  #countsOf(key: string): { evaluated: number; packets: number; bytes: number } {
    let counts = this.#counts.get(key)
    if (counts === undefined) {
      counts = { evaluated: 0, packets: 0, bytes: 0 }
      this.#counts.set(key, counts)
    }
    return counts
  }

  /** Packets that entered the chain: they reached its first rule, or came by jumps, or its policy had all of them. */
  #enteredCount({ name: table, chains }: Table, chain: Chain): number {
    if (chain.rules.length > 0) return this.#countsOf(`${table} ${chain.name} 0`).evaluated
    if (chain.policy !== undefined) return this.#policies.get(`${table} ${chain.name}`)?.packets ?? 0
    let entered = 0
    for (const { name, rules } of chains.values())
      rules.forEach(({ verdict }, i) => {
        if ((verdict?.kind === 'jump' || verdict?.kind === 'goto') && verdict.chain === chain.name)
          entered += this.#countsOf(`${table} ${name} ${i}`).packets
      })
    return entered
  }
}

const NOTHING = { packets: 0, bytes: 0 }
