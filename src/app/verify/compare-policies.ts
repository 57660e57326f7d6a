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
  /** Not equal, but no further apart than choices that were made up can have moved it. */
  readonly withinChance: boolean
}

export const comparePolicies = (
  { chains }: KernelCounters,
  svcsim: readonly ChainCounters[],
  family: IpFamily,
  untold = 0,
): readonly ComparedPolicy[] =>
  svcsim.flatMap(({ table, chain, policy }) => {
    const theirs = chains.find(c => c.family === family && c.table === table && c.chain === chain)
    if (policy === undefined || theirs === undefined) return []
    const { packets: kernel } = theirs
    const apart = Math.abs(kernel - policy.packets)
    const withinChance = apart > 0 && apart <= untold
    return [{ table, chain, kernel, svcsim: policy.packets, equal: apart === 0, withinChance }]
  })
