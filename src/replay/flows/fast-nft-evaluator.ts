/** A ruleset of nftables, compiled, with a connection table: the evaluator of replayed flows in nftables mode. Its slow twin is NftEvaluator. */
import * as E from 'fp-ts/lib/Either.js'
import { CT, type Packet } from '../../net/packet.ts'
import { Conntrack, type ConntrackOptions } from '../../netfilter/conntrack/conntrack.ts'
import { type CostItem, type CostProfile, itemsNs } from '../../netfilter/cost/cost-profile.ts'
import { nftWayTerms } from '../../netfilter/cost/nft-way-terms.ts'
import { LATER_PACKET_TERMS } from '../../netfilter/cost/rule-terms.ts'
import type { HostView } from '../../netfilter/host.ts'
import { refuseNft } from '../../netfilter/nft/check-nft.ts'
import { compileNft } from '../../netfilter/nft/compile-nft.ts'
import { evaluateNft, evaluateNftAttached } from '../../netfilter/nft/evaluate-nft.ts'
import { type NftEngine, newNftEngine } from '../../netfilter/nft/nft-engine.ts'
import type { Outcome } from '../../netfilter/outcome.ts'
import { rejectKind } from '../../netfilter/reject-kind.ts'
import { isLocal } from '../../netfilter/route.ts'
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
  readonly rejection: number
  readonly #ruleset: NftRuleset
  readonly #engine: NftEngine
  readonly costs: PacketCosts | undefined
  /** Prices of the ways that first packets took, by what they pay for; and of the way of later ones. */
  readonly #firstPs = new Map<number, number>()
  readonly #laterPs: number

  constructor(ruleset: NftRuleset, host: HostView, seed: StreamSeed, options: ConntrackOptions & PricedOptions) {
    const { family } = ruleset
    this.conntrack = new Conntrack(family, seed, options)
    const { profile } = options
    this.costs = profile && new PacketCosts(profile)
    this.#laterPs = profile === undefined ? 0 : picoseconds(profile, LATER_PACKET_TERMS)
    this.rejection = rejectKind(family === 4 ? 'icmp-port-unreachable' : 'icmp6-port-unreachable', family)
    this.#ruleset = ruleset
    this.#engine = newNftEngine(compileNft(ruleset), host, seed, this.conntrack)
  }

  pass(packet: Packet, sizeBytes: number, nowUs: TimeUs): Outcome {
    this.#setClocks(nowUs)
    const outcome = evaluateNft(this.#engine, packet, sizeBytes)
    if (this.costs !== undefined) this.#noteCost(this.costs, packet)
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

  #noteCost(costs: PacketCosts, packet: Packet): void {
    if (!this.conntrack.consultsNat) {
      if (this.conntrack.hasEntry) costs.noteLater(this.#laterPs)
      return
    }
    const { host, numgens, lookups, updates, masqueraded: isMasqueraded } = this.#engine
    const isTranslated = (packet.ctState & CT.DNAT) !== 0
    const byNodePort = isLocal(host, packet.originalDestination)
    const bits = (isTranslated ? 1 : 0) | (byNodePort ? 2 : 0) | (isMasqueraded ? 4 : 0)
    const key = ((numgens * MOST_OF_A_KIND + lookups) * MOST_OF_A_KIND + updates) * 8 + bits
    let ps = this.#firstPs.get(key)
    if (ps === undefined) {
      ps = picoseconds(
        costs.profile,
        nftWayTerms({ isTranslated, byNodePort, isMasqueraded, numgens, lookups, updates }),
      )
      this.#firstPs.set(key, ps)
    }
    costs.noteFirst(ps, isTranslated)
  }

  #setClocks(nowUs: TimeUs): void {
    this.#engine.nowUs = nowUs
    this.conntrack.nowUs = nowUs
  }
}

/** Rules that one packet meets of one kind: no chain that kube-proxy writes has as many. */
const MOST_OF_A_KIND = 2 ** 16

const picoseconds = (profile: CostProfile, items: readonly CostItem[]): number =>
  Math.round(1000 * itemsNs(profile, items))
