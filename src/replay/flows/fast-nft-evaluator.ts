/** A ruleset of nftables, compiled, with a connection table: the evaluator of replayed flows in nftables mode. Its slow twin is NftEvaluator. */
import * as E from 'fp-ts/lib/Either.js'
import { CT, type Packet } from '../../net/packet.ts'
import { Conntrack, type ConntrackOptions } from '../../netfilter/conntrack/conntrack.ts'
import type { HostView } from '../../netfilter/host.ts'
import { refuseNft } from '../../netfilter/nft/check-nft.ts'
import { compileNft } from '../../netfilter/nft/compile-nft.ts'
import { evaluateNft, evaluateNftAttached } from '../../netfilter/nft/evaluate-nft.ts'
import { type NftEngine, newNftEngine } from '../../netfilter/nft/nft-engine.ts'
import { NftPrices } from '../../netfilter/nft/nft-prices.ts'
import type { Outcome } from '../../netfilter/outcome.ts'
import type { Problem } from '../../problem/problem.ts'
import type { NftChain, NftRuleset, NftTable } from '../../ruleset/nft-ruleset.ts'
import { NFT_FAMILY } from '../../ruleset/print-nftables.ts'
import type { StreamSeed } from '../../sim/random.ts'
import type { TimeUs } from '../../sim/time.ts'
import type { PricedOptions } from './iptables-evaluator.ts'
import type { ChainCounters, NodeEvaluator } from './node-evaluator.ts'
import { PacketCosts } from './packet-costs.ts'

export function fastNftEvaluator(
  ruleset: NftRuleset,
  host: HostView,
  seed: StreamSeed,
  options: ConntrackOptions & PricedOptions = {},
): E.Either<Problem, FastNftEvaluator> {
  const refused = refuseNft(ruleset)
  return refused === undefined ? E.right(new FastNftEvaluator(ruleset, host, seed, options)) : E.left(refused)
}

export class FastNftEvaluator implements NodeEvaluator {
  readonly conntrack: Conntrack
  readonly #ruleset: NftRuleset
  readonly #engine: NftEngine
  readonly costs: PacketCosts | undefined
  /** Without what caches cost: the traffic at large decides that. */
  readonly #prices: NftPrices | undefined

  constructor(ruleset: NftRuleset, host: HostView, seed: StreamSeed, options: ConntrackOptions & PricedOptions) {
    const { family } = ruleset
    this.conntrack = new Conntrack(family, seed, options)
    const { profile } = options
    this.costs = profile && new PacketCosts(profile)
    this.#prices = profile && new NftPrices(profile, 1)
    this.#ruleset = ruleset
    this.#engine = newNftEngine(compileNft(ruleset), host, seed, this.conntrack)
  }

  get rejection(): number {
    return this.#engine.rejection
  }

  pass(packet: Packet, sizeBytes: number, nowUs: TimeUs): Outcome {
    this.#setClocks(nowUs)
    const outcome = evaluateNft(this.#engine, packet, sizeBytes)
    if (this.costs !== undefined && this.#prices !== undefined) this.#noteCost(this.costs, this.#prices, packet)
    return outcome
  }

  passAttached(packet: Packet, sizeBytes: number, nowUs: TimeUs): Outcome {
    this.#setClocks(nowUs)
    return evaluateNftAttached(this.#engine, packet, sizeBytes)
  }

  counters(): ChainCounters[] {
    const { firstRuleOfChain } = this.#engine.program
    let chains = 0
    let bases = 0
    return this.#ruleset.tables.flatMap(table =>
      Array.from(table.chains.values(), chain => {
        const first = firstRuleOfChain[chains++]
        return this.#chainCounters(table, chain, first, chain.hook === undefined ? -1 : bases++)
      }),
    )
  }

  #chainCounters(table: NftTable, chain: NftChain, first: number, base: number): ChainCounters {
    const { evaluated, matched, matchedBytes, policyHits, policyBytes } = this.#engine
    return {
      table: `${NFT_FAMILY[this.#ruleset.family]} ${table.name}`,
      chain: chain.name,
      enteredCount: chain.rules.length === 0 ? 0 : evaluated[first],
      ...(base < 0 ? {} : { policy: { packets: policyHits[base], bytes: policyBytes[base] } }),
      rules: chain.rules.map((_, i) => ({
        evaluatedCount: evaluated[first + i],
        packets: matched[first + i],
        bytes: matchedBytes[first + i],
      })),
    }
  }

  #noteCost(costs: PacketCosts, prices: NftPrices, packet: Packet): void {
    if (this.conntrack.consultsNat)
      costs.noteFirst(prices.firstPs(this.#engine, packet), (packet.ctState & CT.DNAT) !== 0)
    else if (this.conntrack.hasEntry) costs.noteLater(prices.laterPs)
  }

  #setClocks(nowUs: TimeUs): void {
    this.#engine.nowUs = nowUs
    this.conntrack.nowUs = nowUs
  }
}
