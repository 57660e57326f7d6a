/** The options of a rule that stand before its matches: addresses, interfaces, protocol, fragment. */
import { parseIp } from '../net/ip.ts'
import type { OptionValues } from './option-values.ts'
import { kept, maskLength } from './option-values.ts'
import type { Match, Side } from './ruleset.ts'

/** In the order iptables-save prints them. */
export const HEAD_OPTIONS = ['-s', '-d', '-i', '-o', '-p', '-f'] as const
export type HeadOption = (typeof HEAD_OPTIONS)[number]

/** `word`: of the option's value. undefined: it demands nothing. */
export function parseHeadMatch(
  option: HeadOption,
  word: number,
  negated: boolean,
  values: OptionValues,
): Match | undefined {
  switch (option) {
    case '-s':
      return readAddress('source', word, negated, values)
    case '-d':
      return readAddress('destination', word, negated, values)
    case '-i':
      return { kind: 'inInterface', name: kept(values.name(word)), negated }
    case '-o':
      return { kind: 'outInterface', name: kept(values.name(word)), negated }
    case '-f':
      return { kind: 'fragment', negated }
    case '-p': {
      const text = values.text(word)
      if (text !== 'all' && text !== '0') return { kind: 'protocol', protocol: values.protocol(word), negated }
      if (negated) values.fail(word, 'no packet has none of all protocols', 'remove the rule')
      return undefined
    }
  }
}

function readAddress(side: Side, word: number, negated: boolean, values: OptionValues): Match {
  const text = values.text(word)
  const slash = text.indexOf('/')
  const length = slash < 0 || /^\d+$/.test(text.slice(slash + 1))
  const mask = length ? undefined : parseIp(text.slice(slash + 1))
  if (mask === undefined || maskLength(mask) !== undefined) return { kind: side, prefix: values.prefix(word), negated }
  const value = values.address(word, text.slice(0, slash))
  values.settleFamily(word, mask.family)
  return { kind: 'maskedAddress', side, value, mask, negated }
}
