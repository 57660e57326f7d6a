/** The main transaction of a sync in nftables mode while it is put together: its commands in kube-proxy's order, counted. */
import type { IpFamily } from '../net/ip.ts'
import type { ElementStore } from './element-store.ts'
import { deleteSet, flushChain } from './nft-command.ts'
import type { NftablesBlock, RuleText } from './nftables-block.ts'
import type { NftablesFrameSize } from './nftables-frame.ts'
import { SERVICE_SET_NAMES, type ServiceSet } from './nftables-setup.ts'

export class NftablesTransaction {
  readonly commands: string[] = []
  chains = 0
  rules = 0
  elements = 0
  anonymousSets = 0
  private readonly family: IpFamily

  constructor(family: IpFamily) {
    this.family = family
  }

  addFrame(commands: readonly string[], { chains, rules, elements, anonymousSets }: NftablesFrameSize): void {
    this.commands.push(...commands)
    this.chains += chains
    this.rules += rules
    this.elements += elements
    this.anonymousSets += anonymousSets
  }

  /** `kept`: chains of endpoints that are there already and are left as they are. */
  addBlock(block: NftablesBlock, stores: Readonly<Record<ServiceSet, ElementStore>>, kept: ReadonlySet<string>): void {
    const endpoints = kept.size === 0 ? block.endpoints : block.endpoints.filter(e => !kept.has(e.chain))
    for (const { chainLines } of endpoints) this.commands.push(chainLines)
    this.commands.push(block.chainLines)
    for (const name of SERVICE_SET_NAMES)
      this.addElements(stores[name].settle(block.elements[name].map(([key]) => key)))
    this.chains += endpoints.length + block.chains.length
    this.addRules(block.rules)
    for (const { rules } of endpoints) this.addRules(rules)
  }

  addElements(commands: readonly string[]): void {
    for (const command of commands) this.commands.push(command)
    this.elements += commands.length
  }

  flushChains(names: Iterable<string>): void {
    for (const name of names) {
      this.commands.push(flushChain(this.family, name))
      this.chains++
    }
  }

  deleteSets(names: Iterable<string>): void {
    for (const name of names) this.commands.push(deleteSet(this.family, name))
  }

  private addRules({ text, count, anonymousSets }: RuleText): void {
    this.commands.push(text)
    this.rules += count
    this.anonymousSets += anonymousSets
  }
}
