/** Name of the chain that each DNAT rule of a program stands in, by DNAT id. */
import type { Interned } from './intern-chains.ts'
import type { Program } from './program.ts'

/** `interned`: what `program` was made from. Rules are numbered block by block. */
export function chainOfDnat({ dnatRule, blockRuleStart, blockCount }: Program, { blocks }: Interned): string[] {
  return Array.from(dnatRule, rule => {
    let low = 0
    let high = blockCount
    // The last block that begins at the rule or before: those before it that begin there too are empty.
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (blockRuleStart[middle] <= rule) low = middle
      else high = middle
    }
    return blocks[low].chain.name
  })
}
