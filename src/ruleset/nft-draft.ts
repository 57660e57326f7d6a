/**
 * nftables tables while a text is read. `nft list` shows a table as a nest of blocks, a transaction is commands one by one; both come
 * down to adding and deleting here.
 */
import type { IpFamily } from '../net/ip.ts'
import type { NftChain, NftElement, NftHook, NftRule, NftRuleset, NftSet, NftTable } from './nft-ruleset.ts'
import { DYNAMIC_SET_SIZE } from './nft-ruleset.ts'

export class NftDraft {
  private readonly tables = new Map<string, TableDraft>()

  /** The table, made if need be. */
  addTable(family: IpFamily, name: string): TableDraft {
    const key = `${family} ${name}`
    const table = this.tables.get(key) ?? new TableDraft(family, name)
    this.tables.set(key, table)
    return table
  }

  table(family: IpFamily, name: string): TableDraft | undefined {
    return this.tables.get(`${family} ${name}`)
  }

  deleteTable({ family, name }: TableDraft): void {
    this.tables.delete(`${family} ${name}`)
  }

  flush(): void {
    this.tables.clear()
  }

  /** One ruleset a family, IPv4 first. */
  finish(): NftRuleset[] {
    return ([4, 6] as const).flatMap(family => {
      const tables = [...this.tables.values()].filter(t => t.family === family).map(finished)
      return tables.length === 0 ? [] : [{ family, tables }]
    })
  }
}

export class TableDraft {
  readonly family: IpFamily
  readonly name: string
  comment: string | undefined
  readonly chains = new Map<string, ChainDraft>()
  readonly sets = new Map<string, SetDraft>()

  constructor(family: IpFamily, name: string) {
    this.family = family
    this.name = name
  }

  /** The chain, made if need be. */
  addChain(name: string): ChainDraft {
    const chain = this.chains.get(name) ?? { name, rules: [] }
    this.chains.set(name, chain)
    return chain
  }

  /** A set that is there already keeps its elements, and takes a new timeout (Linux 6.5). */
  addSet(set: NftSet): void {
    const known = this.sets.get(set.name)
    if (known === undefined) this.sets.set(set.name, { set, elements: new Map(set.elements) })
    else this.sets.set(set.name, { ...known, set: { ...known.set, timeoutSeconds: set.timeoutSeconds } })
  }
}

export interface ChainDraft {
  readonly name: string
  comment?: string
  hook?: NftHook
  rules: NftRule[]
}

export interface SetDraft {
  readonly set: NftSet
  readonly elements: Map<string, NftElement>
}

function finished({ name, comment, chains, sets }: TableDraft): NftTable {
  const updated = new Set<string>()
  for (const { rules } of chains.values())
    for (const { statements } of rules) for (const s of statements) if (s.kind === 'update') updated.add(s.set)
  return {
    name,
    ...(comment !== undefined && { comment }),
    chains: new Map<string, NftChain>(chains),
    sets: new Map(
      [...sets.values()].map(({ set, elements }) => {
        // nf_tables bounds a set that rules add to.
        const size = set.size ?? (updated.has(set.name) ? DYNAMIC_SET_SIZE : undefined)
        return [set.name, { ...set, elements, ...(size !== undefined && { size }) }]
      }),
    ),
  }
}
