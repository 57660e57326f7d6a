/** The chains a rule may go to: by its own verdict, by those of its numgen, by the elements of its verdict map. */
import type { NftRule, NftTable, NftVerdict } from '../../ruleset/nft-ruleset.ts'

export function* nftRuleChains(table: NftTable, { statements, verdict }: NftRule): Generator<string> {
  for (const statement of statements) {
    if (statement.kind === 'numgen') for (const option of statement.verdicts) yield* target(option)
    if (statement.kind === 'vmap')
      for (const element of table.sets.get(statement.map)?.elements.values() ?? [])
        if (element.verdict !== undefined) yield* target(element.verdict)
  }
  if (verdict !== undefined) yield* target(verdict)
}

function* target(verdict: NftVerdict): Generator<string> {
  if (verdict.kind === 'jump' || verdict.kind === 'goto') yield verdict.chain
}
