/** The key of an element of a set or map as nft writes it: `10.96.0.1 . tcp . 443`. Equal keys have equal texts. */
import { formatIp } from '../net/ip.ts'
import type { NftKeyValue } from './nft-ruleset.ts'

export const nftKeyText = (key: readonly NftKeyValue[]): string => key.map(valueText).join(' . ')

const valueText = (value: NftKeyValue): string => (typeof value === 'object' ? formatIp(value) : `${value}`)
