/** An nftables ruleset of PacketPaths, read from its texts. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { PIECE_GAP } from '../output/paths/nft-piece-gap.ts'
import type { PacketPaths } from '../output/paths/packet-paths.ts'
import type { Problem } from '../problem/problem.ts'
import type { NftRuleset } from '../ruleset/nft-ruleset.ts'
import { parseNftables } from '../ruleset/parse-nftables.ts'

export function pathNftables({ rulesets, texts }: PacketPaths, place: number): E.Either<Problem, NftRuleset> {
  const { family, texts: pieces } = rulesets[place]
  return pipe(
    parseNftables(pieces.map(piece => texts[piece]).join(PIECE_GAP)),
    E.map(found => found[0] ?? { family, tables: [] }),
  )
}
