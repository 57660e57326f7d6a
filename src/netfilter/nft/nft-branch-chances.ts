/** All random branches of one NEW packet on one node with rules of nftables: see ../branch-chances.ts. Sets that rules add to are taken to be empty. */
import type { Packet } from '../../net/packet.ts'
import { allBranches, type BranchChances } from '../branch-chances.ts'
import type { HostView } from '../host.ts'
import { evaluateNft } from './evaluate-nft.ts'
import { enterView, forgetSets, type NftEngine } from './nft-engine.ts'

/** The engine's counters are worth nothing afterwards; `packet` is left as it was. */
export function nftBranchChances(engine: NftEngine, view: number, host: HostView, packet: Packet): BranchChances {
  enterView(engine, view, host)
  return allBranches(engine, packet, () => {
    forgetSets(engine)
    return evaluateNft(engine, packet, 0)
  })
}
