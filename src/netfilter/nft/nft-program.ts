/**
 * Rulesets of nftables as flat integers, ready for evaluate-nft: one, or those of many nodes, each a view. Chains and sets are named by *slot*, a
 * number for a name; what a slot stands for may differ by view, so that chains that views share are there once, whatever they lead to.
 *
 * Grammar of `code` (32-bit words; a chain's code lies in one piece):
 *   chain   = rule* END
 *   rule    = RULE ruleId nextPc statement* [MATCHED] statement verdict     MATCHED stands before the rule's last part
 *   verdict = NEXT | ACCEPT | JUMP slot | …                                 (nft-opcode.ts)
 * Verdicts of maps and numgen stand behind all chains; they go on as if they stood in the rule that asked.
 */
import type { IpFamily } from '../../net/ip.ts'
import type { KeyTable } from './key-table.ts'

export interface NftProgram {
  readonly family: IpFamily
  readonly code: Int32Array
  /** By slot, as view 0 has it: where the chain's code begins, or the set's place in `tables` or `dynamicSets`. */
  readonly values: Int32Array
  /** What view v has elsewhere: slot and value by turns, from pair viewStart[v] up to viewStart[v + 1]. */
  readonly viewStart: Int32Array
  readonly viewPairs: Int32Array
  readonly ruleCount: number
  readonly maxDepth: number
  /** Rule ids of each chain follow each other from here; tables and chains in their printing order, further views' behind. */
  readonly firstRuleOfChain: readonly number[]
  /** Base chains by hook and stage, see NFT_STAGES. */
  readonly hooks: readonly (readonly (readonly BaseChainCode[])[])[]
  readonly baseCount: number
  readonly tables: readonly KeyTable[]
  readonly dynamicSets: readonly DynamicSetShape[]
  readonly numgenCount: number
  /** As written, `veth*` included. */
  readonly interfacePatterns: readonly string[]
  /** DNAT verdicts, and four words of address each. */
  readonly dnatCount: number
  readonly dnatAddress: Uint32Array
}

export interface BaseChainCode {
  readonly slot: number
  readonly base: number
  readonly drops: boolean
}

export interface DynamicSetShape {
  readonly keyWords: number
  readonly size: number
  readonly timeoutUs: number
  /** Elements it begins with: their keys and when they are gone. */
  readonly elements: readonly { readonly key: Int32Array; readonly goneUs: number }[]
}

/** Stages of a hook: before conntrack, before nat, nat itself, behind nat. */
export const NFT_STAGE = { untracked: 0, early: 1, nat: 2, late: 3 } as const

export const NFT_HOOK = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const
