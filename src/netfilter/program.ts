/**
 * A compiled program: the rulesets of one or many nodes (views) of one IP family as flat integers, ready for evaluate.
 * Made by compile.ts; plain, structured-cloneable, all arrays on SharedArrayBuffers, so a worker gets it without a copy.
 *
 * Grammar of `code` (32-bit words; a chain's code lies in one piece, jumps name its first word):
 *   chain     = segment* END
 *   segment   = rule* | dispatch | run
 *   rule      = RULE ruleId nextPc match* verdict
 *   dispatch  = DISPATCH dispatchId PASS dispatchId candidate*
 *   candidate = [CANDIDATE passPc match*] HIT dispatchId slot verdict LEAVE dispatchId slot
 *   run       = RUN ruleId count thresholdStart rule*          rules of one length: CHANCE and a jump
 *   match     = SOURCE4 mask value | … (see opcode.ts)
 *   verdict   = COUNT 0 | ACCEPT | JUMP pc | … (see opcode.ts)
 * A match that fails goes on at nextPc (rule) or passPc (the PASS of its dispatch); DISPATCH finds a candidate's code by hash (dispatch.ts).
 *
 * Models ip_tables' ipt_do_table; how many rules the kernel would have walked is counted, not walked (evaluate.ts).
 */
import type { IpFamily } from '../net/ip.ts'
import type { RareMatch } from './rare-match.ts'
import type { Translation } from './translation.ts'

/** Where a packet meets a table, in the order the kernel numbers them; HOOK_CHAINS names them. */
export const HOOK = {
  rawPrerouting: 0,
  manglePrerouting: 1,
  natPrerouting: 2,
  mangleInput: 3,
  filterInput: 4,
  securityInput: 5,
  natInput: 6,
  mangleForward: 7,
  filterForward: 8,
  securityForward: 9,
  rawOutput: 10,
  mangleOutput: 11,
  natOutput: 12,
  filterOutput: 13,
  securityOutput: 14,
  manglePostrouting: 15,
  natPostrouting: 16,
} as const

/** Table and built-in chain of each HOOK. */
export const HOOK_CHAINS = [
  ['raw', 'PREROUTING'],
  ['mangle', 'PREROUTING'],
  ['nat', 'PREROUTING'],
  ['mangle', 'INPUT'],
  ['filter', 'INPUT'],
  ['security', 'INPUT'],
  ['nat', 'INPUT'],
  ['mangle', 'FORWARD'],
  ['filter', 'FORWARD'],
  ['security', 'FORWARD'],
  ['raw', 'OUTPUT'],
  ['mangle', 'OUTPUT'],
  ['nat', 'OUTPUT'],
  ['filter', 'OUTPUT'],
  ['security', 'OUTPUT'],
  ['mangle', 'POSTROUTING'],
  ['nat', 'POSTROUTING'],
] as const

export const HOOK_COUNT = HOOK_CHAINS.length

/** Where the code of every chain without rules begins and ends. */
export const EMPTY_PC = 0

export interface Program {
  readonly family: IpFamily
  readonly viewCount: number
  /** Rules of all blocks; rule ids count from 0, those of one block follow each other. */
  readonly ruleCount: number
  /** DNAT rules of all blocks; DNAT ids count from 0. */
  readonly dnatCount: number
  readonly blockCount: number
  /** Deepest nesting of jumps. */
  readonly maxDepth: number

  readonly code: Int32Array
  /** Per view and HOOK: first word of the built-in chain's code, -1 where the table (or chain) is absent. */
  readonly hookPc: Int32Array
  /** Per view and HOOK: the block of the built-in chain or -1. */
  readonly hookBlock: Int32Array
  /** Per view and HOOK: 1 where the policy is DROP. */
  readonly hookDrops: Uint8Array

  /** Per DNAT id: four address words, the port (0: kept), the rule. */
  readonly dnatAddress: Uint32Array
  readonly dnatPort: Uint16Array
  readonly dnatRule: Int32Array

  /** Per block: its first rule id; one more entry closes the last block. */
  readonly blockRuleStart: Int32Array
  /** Per rule: how it ends a chain's walk (RULE_ENDS in opcode.ts) and the block its jump or goto enters (-1: none). */
  readonly ruleEnds: Uint8Array
  readonly ruleTarget: Int32Array

  /** Cumulative thresholds C_i of statistic runs, equal runs stored once (statistic-run.ts). */
  readonly thresholds: Float64Array

  /** Dispatch segments: DISPATCH_WORDS words each, see dispatch.ts. */
  readonly dispatchCount: number
  readonly dispatch: Int32Array
  /** Rules in all dispatch segments together. */
  readonly dispatchSlotCount: number
  /** Open-addressed tables of all dispatch segments. */
  readonly dispatchEntries: Int32Array

  /** Interface patterns as written, `eth+` included; matches name them by index. */
  readonly interfacePatterns: readonly string[]

  /** Matches that RARE names by index. */
  readonly rare: readonly RareMatch[]
  /** Three words each: random (1), first and last source port (0 to 0: any). MASQUERADE and SNAT name them by index. */
  readonly natPorts: Int32Array
  /** Of OP.TRANSLATE. */
  readonly translations: readonly Translation[]
  /** Where a node's memory starts (memory/node-memory.ts). */
  readonly nthStarts: readonly number[]
  readonly limitCredits: readonly number[]
  readonly recentStamps: readonly number[]
}
