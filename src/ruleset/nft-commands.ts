/**
 * The commands of an nft transaction, as far as kube-proxy writes them: each is read and done. A command on what is not there is a
 * fault, as nft has it.
 */
import type { IpFamily } from '../net/ip.ts'
import { quoted } from '../problem/problem.ts'
import type { NftDraft, TableDraft } from './nft-draft.ts'
import type { NftTokens } from './nft-tokens.ts'
import { parseNftChain } from './parse-nft-chain.ts'
import { parseNftRule } from './parse-nft-rule.ts'
import { parseNftElements, parseNftKeys, parseNftSet } from './parse-nft-set.ts'

export function runNftCommand(tokens: NftTokens, draft: NftDraft): void {
  const token = tokens.peek()
  const verb = tokens.word('a table or a command')
  if (!VERBS.has(verb)) {
    tokens.fail(token, `${quoted(verb)} begins no table and no command`, 'give what nft list shows, or nft commands')
    return
  }
  const name = `${verb} ${tokens.word('a chain, rule, set, map or element')}`
  // How a file of rules begins that nft -f reads.
  if (name === 'flush ruleset' && tokens.atEnd()) {
    draft.flush()
    return
  }
  const run = COMMANDS.get(name)
  if (run === undefined) {
    tokens.fail(token, `command ${quoted(name)} is not modelled`, `known are ${[...COMMANDS.keys()].join(', ')}`)
    return
  }
  const family = readNftFamily(tokens)
  const tableName = tokens.word('the name of a table')
  const table = name === 'add table' ? draft.addTable(family, tableName) : draft.table(family, tableName)
  if (table === undefined)
    tokens.fail(token, `there is no table ${quoted(tableName)}`, 'make it before, with add table')
  else run(tokens, table, draft)
  if (!tokens.atEnd()) tokens.unexpected('the end of the command is expected', 'leave the rest of the line out')
}

export function readNftFamily(tokens: NftTokens): IpFamily {
  const token = tokens.peek()
  const text = tokens.word('ip or ip6')
  if (text !== 'ip' && text !== 'ip6')
    tokens.fail(
      token,
      `family ${quoted(text)} is not modelled`,
      'give tables of family ip or ip6 alone, with the family',
    )
  return text === 'ip6' ? 6 : 4
}

export function readNftTableComment(tokens: NftTokens, table: TableDraft): void {
  for (const _ of tokens.block()) {
    tokens.expect('comment', 'nothing else of a table is modelled')
    table.comment = tokens.string('a comment')
  }
}

type Run = (tokens: NftTokens, table: TableDraft, draft: NftDraft) => void

const COMMANDS: ReadonlyMap<string, Run> = new Map<string, Run>([
  [
    'add table',
    (tokens, table) => {
      if (tokens.peek().text === '{') readNftTableComment(tokens, table)
    },
  ],
  ['delete table', (_, table, draft) => draft.deleteTable(table)],
  [
    'add chain',
    (tokens, table) => {
      const chain = table.addChain(tokens.word('the name of a chain'))
      if (tokens.peek().text === '{') parseNftChain(tokens, table.family, chain)
    },
  ],
  [
    'flush chain',
    (tokens, { chains }) => {
      const chain = there(tokens, 'chain', chains)
      if (chain !== undefined) chain.rules = []
    },
  ],
  [
    'delete chain',
    (tokens, { chains }) => {
      chains.delete(there(tokens, 'chain', chains)?.name ?? '')
    },
  ],
  [
    'add rule',
    (tokens, { chains, family }) => {
      there(tokens, 'chain', chains)?.rules.push(parseNftRule(tokens, family, 'written'))
    },
  ],
  [
    'add set',
    (tokens, table) => {
      table.addSet(parseNftSet(tokens, 'set', tokens.word('the name of a set')))
    },
  ],
  [
    'add map',
    (tokens, table) => {
      table.addSet(parseNftSet(tokens, 'map', tokens.word('the name of a map')))
    },
  ],
  [
    'flush set',
    (tokens, { sets }) => {
      there(tokens, 'set', sets)?.elements.clear()
    },
  ],
  [
    'flush map',
    (tokens, { sets }) => {
      there(tokens, 'map', sets)?.elements.clear()
    },
  ],
  [
    'delete set',
    (tokens, { sets }) => {
      sets.delete(there(tokens, 'set', sets)?.set.name ?? '')
    },
  ],
  [
    'add element',
    (tokens, { sets }) => {
      const draft = there(tokens, 'set or map', sets)
      if (draft !== undefined)
        for (const [key, element] of parseNftElements(tokens, draft.set)) draft.elements.set(key, element)
    },
  ],
  [
    'delete element',
    (tokens, { sets }) => {
      const draft = there(tokens, 'set or map', sets)
      if (draft === undefined) return
      const at = tokens.peek()
      for (const key of parseNftKeys(tokens, draft.set))
        if (!draft.elements.delete(key))
          tokens.fail(at, `${quoted(key)} is no element of ${quoted(draft.set.name)}`, 'delete what is there')
    },
  ],
])

const VERBS: ReadonlySet<string> = new Set([...COMMANDS.keys()].map(name => name.split(' ')[0]))

/** What a command names; undefined: a fault. */
function there<T>(tokens: NftTokens, what: string, known: ReadonlyMap<string, T>): T | undefined {
  const token = tokens.peek()
  const name = tokens.word(`the name of a ${what}`)
  const value = known.get(name)
  if (value === undefined) tokens.fail(token, `there is no ${what} ${quoted(name)}`, 'make it before')
  return value
}
