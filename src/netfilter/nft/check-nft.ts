/**
 * What nf_tables would not load: jumps to chains or sets that are not there, chains that call each other in a loop, verdicts where the
 * hook does not allow them. Checked once for a ruleset; afterwards every name leads somewhere.
 */

import type { Problem } from '../../problem/problem.ts'
import { badInput, quoted } from '../../problem/problem.ts'
import type { NftRule, NftRuleset, NftSet, NftTable } from '../../ruleset/nft-ruleset.ts'
import { nftRuleChains } from './nft-rule-chains.ts'

/** nf_tables' NFT_JUMP_STACK_SIZE: jumps that may be open at once. */
const MOST_OPEN_JUMPS = 16

export function refuseNft({ family, tables }: NftRuleset): Problem | undefined {
  for (const table of tables) {
    const place = `${family === 4 ? 'ip' : 'ip6'} ${table.name}`
    for (const chain of table.chains.values())
      for (let i = 0; i < chain.rules.length; i++) {
        const refused = refuseRule(table, chain.rules[i])
        if (refused !== undefined) return badInput({ field: `${place} ${chain.name} rule ${i + 1}` }, ...refused)
      }
    const loop = findLoop(table)
    if (loop !== undefined)
      return badInput(
        { field: place },
        loop.length > MOST_OPEN_JUMPS + 1
          ? `chains call each other more than ${MOST_OPEN_JUMPS} deep, from ${quoted(loop[0])} on`
          : `chains call each other in a loop: ${loop.join(' -> ')}`,
        'remove one of the jumps',
      )
  }
  return undefined
}

type Refusal = readonly [what: string, mend: string]

function refuseRule(table: NftTable, rule: NftRule): Refusal | undefined {
  for (const statement of rule.statements) {
    const name = statement.kind === 'vmap' ? statement.map : 'set' in statement ? statement.set : undefined
    if (name === undefined) continue
    const set = table.sets.get(name)
    const wanted: NftSet['kind'] = statement.kind === 'vmap' ? 'map' : 'set'
    if (set?.kind !== wanted) return [`there is no ${wanted} ${quoted(name)}`, 'declare it in this table']
  }
  for (const chain of nftRuleChains(table, rule)) {
    const target = table.chains.get(chain)
    if (target === undefined) return [`there is no chain ${quoted(chain)} to go to`, 'declare it in this table']
    if (target.hook !== undefined) return [`the rule goes to base chain ${quoted(chain)}`, 'go to a chain of your own']
  }
  return undefined
}

/** Names of a loop, the first again at its end, or of a path too deep. */
function findLoop(table: NftTable): string[] | undefined {
  const depthBelow = new Map<string, number>()
  const path: string[] = []
  const visit = (name: string): string[] | undefined => {
    const known = depthBelow.get(name)
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name]
    if (known !== undefined && path.length + known <= MOST_OPEN_JUMPS) return undefined
    path.push(name)
    if (path.length > MOST_OPEN_JUMPS + 1) return [...path]
    let deepest = 0
    for (const rule of table.chains.get(name)!.rules)
      for (const target of nftRuleChains(table, rule)) {
        const found = visit(target)
        if (found !== undefined) return found
        deepest = Math.max(deepest, 1 + depthBelow.get(target)!)
      }
    path.pop()
    depthBelow.set(name, deepest)
    return undefined
  }
  for (const { name } of table.chains.values()) {
    const found = depthBelow.has(name) ? undefined : visit(name)
    if (found !== undefined) return found
  }
  return undefined
}
