/** Which rules of a node a sweep counts: those of its proxy mode. */
import type { ColumnTable } from '../arrow/column-table.ts'
import { numbersOf } from './column-values.ts'

export interface SweptRules {
  readonly column: 'natRules' | 'nftRules'
  readonly short: string
  readonly long: string
}

/** `sweep`: the table of that name. */
export const sweptRules = (sweep: ColumnTable): SweptRules =>
  Array.from(numbersOf(sweep, 'nftRules')).some(rules => rules > 0)
    ? { column: 'nftRules', short: 'nft rules', long: 'rules of nftables of a node' }
    : { column: 'natRules', short: 'nat rules', long: 'nat rules of a node, as kube-proxy counts them,' }
