/** Packets that policies of built-in chains decided. nft counts none, so there is nothing to compare. */
import type { IpFamily } from '../../net/ip.ts'
import type { ChainCounters } from '../../replay/flows/node-evaluator.ts'
import type { KernelCounters } from '../kernel-replay.ts'

export interface ComparedPolicy {
  readonly table: string
  readonly chain: string
  readonly kernel: number
  readonly svcsim: number
  readonly equal: boolean
}

export const comparePolicies = (
  { chains }: KernelCounters,
  svcsim: readonly ChainCounters[],
  family: IpFamily,
): readonly ComparedPolicy[] =>
  svcsim.flatMap(({ table, chain, policy }) => {
    const theirs = chains.find(c => c.family === family && c.table === table && c.chain === chain)
    if (policy === undefined || theirs === undefined) return []
    const { packets: kernel } = theirs
    return [{ table, chain, kernel, svcsim: policy.packets, equal: kernel === policy.packets }]
  })
