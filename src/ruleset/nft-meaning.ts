/** What an nftables rule or element does, as text: without comments, counters and the time an element has left. */
import type { IpFamily } from '../net/ip.ts'
import type { NftElement, NftRule } from './nft-ruleset.ts'
import { printNftElement, printNftRule } from './print-nft-rule.ts'

export const nftRuleMeaning = ({ statements, verdict }: NftRule, family: IpFamily): string =>
  printNftRule({ statements: statements.filter(s => s.kind !== 'counter'), verdict }, family)

export const nftElementMeaning = (keyText: string, { key, verdict }: NftElement): string =>
  printNftElement(keyText, { key, verdict })
