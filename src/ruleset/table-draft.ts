/** One table of iptables-save text while it is read: its chains, their rules and counters, and the order of its lines. */
import { quoted } from '../problem/problem.ts'
import { isName } from './option-values.ts'
import { parseCounter } from './parse-counter.ts'
import type { ParsedRule } from './parse-rule.ts'
import type { Chain, Rule, Table, TableName } from './ruleset.ts'
import { BUILTIN_CHAINS } from './ruleset.ts'
import type { SavedTable } from './saved-ruleset.ts'

/** Where faults go; the column counts from 1. */
export interface FaultSink {
  fail(column: number, what: string, mend: string): void
}

interface ChainDraft {
  readonly number: number
  readonly name: string
  readonly policy?: 'ACCEPT' | 'DROP'
  readonly rules: Rule[]
  readonly packets: bigint
  readonly bytes: bigint
  /** Of the rules, packets and bytes in turn, with room to spare; 0 where the text has none. */
  counters: BigUint64Array
}

export class TableDraft {
  readonly name: TableName
  private readonly chains = new Map<string, ChainDraft>()
  private ruleCount = 0
  private lastChain = 0
  /** The chain of each rule's line; undefined as long as the lines are grouped by chain in the order of the chains. */
  private lineChains: number[] | undefined
  private counted = false

  private constructor(name: TableName) {
    this.name = name
  }

  /** undefined when there is no such table. */
  static of(name: string): TableDraft | undefined {
    return Object.hasOwn(BUILTIN_CHAINS, name) ? new TableDraft(name as TableName) : undefined
  }

  has(chain: string): boolean {
    return this.chains.has(chain)
  }

  /** `:INPUT ACCEPT [0:0]`, `:KUBE-SERVICES - [0:0]`; the counter may be missing. */
  addChain(line: string, faults: FaultSink): void {
    const parts = /^:(\S+)\s+(\S+)(?:\s+(\S+))?$/.exec(line)
    const counter = parts === null ? undefined : parseCounter(parts[3] ?? '[0:0]')
    if (parts === null || counter === undefined)
      return faults.fail(1, `${quoted(line)} declares no chain`, 'write it as :CHAIN POLICY [PACKETS:BYTES]')
    const [, name, policy] = parts
    const builtin = this.isBuiltin(name)
    if (this.chains.has(name)) faults.fail(2, `chain ${quoted(name)} is declared twice`, 'remove one of the two')
    else if (!isName(name)) faults.fail(2, `${quoted(name)} is no name`, 'write one without quotes')
    else if (!builtin && policy !== '-')
      faults.fail(
        name.length + 3,
        `chain ${quoted(name)} of table ${this.name} has policy ${quoted(policy)}`,
        `write - as the policy of a chain that is none of ${BUILTIN_CHAINS[this.name].join(', ')}`,
      )
    else if (builtin && policy !== 'ACCEPT' && policy !== 'DROP')
      faults.fail(name.length + 3, `${quoted(policy)} is no policy of ${name}`, 'write ACCEPT or DROP')
    else this.open(name, policy === '-' ? undefined : (policy as 'ACCEPT' | 'DROP'), counter)
  }

  addRule({ chain: name, rule, packets, bytes }: ParsedRule, faults: FaultSink): void {
    const chain = this.chains.get(name) ?? (this.isBuiltin(name) ? this.open(name, 'ACCEPT', NOTHING) : undefined)
    if (chain === undefined)
      return faults.fail(
        4,
        `chain ${quoted(name)} is not declared in table ${this.name}`,
        `declare it before its rules: :${name} - [0:0]`,
      )
    if (packets !== undefined) this.counted = true
    if (packets !== undefined && bytes !== undefined) count(chain, packets, bytes)
    if (chain.number < this.lastChain) this.lineChains ??= this.groupedLines()
    this.lineChains?.push(chain.number)
    this.lastChain = chain.number
    this.ruleCount++
    chain.rules.push(rule)
  }

  finish(): { readonly table: Table; readonly saved: SavedTable } {
    const chains = new Map<string, Chain>()
    const drafts = [...this.chains.values()]
    for (const { name, policy, rules } of drafts)
      chains.set(name, policy === undefined ? { name, rules } : { name, policy, rules })
    const saved: SavedTable = {
      name: this.name,
      chainCounters: BigUint64Array.from(drafts.flatMap(d => [d.packets, d.bytes])),
      ...(this.counted ? { ruleCounters: this.ruleCounters(drafts) } : {}),
      ...(this.lineChains === undefined ? {} : { lineChains: this.lineChains }),
    }
    return { table: { name: this.name, chains }, saved }
  }

  private ruleCounters(drafts: readonly ChainDraft[]): BigUint64Array {
    const counters = new BigUint64Array(2 * this.ruleCount)
    let first = 0
    for (const { rules, counters: own } of drafts) {
      counters.set(own.subarray(0, 2 * rules.length), first)
      first += 2 * rules.length
    }
    return counters
  }

  private groupedLines(): number[] {
    return [...this.chains.values()].flatMap(({ number, rules }) => rules.map(() => number))
  }

  private isBuiltin(name: string): boolean {
    return BUILTIN_CHAINS[this.name].includes(name)
  }

  private open(name: string, policy: 'ACCEPT' | 'DROP' | undefined, counter: typeof NOTHING): ChainDraft {
    const chain: ChainDraft = { number: this.chains.size, name, policy, rules: [], ...counter, counters: NO_COUNTERS }
    this.chains.set(name, chain)
    return chain
  }
}

const NO_COUNTERS = new BigUint64Array()

/** Counts the chain's next rule. */
function count(chain: ChainDraft, packets: bigint, bytes: bigint): void {
  const at = 2 * chain.rules.length
  if (at + 2 > chain.counters.length) {
    const roomier = new BigUint64Array(2 * at + 16)
    roomier.set(chain.counters)
    chain.counters = roomier
  }
  chain.counters[at] = packets
  chain.counters[at + 1] = bytes
}

const NOTHING = { packets: 0n, bytes: 0n }
