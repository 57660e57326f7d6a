/**
 * A ruleset of iptables, compiled, with a connection table: the evaluator of replayed flows.
 *
 * Packets and bytes are counted in one walk: a packet weighs 2^34 plus its bytes, and counters are taken apart before bytes could spill over.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { CT, type Packet } from '../../net/packet.ts'
import { chainDirectory } from '../../netfilter/chain-directory.ts'
import { compileInterned } from '../../netfilter/compile.ts'
import { Conntrack, type ConntrackOptions } from '../../netfilter/conntrack/conntrack.ts'
import { asksConntrack, NO_CONNTRACK } from '../../netfilter/conntrack/no-conntrack.ts'
import { type CostProfile, termNs } from '../../netfilter/cost/cost-profile.ts'
import { programPrices } from '../../netfilter/cost/program-prices.ts'
import { clearCounters, type Engine, newEngine } from '../../netfilter/engine.ts'
import { evaluateAttached, evaluateTracked } from '../../netfilter/evaluate.ts'
import type { HostView } from '../../netfilter/host.ts'
import { type NodeMemory, newNodeMemory } from '../../netfilter/memory/node-memory.ts'
import type { Outcome } from '../../netfilter/outcome.ts'
import { HOOK_CHAINS, HOOK_COUNT } from '../../netfilter/program.ts'
import { ruleTallies } from '../../netfilter/rule-tallies.ts'
import type { Problem } from '../../problem/problem.ts'
import type { Ruleset } from '../../ruleset/ruleset.ts'
import type { StreamSeed } from '../../sim/random.ts'
import type { TimeUs } from '../../sim/time.ts'
import type { ChainCounters, NodeEvaluator } from './node-evaluator.ts'
import { PacketCosts } from './packet-costs.ts'

export const iptablesEvaluator = (
  ruleset: Ruleset,
  host: HostView,
  seed: StreamSeed,
  options: ConntrackOptions & PricedOptions = {},
): E.Either<Problem, IptablesEvaluator> =>
  pipe(
    compileInterned([ruleset]),
    E.map(({ program, interned }) => {
      const { profile } = options
      // One profile in all lanes: the others are not asked.
      const profiles = profile && { 'iptables-legacy': profile, 'iptables-nft': profile, nftables: profile }
      const prices = profiles && programPrices(program, interned, profiles, NO_SPREAD)
      return new IptablesEvaluator(ruleset, newEngine(program, seed, prices), host, seed, options)
    }),
  )

export interface PricedOptions {
  /** Absent: packets are not priced. */
  readonly profile?: CostProfile
}

/** How far the traffic spreads is known in the end (packet-costs.ts). */
const NO_SPREAD = 1

/** A packet's share of a weight; below it are its bytes. */
const PACKET = 2 ** 34
/** Packets after which counters are taken apart: their bytes, and what they count several times over, fit into 2^53. */
const FOLD_AFTER = 8_192

export class IptablesEvaluator implements NodeEvaluator {
  readonly conntrack: Conntrack
  readonly #ruleset: Ruleset
  readonly #engine: Engine
  readonly #host: HostView
  readonly #memory: NodeMemory
  readonly #counts: Counts
  readonly costs: PacketCosts | undefined
  /** Without conntrack there are no connections: every packet is a first one. */
  readonly #wayPs: number
  #sinceFold = 0

  constructor(
    ruleset: Ruleset,
    engine: Engine,
    host: HostView,
    seed: StreamSeed,
    options: ConntrackOptions & PricedOptions,
  ) {
    const { program } = engine
    this.conntrack = new Conntrack(program.family, seed, options)
    this.#ruleset = ruleset
    this.#engine = engine
    this.#host = host
    this.#memory = newNodeMemory(program, asksConntrack(ruleset) ? this.conntrack : NO_CONNTRACK)
    const { profile } = options
    this.costs = profile && new PacketCosts(profile)
    this.#wayPs =
      profile === undefined || asksConntrack(ruleset)
        ? 0
        : Math.round(1000 * termNs(profile, 'conntrackEstablished', 1))
    this.#counts = newCounts(program.ruleCount, program.blockCount)
  }

  get rejection(): number {
    return this.#engine.rejection
  }

  pass(packet: Packet, sizeBytes: number, nowUs: TimeUs): Outcome {
    this.#tick(nowUs)
    const outcome = evaluateTracked(this.#engine, this.#memory, this.#host, packet, PACKET + sizeBytes)
    if (this.costs !== undefined) this.#noteCost(this.costs, packet)
    return outcome
  }

  passAttached(packet: Packet, sizeBytes: number, nowUs: TimeUs): Outcome {
    this.#tick(nowUs)
    return evaluateAttached(this.#engine, this.#memory, this.#host, packet, PACKET + sizeBytes)
  }

  counters(): ChainCounters[] {
    this.#fold()
    const { matched, matchedBytes, evaluated, entered, policy, policyBytes } = this.#counts
    const { program } = this.#engine
    return chainDirectory(program, 0, this.#ruleset).map(({ table, chain, firstRule, block }) => {
      const hook = HOOK_CHAINS.findIndex(([t, c]) => t === table && c === chain.name)
      return {
        table,
        chain: chain.name,
        enteredCount: block < 0 ? 0 : entered[block],
        ...(hook < 0 ? {} : { policy: { packets: policy[hook], bytes: policyBytes[hook] } }),
        rules: chain.rules.map((_, i) => {
          const id = firstRule + i
          return firstRule < 0
            ? { evaluatedCount: 0, packets: 0, bytes: 0 }
            : { evaluatedCount: evaluated[id], packets: matched[id], bytes: matchedBytes[id] }
        }),
      }
    })
  }

  #noteCost(costs: PacketCosts, packet: Packet): void {
    const [ps] = this.#engine.costPs
    const { tracker } = this.#memory
    if (tracker === NO_CONNTRACK) costs.noteFirst(ps - this.#wayPs, false)
    else if (tracker.consultsNat) costs.noteFirst(ps, (packet.ctState & CT.DNAT) !== 0)
    else if (tracker.hasEntry) costs.noteLater(ps)
  }

  #tick(nowUs: TimeUs): void {
    if (++this.#sinceFold > FOLD_AFTER) this.#fold()
    this.#memory.nowUs = nowUs
    this.conntrack.nowUs = nowUs
  }

  #fold(): void {
    const tallies = ruleTallies(this.#engine)
    const counts = this.#counts
    addApart(tallies.matched, counts.matched, counts.matchedBytes)
    addApart(tallies.evaluated, counts.evaluated, undefined)
    addApart(tallies.chainEntries, counts.entered, undefined)
    addApart(tallies.policy, counts.policy, counts.policyBytes)
    clearCounters(this.#engine)
    this.#sinceFold = 0
  }
}

interface Counts {
  readonly matched: Float64Array
  readonly matchedBytes: Float64Array
  readonly evaluated: Float64Array
  readonly entered: Float64Array
  readonly policy: Float64Array
  readonly policyBytes: Float64Array
}

const newCounts = (rules: number, blocks: number): Counts => ({
  matched: new Float64Array(rules),
  matchedBytes: new Float64Array(rules),
  evaluated: new Float64Array(rules),
  entered: new Float64Array(blocks),
  policy: new Float64Array(HOOK_COUNT),
  policyBytes: new Float64Array(HOOK_COUNT),
})

function addApart(weights: Float64Array, packets: Float64Array, bytes: Float64Array | undefined): void {
  for (let i = 0; i < weights.length; i++) {
    const count = Math.floor(weights[i] / PACKET)
    packets[i] += count
    if (bytes !== undefined) bytes[i] += weights[i] - count * PACKET
  }
}
