/**
 * Where the base chains of a ruleset are met: at each hook those before conntrack, before nat, of nat, and behind it, by priority. Chains of
 * type nat run at nat's own place, whatever their priorities (nf_nat_core.c).
 */
import type { NftHook, NftTable } from '../../ruleset/nft-ruleset.ts'
import { type BaseChainCode, NFT_HOOK, NFT_STAGE } from './nft-program.ts'

export interface BaseChains {
  /** By NFT_HOOK, then NFT_STAGE. */
  readonly hooks: BaseChainCode[][][]
  readonly baseCount: number
}

export function baseChains(
  tables: readonly NftTable[],
  slotOf: (table: NftTable, chain: string) => number,
): BaseChains {
  const placed: {
    readonly hook: number
    readonly stage: number
    readonly priority: number
    readonly code: BaseChainCode
  }[] = []
  for (const table of tables)
    for (const { name, hook } of table.chains.values()) {
      if (hook === undefined) continue
      const stage = hook.type === 'nat' ? NFT_STAGE.nat : filterStage(hook)
      const code = { slot: slotOf(table, name), base: placed.length, drops: hook.policy === 'drop' }
      placed.push({ hook: NFT_HOOK[hook.hook], stage, priority: hook.priority, code })
    }
  placed.sort((a, b) => a.priority - b.priority)
  const at = (hook: number, stage: number): BaseChainCode[] =>
    placed.filter(p => p.hook === hook && p.stage === stage).map(p => p.code)
  return {
    hooks: Object.values(NFT_HOOK).map(hook => Object.values(NFT_STAGE).map(stage => at(hook, stage))),
    baseCount: placed.length,
  }
}

/** Priorities of conntrack and of nat at each hook. */
const CONNTRACK_PRIORITY = -200
const NAT_PRIORITY = { prerouting: -100, input: 100, forward: Number.POSITIVE_INFINITY, output: -100, postrouting: 100 }

function filterStage({ hook, priority }: NftHook): number {
  const isEntry = hook === 'prerouting' || hook === 'output'
  if (isEntry && priority <= CONNTRACK_PRIORITY) return NFT_STAGE.untracked
  return priority <= NAT_PRIORITY[hook] ? NFT_STAGE.early : NFT_STAGE.late
}
