/** What stands between two sets or chains in nft's text of a table: where it is cut into pieces that rulesets share. */
export const PIECE_GAP = '\n\n'
