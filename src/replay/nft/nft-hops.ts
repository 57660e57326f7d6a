/**
 * The rules of nftables mode as hops ask them: one engine for all nodes, and one for each detail node, whose counters are kept apart. Sets that
 * remember clients are those of the node at hand; on a second hop they are empty, as in iptables mode.
 */
import type { Packet } from '../../net/packet.ts'
import { PROMISED_CONNECTIONS } from '../../netfilter/conntrack/promised-connections.ts'
import type { HostView } from '../../netfilter/host.ts'
import { evaluateNft, evaluateNftEstablished } from '../../netfilter/nft/evaluate-nft.ts'
import { enterView, forgetSets, type NftEngine, newNftEngine } from '../../netfilter/nft/nft-engine.ts'
import { NftPrices } from '../../netfilter/nft/nft-prices.ts'
import type { Outcome } from '../../netfilter/outcome.ts'
import type { StreamSeed } from '../../sim/random.ts'
import type { TimeUs } from '../../sim/time.ts'
import { HOP, type Hop, type HopRules } from '../replay-hops.ts'
import type { NftFamilyPlan } from '../replay-plan.ts'
import type { RuleCounts } from '../tallies.ts'

export class NftHops implements HopRules {
  dnat = -1
  rulesEvaluated = 0
  readonly costPs = new Float64Array(1)
  readonly #plan: NftFamilyPlan
  readonly #hosts: readonly HostView[]
  /** For all nodes but the detail nodes, then one each. */
  readonly #engines: readonly NftEngine[]
  readonly #engineOfNode: ReadonlyMap<number, NftEngine>
  readonly #prices: NftPrices | undefined

  constructor(plan: NftFamilyPlan, hosts: readonly HostView[], seed: StreamSeed, detailNodes: readonly number[]) {
    const { program, prices } = plan
    this.#plan = plan
    this.#hosts = hosts
    const engine = (): NftEngine => newNftEngine(program, hosts[0], seed, PROMISED_CONNECTIONS)
    const own = detailNodes.map(node => [node, engine()] as const)
    this.#engines = [engine(), ...own.map(([, e]) => e)]
    this.#engineOfNode = new Map(own)
    this.#prices = prices && new NftPrices(prices, program.dnatCount)
  }

  pass(hop: Hop, node: number, packet: Packet): Outcome {
    const engine = this.#engineAt(node)
    const own = engine.sets
    if (hop === HOP.second) engine.sets = NO_SETS
    const outcome = evaluateNft(engine, packet, 0)
    if (hop === HOP.second) {
      engine.sets = own
      NO_SETS.length = 0
    }
    this.dnat = engine.dnat
    this.rulesEvaluated = engine.rulesEvaluated
    if (this.#prices !== undefined) this.costPs[0] = this.#prices.firstPs(engine, packet)
    return outcome
  }

  passLater(_: Hop, node: number, packet: Packet, count: number): Outcome {
    const engine = this.#engineAt(node)
    const outcome = evaluateNftEstablished(engine, packet, count)
    this.rulesEvaluated = engine.rulesEvaluated
    return outcome
  }

  /** Another node's turn. */
  forgetClients(): void {
    for (const engine of this.#engines) forgetSets(engine)
  }

  setClock(nowUs: TimeUs): void {
    for (const engine of this.#engines) engine.nowUs = nowUs
  }

  /** Of all nodes but the detail nodes, then of each of these. */
  counts(): RuleCounts[] {
    return this.#engines.map(({ matched, evaluated }) => ({ matched, evaluated }))
  }

  #engineAt(node: number): NftEngine {
    const engine = this.#engineOfNode.get(node) ?? this.#engines[0]
    enterView(engine, this.#plan.viewOfNode[node], this.#hosts[node])
    return engine
  }
}

const NO_SETS: NftEngine['sets'] = []
