/**
 * Sends the flows of a plan of nftables mode through the rules and counts. Every packet is evaluated: nft's rules are so few on a packet's way that
 * remembering ways, as iptables mode does, would gain little. Same numbers for any number of threads: all are sums, and what hangs on order (clients
 * that sets remember) comes node by node in order of time. Models one direction only, as replayer.ts does.
 */
import type { IpFamily } from '../../net/ip.ts'
import { newPacket } from '../../net/packet.ts'
import { drawFlow } from '../../workload/draw-flow.ts'
import { hostViews } from '../host-table.ts'
import type { Job } from '../jobs.ts'
import { eachListedFlow } from '../listed-flows.ts'
import { type FlowAtHand, newWay, replayHops } from '../replay-hops.ts'
import type { NftPlan } from '../replay-plan.ts'
import { addRuleTallies, newTallies, type RuleCounts, type Tallies } from '../tallies.ts'
import { NftHops } from './nft-hops.ts'

interface Family extends FlowAtHand {
  readonly rules: NftHops
}

export class NftReplayer {
  readonly #plan: NftPlan
  readonly #tallies: Tallies
  readonly #families: { readonly 4: Family | null; readonly 6: Family | null }

  constructor(plan: NftPlan) {
    this.#plan = plan
    this.#tallies = newTallies(plan)
    const family = (f: IpFamily): Family | null => {
      const own = plan.families[f]
      return own === null
        ? null
        : {
            tallies: this.#tallies.families[f]!,
            backendNode: own.backendNode,
            flow: { packet: newPacket(f), destination: -1, packets: 0 },
            secondPacket: newPacket(f),
            way: newWay(this.#tallies.modelledNs.length),
            rules: new NftHops(own, hostViews(own.hosts), plan.ruleSeed, plan.detailNodes),
          }
    }
    this.#families = { 4: family(4), 6: family(6) }
  }

  replay({ fromNode, toNode, part, parts }: Job): void {
    const { traffic, affinity } = this.#plan
    for (let node = fromNode; node < toNode; node++) {
      traffic.classes.forEach(({ family, connectionsOfNode }, c) => {
        const count = connectionsOfNode[node]
        const from = Math.floor((count * part) / parts)
        const to = Math.floor((count * (part + 1)) / parts)
        if (from < to) this.#send(this.#familyOf(family), c, node, from, to)
      })
      if (affinity === undefined || part > 0) continue
      for (const family of [this.#families[4], this.#families[6]]) {
        if (family === null) continue
        family.rules.forgetClients()
        eachListedFlow(traffic, affinity, node, family.flow, nowUs => {
          family.rules.setClock(nowUs)
          replayHops(this.#tallies, family, family.rules, node)
        })
      }
    }
  }

  finish(): Tallies {
    for (const family of [this.#families[4], this.#families[6]]) {
      if (family === null) continue
      const { tallies, rules } = family
      const [shared, ...detail] = rules.counts()
      tallies.rules = shared
      tallies.detail = detail
      for (const own of detail) addRuleTallies<RuleCounts>(tallies.rules, own)
    }
    return this.#tallies
  }

  /** Flows `from` … `to - 1` of the class at the node, but for those that come in order. */
  #send(family: Family, classIndex: number, node: number, from: number, to: number): void {
    const { traffic, affinity } = this.#plan
    for (let flowLow = from; flowLow < to; flowLow++) {
      drawFlow(traffic, classIndex, node, flowLow, family.flow)
      if (affinity?.remembers[family.flow.destination] !== 1) replayHops(this.#tallies, family, family.rules, node)
    }
  }

  #familyOf(family: IpFamily): Family {
    const own = this.#families[family]
    if (own === null) throw new Error(`a class is of family ${family}, which has no rules`)
    return own
  }
}
