/**
 * A base chain's priority as `nft list` writes it: by the name of a standard one that is at most 10 away, `dstnat - 10`, else as a
 * number. Each name is known on some hooks only. Models nft's std_prio_lookup and prio2str (src/rule.c, 1.0.6).
 */
import type { NftHook } from './nft-ruleset.ts'

export function printPriority(hook: NftHook['hook'], priority: number): string {
  for (const [name, standard] of standardPriorities(hook)) {
    const offset = priority - standard
    if (offset === 0) return name
    if (Math.abs(offset) <= REACH) return `${name} ${offset < 0 ? '-' : '+'} ${Math.abs(offset)}`
  }
  return `${priority}`
}

/** Names that a hook knows, with their priorities. */
export const standardPriorities = (hook: NftHook['hook']): readonly (readonly [name: string, priority: number])[] =>
  STANDARD.flatMap(([name, priority, only]) => (only === undefined || only === hook ? [[name, priority] as const] : []))

const REACH = 10

const STANDARD: readonly (readonly [name: string, priority: number, only?: NftHook['hook']])[] = [
  ['raw', -300],
  ['mangle', -150],
  ['dstnat', -100, 'prerouting'],
  ['filter', 0],
  ['security', 50],
  ['srcnat', 100, 'postrouting'],
]
