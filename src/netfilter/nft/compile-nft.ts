/**
 * A ruleset of nftables -> one NftProgram. The ruleset has been checked (check-nft.ts). Cost: linear in rules and elements.
 */
import type { IpPrefix } from '../../net/ip.ts'
import { familyBits, writeIpWords } from '../../net/ip.ts'
import type {
  NftChain,
  NftHook,
  NftKeyValue,
  NftRule,
  NftRuleset,
  NftSelector,
  NftSet,
  NftStatement,
  NftTable,
  NftVerdict,
} from '../../ruleset/nft-ruleset.ts'
import { DYNAMIC_SET_SIZE } from '../../ruleset/nft-ruleset.ts'
import { SECOND_US } from '../../sim/time.ts'
import type { WordList } from '../word-list.ts'
import { newWordList, push } from '../word-list.ts'
import { type KeyTable, newKeyTable, placeOfKey, putKey } from './key-table.ts'
import { NFT_OP, SELECTOR } from './nft-opcode.ts'
import { type BaseChainCode, type DynamicSetShape, NFT_HOOK, NFT_STAGE, type NftProgram } from './nft-program.ts'
import { CT_BIT, NFT_PROTOCOL_NUMBER } from './trace-nft-statement.ts'

export function compileNft(ruleset: NftRuleset): NftProgram {
  const compiler = new Compiler(ruleset)
  return compiler.program()
}

/** Priorities of conntrack and of nat at each hook; nat's chains run at its own place, whatever their priorities. */
const CONNTRACK_PRIORITY = -200
const NAT_PRIORITY = { prerouting: -100, input: 100, forward: Number.POSITIVE_INFINITY, output: -100, postrouting: 100 }

class Compiler {
  readonly #ruleset: NftRuleset
  readonly #code: WordList = newWordList()
  readonly #chainPc = new Map<NftChain, number>()
  /** Words to fill in with where a chain begins. */
  readonly #jumps: { readonly at: number; readonly target: NftChain }[] = []
  /** Words to fill in with where a verdict's code begins. */
  readonly #verdicts: {
    readonly fill: (pc: number) => void
    readonly table: NftTable
    readonly verdict: NftVerdict
  }[] = []
  readonly #firstRuleOfChain: number[] = []
  #ruleCount = 0
  readonly #tables: KeyTable[] = []
  readonly #tableOfSet = new Map<NftSet, number>()
  readonly #dynamicSets: DynamicSetShape[] = []
  readonly #dynamicOfSet = new Map<NftSet, number>()
  #numgenCount = 0
  readonly #patterns: string[] = []

  constructor(ruleset: NftRuleset) {
    this.#ruleset = ruleset
  }

  program(): NftProgram {
    const { family, tables } = this.#ruleset
    // A pc of 0 stands for none.
    push(this.#code, NFT_OP.END)
    for (const table of tables)
      for (const chain of table.chains.values()) {
        this.#firstRuleOfChain.push(this.#ruleCount)
        this.#chainPc.set(chain, this.#code.length)
        for (const rule of chain.rules) this.#rule(table, rule)
        push(this.#code, NFT_OP.END)
      }
    for (const { fill, table, verdict } of this.#verdicts) {
      fill(this.#code.length)
      this.#verdict(table, verdict)
    }
    for (const { at, target } of this.#jumps) this.#code.words[at] = this.#chainPc.get(target)!
    const { hooks, baseCount } = this.#hooks()
    return {
      family,
      code: this.#code.words.slice(0, this.#code.length),
      ruleCount: this.#ruleCount,
      maxDepth: 16,
      firstRuleOfChain: this.#firstRuleOfChain,
      hooks,
      baseCount,
      tables: this.#tables,
      dynamicSets: this.#dynamicSets,
      numgenCount: this.#numgenCount,
      interfacePatterns: this.#patterns,
    }
  }

  #hooks(): { hooks: BaseChainCode[][][]; baseCount: number } {
    let baseCount = 0
    const placed: {
      readonly hook: number
      readonly stage: number
      readonly priority: number
      readonly code: BaseChainCode
    }[] = []
    for (const table of this.#ruleset.tables)
      for (const chain of table.chains.values()) {
        const { hook } = chain
        if (hook === undefined) continue
        const stage = hook.type === 'nat' ? NFT_STAGE.nat : filterStage(hook)
        const code = { pc: this.#chainPc.get(chain)!, base: baseCount++, drops: hook.policy === 'drop' }
        placed.push({ hook: NFT_HOOK[hook.hook], stage, priority: hook.priority, code })
      }
    placed.sort((a, b) => a.priority - b.priority)
    const at = (hook: number, stage: number): BaseChainCode[] =>
      placed.filter(p => p.hook === hook && p.stage === stage).map(p => p.code)
    return {
      hooks: Object.values(NFT_HOOK).map(hook => Object.values(NFT_STAGE).map(stage => at(hook, stage))),
      baseCount,
    }
  }

  #rule(table: NftTable, { statements, verdict }: NftRule): void {
    const code = this.#code
    const start = code.length
    this.#push(NFT_OP.RULE, this.#ruleCount++, 0)
    const parts = statements.length + (verdict === undefined ? 0 : 1)
    statements.forEach((statement, i) => {
      if (i === parts - 1) push(code, NFT_OP.MATCHED)
      this.#statement(table, statement)
    })
    if (verdict === undefined) {
      if (parts === 0) push(code, NFT_OP.MATCHED)
      push(code, NFT_OP.NEXT)
    } else {
      push(code, NFT_OP.MATCHED)
      this.#verdict(table, verdict)
    }
    code.words[start + 2] = code.length
  }

  #statement(table: NftTable, statement: NftStatement): void {
    const wanted = 'negated' in statement && statement.negated ? 0 : 1
    switch (statement.kind) {
      case 'address':
        this.#push(NFT_OP.ADDRESS, sideOf(statement.side), wanted, statement.prefixes.length)
        for (const prefix of statement.prefixes) this.#prefix(prefix)
        return
      case 'lookup': {
        const set = table.sets.get(statement.set)!
        if (set.flags.includes('dynamic'))
          this.#push(NFT_OP.MEMBER, this.#dynamicSet(set), selectorBits(statement.key), wanted)
        else this.#push(NFT_OP.ELEMENT, this.#keyTable(table, set), selectorBits(statement.key), wanted)
        return
      }
      case 'vmap':
        this.#push(NFT_OP.VMAP, this.#keyTable(table, table.sets.get(statement.map)!), selectorBits(statement.key))
        return
      case 'numgen':
        if (statement.mode === 'random') this.#push(NFT_OP.NUMGEN_RANDOM, statement.modulus)
        else this.#push(NFT_OP.NUMGEN_INC, this.#numgenCount++, statement.modulus)
        for (let n = 0; n < statement.modulus; n++) {
          const at = this.#code.length
          push(this.#code, 0)
          const verdict = statement.verdicts[n]
          if (verdict !== undefined)
            this.#verdicts.push({ fill: pc => this.#code.words.fill(pc, at, at + 1), table, verdict })
        }
        return
      case 'ctState':
        this.#push(
          NFT_OP.CT_STATE,
          statement.states.reduce((bits, state) => bits | CT_BIT[state], 0),
          wanted,
        )
        return
      case 'protocol':
        this.#push(NFT_OP.PROTOCOL, NFT_PROTOCOL_NUMBER[statement.protocol], wanted)
        return
      case 'destinationPort':
        this.#push(NFT_OP.DESTINATION_PORT, NFT_PROTOCOL_NUMBER[statement.protocol], statement.port, wanted)
        return
      case 'inInterface':
        this.#push(NFT_OP.IN_INTERFACE, this.#pattern(statement.name), wanted)
        return
      case 'fibLocal':
        this.#push(NFT_OP.FIB_LOCAL, sideOf(statement.side), wanted)
        return
      case 'mark':
        this.#push(NFT_OP.MARK, statement.mask, statement.value, wanted)
        return
      case 'setMark':
        this.#push(statement.operation === 'or' ? NFT_OP.OR_MARK : NFT_OP.XOR_MARK, statement.value)
        return
      case 'update': {
        const set = table.sets.get(statement.set)!
        // A set without the flag takes nothing: the rule ends.
        if (set.flags.includes('dynamic')) this.#push(NFT_OP.UPDATE, this.#dynamicSet(set), selectorBits(statement.key))
        else push(this.#code, NFT_OP.NEXT)
        return
      }
      case 'counter':
        return
    }
  }

  #verdict(table: NftTable, verdict: NftVerdict): void {
    switch (verdict.kind) {
      case 'jump':
      case 'goto':
        push(this.#code, verdict.kind === 'jump' ? NFT_OP.JUMP : NFT_OP.GOTO)
        this.#jumps.push({ at: this.#code.length, target: table.chains.get(verdict.chain)! })
        push(this.#code, 0)
        return
      case 'dnat':
        this.#push(NFT_OP.DNAT, verdict.port)
        this.#address(verdict.address.value)
        return
      case 'masquerade':
        this.#push(NFT_OP.MASQUERADE, verdict.fullyRandom ? 1 : 0)
        return
      default:
        push(this.#code, PLAIN_VERDICT[verdict.kind])
    }
  }

  #push(...words: readonly number[]): void {
    for (const word of words) push(this.#code, word)
  }

  #prefix(prefix: IpPrefix): void {
    const hostBits = BigInt(familyBits(prefix.family) - prefix.length)
    const mask = ((1n << BigInt(prefix.length)) - 1n) << hostBits
    this.#address(mask)
    this.#address(prefix.value & mask)
  }

  #address(value: bigint): void {
    const words = new Uint32Array(4)
    writeIpWords(value, words, 0)
    this.#push(...words)
  }

  #pattern(name: string): number {
    const known = this.#patterns.indexOf(name)
    if (known >= 0) return known
    this.#patterns.push(name)
    return this.#patterns.length - 1
  }

  #keyTable(table: NftTable, set: NftSet): number {
    const known = this.#tableOfSet.get(set)
    if (known !== undefined) return known
    const made = newKeyTable(this.#keyWords(set), set.elements.size)
    for (const { key, verdict } of set.elements.values()) {
      const words = this.#keyOf(key)
      const place = placeOfKey(made, words)
      putKey(made, place, words, 1)
      if (verdict !== undefined)
        this.#verdicts.push({ fill: pc => made.values.fill(pc, place, place + 1), table, verdict })
    }
    this.#tables.push(made)
    this.#tableOfSet.set(set, this.#tables.length - 1)
    return this.#tables.length - 1
  }

  #dynamicSet(set: NftSet): number {
    const known = this.#dynamicOfSet.get(set)
    if (known !== undefined) return known
    const { size = DYNAMIC_SET_SIZE, timeoutSeconds } = set
    this.#dynamicSets.push({
      keyWords: this.#keyWords(set),
      size,
      timeoutUs: timeoutSeconds === undefined ? Number.POSITIVE_INFINITY : timeoutSeconds * SECOND_US,
      elements: Array.from(set.elements.values(), ({ key, expiresMs }) => ({
        key: this.#keyOf(key),
        goneUs: expiresMs === undefined ? Number.POSITIVE_INFINITY : expiresMs * 1_000,
      })),
    })
    this.#dynamicOfSet.set(set, this.#dynamicSets.length - 1)
    return this.#dynamicSets.length - 1
  }

  #keyWords({ keyType }: NftSet): number {
    const addressWords = this.#ruleset.family === 4 ? 1 : 4
    return keyType.reduce((sum, type) => sum + (type.endsWith('_addr') ? addressWords : 1), 0)
  }

  #keyOf(key: readonly NftKeyValue[]): Int32Array {
    const words: number[] = []
    for (const part of key)
      if (typeof part === 'number') words.push(part)
      else if (typeof part === 'string') words.push(NFT_PROTOCOL_NUMBER[part])
      else {
        const address = new Uint32Array(4)
        writeIpWords(part.value, address, 0)
        words.push(...address.subarray(this.#ruleset.family === 4 ? 3 : 0))
      }
    return Int32Array.from(words)
  }
}

function filterStage({ hook, priority }: NftHook): number {
  const isEntry = hook === 'prerouting' || hook === 'output'
  if (isEntry && priority <= CONNTRACK_PRIORITY) return NFT_STAGE.untracked
  return priority <= NAT_PRIORITY[hook] ? NFT_STAGE.early : NFT_STAGE.late
}

const PLAIN_VERDICT = {
  accept: NFT_OP.ACCEPT,
  drop: NFT_OP.DROP,
  reject: NFT_OP.REJECT,
  return: NFT_OP.RETURN,
} as const

const sideOf = (side: 'source' | 'destination'): number => (side === 'source' ? 0 : 1)

const selectorBits = (selectors: readonly NftSelector[]): number =>
  selectors.reduceRight((bits, selector) => (bits << 3) | SELECTOR[selector], 0)
