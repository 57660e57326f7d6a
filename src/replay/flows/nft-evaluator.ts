/** A ruleset of nftables with a connection table, walked by trace-nft: the evaluator of replayed flows in nftables mode. */
import * as E from 'fp-ts/lib/Either.js'
import type { Packet } from '../../net/packet.ts'
import { writePacket } from '../../net/packet.ts'
import { Conntrack, type ConntrackOptions } from '../../netfilter/conntrack/conntrack.ts'
import type { HostView } from '../../netfilter/host.ts'
import { refuseNft } from '../../netfilter/nft/check-nft.ts'
import { type NftMemory, newNftMemory } from '../../netfilter/nft/nft-memory.ts'
import { traceNft } from '../../netfilter/nft/trace-nft.ts'
import type { Outcome } from '../../netfilter/outcome.ts'
import type { Problem } from '../../problem/problem.ts'
import type { NftChain, NftRuleset } from '../../ruleset/nft-ruleset.ts'
import { NFT_FAMILY } from '../../ruleset/print-nftables.ts'
import { draw32, type StreamSeed } from '../../sim/random.ts'
import type { TimeUs } from '../../sim/time.ts'
import type { ChainCounters, NodeEvaluator, RuleCounters } from './node-evaluator.ts'
import type { SteeredDice } from './steered-dice.ts'

export function nftEvaluator(
  ruleset: NftRuleset,
  host: HostView,
  seed: StreamSeed,
  options: NftEvaluatorOptions = {},
): E.Either<Problem, NftEvaluator> {
  const refused = refuseNft(ruleset)
  return refused === undefined ? E.right(new NftEvaluator(ruleset, host, seed, options)) : E.left(refused)
}

export interface NftEvaluatorOptions extends ConntrackOptions {
  /** Absent: draws are functions of the seed. */
  readonly dice?: SteeredDice
}

type Counts = { -readonly [K in keyof RuleCounters]: RuleCounters[K] }

export class NftEvaluator implements NodeEvaluator {
  rejection = 0
  conntrack: Conntrack
  readonly #options: ConntrackOptions
  readonly #host: HostView
  readonly #seed: StreamSeed
  #ruleset: NftRuleset
  #memory: NftMemory
  #dice: SteeredDice | undefined
  #pastUs: TimeUs = 0
  readonly #rules = new Map<NftChain, Counts[]>()
  readonly #policies = new Map<NftChain, { packets: number; bytes: number }>()
  readonly #entries = new Map<NftChain, number>()

  constructor(ruleset: NftRuleset, host: HostView, seed: StreamSeed, { dice, ...options }: NftEvaluatorOptions) {
    this.conntrack = new Conntrack(ruleset.family, seed, options)
    this.#options = options
    this.#ruleset = ruleset
    this.#host = host
    this.#seed = seed
    this.#memory = newNftMemory(ruleset, this.conntrack)
    this.#dice = dice
  }

  /** Replaces the rules and what their sets hold. Connections stay; counters begin at 0. */
  load(ruleset: NftRuleset, dice?: SteeredDice): void {
    const { nowUs } = this.#memory
    this.#ruleset = ruleset
    this.#memory = newNftMemory(ruleset, this.conntrack)
    this.#memory.nowUs = nowUs
    this.#dice = dice
    this.#rules.clear()
    this.#policies.clear()
    this.#entries.clear()
  }

  forgetConnections(): void {
    this.conntrack = new Conntrack(this.#ruleset.family, this.#seed, this.#options)
    this.#memory = { ...this.#memory, tracker: this.conntrack }
  }

  /** A replay begins, whose clock starts at 0, `afterUs` after the end of the one before. */
  begin(afterUs: TimeUs): void {
    this.#pastUs = this.#memory.nowUs + afterUs
  }

  pass(packet: Packet, sizeBytes: number, nowUs: TimeUs): Outcome {
    return this.#pass(packet, sizeBytes, nowUs, false)
  }

  passAttached(packet: Packet, sizeBytes: number, nowUs: TimeUs): Outcome {
    return this.#pass(packet, sizeBytes, nowUs, true)
  }

  counters(): ChainCounters[] {
    const { [this.#ruleset.family]: family } = NFT_FAMILY
    return this.#ruleset.tables.flatMap(table =>
      Array.from(table.chains.values(), chain => ({
        table: `${family} ${table.name}`,
        chain: chain.name,
        enteredCount: this.#entries.get(chain) ?? 0,
        ...(chain.hook === undefined ? {} : { policy: this.#policies.get(chain) ?? { packets: 0, bytes: 0 } }),
        rules: this.#rules.get(chain) ?? chain.rules.map(() => NOTHING),
      })),
    )
  }

  #pass(packet: Packet, sizeBytes: number, nowUs: TimeUs, attached: boolean): Outcome {
    this.conntrack.nowUs = this.#pastUs + nowUs
    this.#memory.nowUs = this.#pastUs + nowUs
    const { low, high } = this.#seed
    const { flowLow, flowHigh } = packet
    const own = (n: number): number => draw32(low, high, flowLow, flowHigh, n)
    const traced = traceNft(
      this.#ruleset,
      this.#host,
      packet,
      this.#dice === undefined ? own : this.#dice.of(packet, own),
      {
        memory: this.#memory,
        attached,
        onPolicy: (_, chain) => {
          const policy = this.#policies.get(chain) ?? { packets: 0, bytes: 0 }
          policy.packets++
          policy.bytes += sizeBytes
          this.#policies.set(chain, policy)
        },
      },
    )
    for (const { chain, index, matched } of traced.steps) {
      const rules = this.#rules.get(chain) ?? chain.rules.map(() => ({ ...NOTHING }))
      this.#rules.set(chain, rules)
      const counts = rules[index]
      counts.evaluatedCount++
      if (matched) {
        counts.packets++
        counts.bytes += sizeBytes
      }
      if (index === 0) this.#entries.set(chain, (this.#entries.get(chain) ?? 0) + 1)
    }
    this.rejection = traced.rejection
    writePacket(packet, traced.packet)
    // Of policies the kernel counts nothing.
    this.#dice?.passed(packet, traced.outcome, () =>
      traced.steps.map(({ table, chain, index, matched }) => ({
        place: `${NFT_FAMILY[this.#ruleset.family]} ${table.name} ${chain.name} ${index}`,
        matched,
        bytes: sizeBytes,
      })),
    )
    return traced.outcome
  }
}

const NOTHING: RuleCounters = { evaluatedCount: 0, packets: 0, bytes: 0 }
