/**
 * Reads nftables text: what `nft list` shows of tables like kube-proxy's, and transactions as kube-proxy hands them to `nft -f -`, one
 * after another. What the data model does not hold is refused with its place; that a verdict leads nowhere is left to evaluation.
 *
 * One pass, some µs a rule, memory in proportion to the text.
 */
import * as E from 'fp-ts/lib/Either.js'
import { badInput, type Problem, quoted } from '../problem/problem.ts'
import { readNftFamily, runNftCommand } from './nft-commands.ts'
import { NftDraft, type TableDraft } from './nft-draft.ts'
import type { NftRuleset } from './nft-ruleset.ts'
import { NftTokens } from './nft-tokens.ts'
import { parseNftChain } from './parse-nft-chain.ts'
import { parseNftSet } from './parse-nft-set.ts'

/** A ruleset for each IP family that has a table. `file` is for messages. */
export function parseNftables(text: string, file?: string): E.Either<Problem, readonly NftRuleset[]> {
  const tokens = new NftTokens(text)
  const draft = new NftDraft()
  while (tokens.peek().kind !== 'end') {
    if (tokens.peek().kind === 'newline' || tokens.peek().text === ';') tokens.next()
    else if (tokens.take('table')) readTable(tokens, draft.addTable(readNftFamily(tokens), tokens.word('a name')))
    else runNftCommand(tokens, draft)
  }
  const { fault } = tokens
  if (fault === undefined) return E.right(draft.finish())
  const { line, column, what, mend } = fault
  return E.left(badInput({ ...(file !== undefined && { file }), line, column }, what, mend))
}

function readTable(tokens: NftTokens, table: TableDraft): void {
  for (const token of tokens.block()) {
    const kind = tokens.word('a set, map or chain')
    if (kind === 'comment') table.comment = tokens.string('a comment')
    else if (kind === 'chain') parseNftChain(tokens, table.family, table.addChain(tokens.word('a name')))
    else if (kind === 'set' || kind === 'map') table.addSet(parseNftSet(tokens, kind, tokens.word('a name')))
    else tokens.fail(token, `${quoted(kind)} in a table is not modelled`, 'known are chain, set, map and comment')
  }
}
