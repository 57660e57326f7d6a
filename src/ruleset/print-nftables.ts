/**
 * An nftables ruleset as text, byte for byte what `nft list table` of release 1.0.6 shows of it; `nft -f` reads it back. Elements of
 * sets and maps come in nft's own order, everything else in the order of the data.
 * About 1 µs a rule.
 */
import type { IpFamily } from '../net/ip.ts'
import { printPriority } from './nft-priority.ts'
import type { NftChain, NftHook, NftRuleset, NftSet, NftTable } from './nft-ruleset.ts'
import { printNftElement, printNftRule, printNftTime } from './print-nft-rule.ts'
import { sortNftElements } from './sort-nft-elements.ts'

export const printNftRuleset = ({ family, tables }: NftRuleset): string =>
  tables.map(table => printNftTable(table, family)).join('')

function printNftTable(table: NftTable, family: IpFamily): string {
  let text = `table ${NFT_FAMILY[family]} ${table.name} {\n${printComment(table.comment, '\t')}`
  let gap = ''
  for (const set of table.sets.values()) {
    text += gap + printSet(set)
    gap = '\n'
  }
  for (const chain of table.chains.values()) {
    text += gap + printChain(chain, family)
    gap = '\n'
  }
  return `${text}}\n`
}

export const NFT_FAMILY: Readonly<Record<IpFamily, string>> = { 4: 'ip', 6: 'ip6' }

function printSet(set: NftSet): string {
  let text = `\t${set.kind} ${set.name} {\n\t\ttype ${set.keyType.join(' . ')}${set.kind === 'map' ? ' : verdict' : ''}\n`
  if (set.size !== undefined) text += `\t\tsize ${set.size}\n`
  if (set.flags.length > 0) text += `\t\tflags ${set.flags.join(',')}\n`
  if (set.timeoutSeconds !== undefined) text += `\t\ttimeout ${printNftTime(set.timeoutSeconds * 1000)}\n`
  text += printComment(set.comment, '\t\t')
  if (set.elements.size > 0) text += `\t\telements = { ${printElements(set)} }\n`
  return `${text}\t}\n`
}

/** IPv4 addresses stand two in a line, everything else alone. */
function printElements(set: NftSet): string {
  const inLine = set.keyType.join() === 'ipv4_addr' && set.kind === 'set' ? 2 : 1
  let text = ''
  sortNftElements(set).forEach(([keyText, element], i) => {
    text += i === 0 ? '' : i % inLine === 0 ? ',\n\t\t\t     ' : ', '
    text += printNftElement(keyText, element)
  })
  return text
}

function printChain(chain: NftChain, family: IpFamily): string {
  let text = `\tchain ${chain.name} {\n${printComment(chain.comment, '\t\t')}`
  if (chain.hook !== undefined) text += `\t\t${printHook(chain.hook)}\n`
  for (const rule of chain.rules) text += `\t\t${printNftRule(rule, family)}\n`
  return `${text}\t}\n`
}

const printHook = ({ type, hook, priority, policy }: NftHook): string =>
  `type ${type} hook ${hook} priority ${printPriority(hook, priority)}; policy ${policy};`

const printComment = (comment: string | undefined, indent: string): string =>
  comment === undefined ? '' : `${indent}comment "${comment}"\n`
