import type { IpFamily } from '../../net/ip.ts'

/** One rule's counters, wherever they were counted. */
export interface RuleCount {
  readonly family: IpFamily
  /** `nat`, or `ip kube-proxy` in nftables. */
  readonly table: string
  readonly chain: string
  /** Place in the chain, from 0. */
  readonly index: number
  /** Packets that reached the rule, and that it matched. */
  readonly evaluated: number
  readonly matched: number
  /** Of the packets it matched. */
  readonly bytes: number
  readonly rule: string
}

export const ruleKey = (rule: Pick<RuleCount, 'family' | 'table' | 'chain' | 'index'>): string =>
  `${rule.family} ${rule.table} ${rule.chain} ${rule.index}`
