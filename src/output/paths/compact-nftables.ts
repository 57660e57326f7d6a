/**
 * Of an nftables ruleset what packets to some addresses and ports can meet. Elements that none of them asks for are left out of sets and maps,
 * and with them the chains that nothing else leads to; rules all stay. A packet to `ends` is decided, counted and priced on the result as on
 * the whole (property test): a look-up costs the same however much its map holds.
 */
import { isDeepStrictEqual } from 'node:util'
import type {
  NftChain,
  NftKeyValue,
  NftRuleset,
  NftSelector,
  NftSet,
  NftTable,
  NftVerdict,
} from '../../ruleset/nft-ruleset.ts'
import type { LiveEnds } from './live-ends.ts'

export function compactNftables(whole: NftRuleset, ends: LiveEnds): NftRuleset {
  const live = { addresses: new Set(ends.addresses), ports: new Set(ends.ports) }
  const asked = whole.tables.map(keysOf)
  let tables = whole.tables
  // A translation may make more elements asked for, and what they lead to translates further.
  for (let known = -1; known !== live.addresses.size + live.ports.size; ) {
    known = live.addresses.size + live.ports.size
    tables = whole.tables.map((table, i) => compactTable(table, asked[i], live))
  }
  return { ...whole, tables }
}

interface Live {
  readonly addresses: Set<bigint>
  readonly ports: Set<number>
}

/** Adds to `live` what is translated to on the way. */
function compactTable(table: NftTable, asked: AskedKeys, live: Live): NftTable {
  const kept = (set: NftSet): NftSet => ({
    ...set,
    elements: new Map(
      [...set.elements].filter(([, { key }]) =>
        (asked.get(set.name) ?? []).some(selectors => isAsked(selectors, key, live)),
      ),
    ),
  })
  const sets = new Map([...table.sets].map(([name, set]) => [name, kept(set)]))
  const reached = reachedChains({ ...table, sets }, live)
  return { ...table, sets, chains: new Map([...table.chains].filter(([name]) => reached.has(name))) }
}

/** What the rules ask of each set, by its name, each once. */
type AskedKeys = ReadonlyMap<string, readonly (readonly NftSelector[])[]>

function keysOf({ chains }: NftTable): AskedKeys {
  const asked = new Map<string, (readonly NftSelector[])[]>()
  for (const { rules } of chains.values())
    for (const { statements } of rules)
      for (const statement of statements) {
        if (!('key' in statement)) continue
        const name = statement.kind === 'vmap' ? statement.map : statement.set
        const keys = asked.get(name)
        if (keys === undefined) asked.set(name, [statement.key])
        else if (!keys.some(key => isDeepStrictEqual(key, statement.key))) keys.push(statement.key)
      }
  return asked
}

/** Whether some packet to `live` has this key; who sends it is not looked at. */
const isAsked = (selectors: readonly NftSelector[], key: readonly NftKeyValue[], { addresses, ports }: Live): boolean =>
  selectors.every((selector, i) => {
    const { [i]: value } = key
    if (selector === 'destination' && typeof value === 'object') return addresses.has(value.value)
    return selector !== 'destinationPort' || typeof value !== 'number' || ports.has(value)
  })

function reachedChains({ chains, sets }: NftTable, live: Live): ReadonlySet<string> {
  const reached = new Set<string>()
  const open: (NftChain | undefined)[] = [...chains.values()].filter(c => c.hook !== undefined)
  const follow = (verdict: NftVerdict): void => {
    if ('chain' in verdict) open.push(chains.get(verdict.chain))
    else if (verdict.kind === 'dnat') {
      live.addresses.add(verdict.address.value)
      if (verdict.port !== 0) live.ports.add(verdict.port)
    }
  }
  for (let chain = open.pop(); chain !== undefined || open.length > 0; chain = open.pop()) {
    if (chain === undefined || reached.has(chain.name)) continue
    reached.add(chain.name)
    for (const { statements, verdict } of chain.rules) {
      for (const statement of statements) {
        if (statement.kind === 'numgen') for (const v of statement.verdicts) follow(v)
        if (statement.kind === 'vmap')
          for (const e of sets.get(statement.map)!.elements.values()) if (e.verdict !== undefined) follow(e.verdict)
      }
      if (verdict !== undefined) follow(verdict)
    }
  }
  return reached
}
