/** Packets that policies of built-in chains decided. nft counts none, so there is nothing to compare. */
import type { IpFamily } from '../../net/ip.ts'
import type { Span, Spread } from '../../replay/flows/count-spread.ts'
import type { ChainCounters } from '../../replay/flows/node-evaluator.ts'
import type { KernelCounters } from '../kernel-replay.ts'
import { isWithin } from './compare-counts.ts'

export interface ComparedPolicy {
  readonly table: string
  readonly chain: string
  readonly kernel: number
  readonly svcsim: number
  readonly equal: boolean
  /** Not equal, but no further apart than choices that were made up can have moved it. */
  readonly withinChance: boolean
  /** By how much they can have; absent: not at all. */
  readonly spread?: Span
}

export const comparePolicies = (
  { chains }: KernelCounters,
  svcsim: readonly ChainCounters[],
  family: IpFamily,
  spreads: ReadonlyMap<string, Spread> = new Map(),
): readonly ComparedPolicy[] =>
  svcsim.flatMap(({ table, chain, policy }) => {
    const theirs = chains.find(c => c.family === family && c.table === table && c.chain === chain)
    if (policy === undefined || theirs === undefined) return []
    const { packets: kernel } = theirs
    const spread = spreads.get(`${table} ${chain} policy`)?.matched
    const equal = kernel === policy.packets
    const withinChance = !equal && spread !== undefined && isWithin(kernel - policy.packets, spread)
    return [{ table, chain, kernel, svcsim: policy.packets, equal, withinChance, ...(spread && { spread }) }]
  })
