/**
 * The commands of an `nft -f -` transaction as kube-proxy writes them, a line each, with the end of line. Models the text that
 * knftables makes of its objects (sigs.k8s.io/knftables/objects.go).
 */
import type { IpFamily } from '../net/ip.ts'
import type { NftElement, NftHook, NftRule, NftSet } from '../ruleset/nft-ruleset.ts'
import { printNftElement, printNftRule } from '../ruleset/print-nft-rule.ts'
import { NFT_FAMILY } from '../ruleset/print-nftables.ts'

const TABLE = 'kube-proxy'

const line = (command: string, family: IpFamily, rest: string): string =>
  `${command} ${NFT_FAMILY[family]} ${TABLE}${rest}\n`

export const addTable = (family: IpFamily, comment: string): string =>
  line('add table', family, braced([quoted(comment)]))

export function addChain(family: IpFamily, name: string, hook?: NftHook, comment?: string): string {
  const parts = hook === undefined ? [] : [`type ${hook.type} hook ${hook.hook} priority ${hook.priority}`]
  if (comment !== undefined) parts.push(quoted(comment))
  return line('add chain', family, ` ${name}${braced(parts)}`)
}

export const flushChain = (family: IpFamily, name: string): string => line('flush chain', family, ` ${name}`)

export const deleteChain = (family: IpFamily, name: string): string => line('delete chain', family, ` ${name}`)

export const addRule = (family: IpFamily, chain: string, rule: NftRule): string =>
  line('add rule', family, ` ${chain} ${printNftRule(rule, family, 'written')}`)

export function addSet(family: IpFamily, set: NftSet): string {
  const parts = [`type ${set.keyType.join(' . ')}${set.kind === 'map' ? ' : verdict' : ''}`]
  if (set.flags.length > 0) parts.push(`flags ${set.flags.join(',')}`)
  if (set.timeoutSeconds !== undefined) parts.push(`timeout ${set.timeoutSeconds}s`)
  if (set.comment !== undefined) parts.push(quoted(set.comment))
  return line(`add ${set.kind}`, family, ` ${set.name}${braced(parts)}`)
}

export const flushSet = (family: IpFamily, name: string): string => line('flush set', family, ` ${name}`)

export const deleteSet = (family: IpFamily, name: string): string => line('delete set', family, ` ${name}`)

export const addElement = (family: IpFamily, set: string, keyText: string, element: NftElement): string =>
  line('add element', family, ` ${set} { ${printNftElement(keyText, element)} }`)

export const deleteElement = (family: IpFamily, set: string, keyText: string): string =>
  line('delete element', family, ` ${set} { ${keyText} }`)

const quoted = (comment: string): string => `comment "${comment}"`

const braced = (parts: readonly string[]): string => (parts.length === 0 ? '' : ` { ${parts.join(' ; ')} ; }`)
