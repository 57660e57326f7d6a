/**
 * Rulesets of nftables -> one NftProgram. They have been checked (check-nft.ts). Cost: linear in the rules and elements of the first one, and of
 * each further view in what it does not share with the first as the same object.
 */
import type { IpPrefix } from '../../net/ip.ts'
import { familyBits, writeIpWords } from '../../net/ip.ts'
import type {
  NftChain,
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
import { differences } from '../../ruleset/segmented-map.ts'
import { SECOND_US } from '../../sim/time.ts'
import type { WordList } from '../word-list.ts'
import { newWordList, push } from '../word-list.ts'
import { baseChains } from './base-chains.ts'
import { GONE, type KeyTable, newKeyTable, placeOfKey, putKey } from './key-table.ts'
import { NFT_OP, SELECTOR } from './nft-opcode.ts'
import type { DynamicSetShape, NftProgram } from './nft-program.ts'
import { nftRejectKind } from './nft-reject-kind.ts'
import { SlotTable, sharedWords } from './slot-table.ts'
import { CT_BIT, NFT_PROTOCOL_NUMBER } from './trace-nft-statement.ts'

export interface CompiledNft {
  readonly program: NftProgram
  /** Every chain that some view has, each object once: the first view's in their printing order, then the others'. */
  readonly places: readonly NftChainPlace[]
  /** By DNAT id: the chain it stands in; empty where it is an element's. */
  readonly chainOfDnat: readonly string[]
}

/** Rule ids of the chain follow each other from `firstRule`. */
export interface NftChainPlace {
  readonly table: string
  readonly chain: NftChain
  readonly firstRule: number
}

export const compileNft = (ruleset: NftRuleset): NftProgram => compileNftViews([ruleset]).program

/** What several nodes have, each a view: the same tables and base chains; the rest may differ. */
export function compileNftViews([first, ...others]: readonly NftRuleset[]): CompiledNft {
  const compiler = new Compiler(first)
  for (const view of others) compiler.addView(view)
  return compiler.finish()
}

class Compiler {
  readonly #first: NftRuleset
  readonly #code: WordList = newWordList()
  readonly #slots = new SlotTable()
  readonly #chainPc = new Map<NftChain, number>()
  /** Words to fill in with where a verdict's code begins. */
  readonly #verdicts: {
    readonly fill: (pc: number) => void
    readonly table: NftTable
    readonly verdict: NftVerdict
  }[] = []
  readonly #places: NftChainPlace[] = []
  #ruleCount = 0
  readonly #tables: KeyTable[] = []
  readonly #dynamicSets: DynamicSetShape[] = []
  readonly #placeOfSet = new Map<NftSet, number>()
  #numgenCount = 0
  readonly #patterns: string[] = []
  readonly #dnatAddress: WordList = newWordList()
  readonly #dnatPort: number[] = []
  readonly #dnatChain: string[] = []
  #chainName = ''

  constructor(first: NftRuleset) {
    this.#first = first
    // A pc of 0 stands for none.
    push(this.#code, NFT_OP.END)
    for (const table of first.tables) {
      for (const [name, set] of table.sets) this.#slots.setFirst(this.#setSlot(table, name), this.#set(table, set))
      for (const [name, chain] of table.chains)
        this.#slots.setFirst(this.#chainSlot(table, name), this.#chain(table, chain))
    }
  }

  addView({ tables }: NftRuleset): void {
    this.#first.tables.forEach((first, t) => {
      const table = tables[t]
      if (table?.name !== first.name) throw new Error(`a view without table ${first.name}`)
      for (const [name, set] of differences(first.sets, table.sets))
        if (set !== undefined)
          this.#slots.setOther(this.#setSlot(table, name), this.#set(table, set, first.sets.get(name)))
      for (const [name, chain] of differences(first.chains, table.chains)) {
        if (chain?.hook?.priority !== first.chains.get(name)?.hook?.priority)
          throw new Error(`base chain ${name} is not the same in all views`)
        if (chain !== undefined) this.#slots.setOther(this.#chainSlot(table, name), this.#chain(table, chain))
      }
    })
    this.#slots.endView()
  }

  finish(): CompiledNft {
    for (const { fill, table, verdict } of this.#verdicts) {
      fill(this.#code.length)
      this.#verdict(table, verdict)
    }
    const { hooks, baseCount } = baseChains(this.#first.tables, (table, chain) => this.#chainSlot(table, chain))
    const program: NftProgram = {
      family: this.#first.family,
      code: sharedWords(this.#code.words.subarray(0, this.#code.length)),
      ...this.#slots.columns(),
      ruleCount: this.#ruleCount,
      maxDepth: 16,
      firstRuleOfChain: this.#places.map(p => p.firstRule),
      hooks,
      baseCount,
      tables: this.#tables,
      dynamicSets: this.#dynamicSets,
      numgenCount: this.#numgenCount,
      interfacePatterns: this.#patterns,
      dnatCount: this.#dnatPort.length,
      dnatAddress: Uint32Array.from(this.#dnatAddress.words.subarray(0, this.#dnatAddress.length)),
    }
    return { program, places: this.#places, chainOfDnat: this.#dnatChain }
  }

  #chainSlot({ name: table }: NftTable, name: string): number {
    return this.#slots.slotOf(table, 'chain', name)
  }

  #setSlot({ name: table }: NftTable, name: string): number {
    return this.#slots.slotOf(table, 'set', name)
  }

  /** Where its code begins; views that share the object share the code. */
  #chain(table: NftTable, chain: NftChain): number {
    const known = this.#chainPc.get(chain)
    if (known !== undefined) return known
    const pc = this.#code.length
    this.#chainPc.set(chain, pc)
    this.#places.push({ table: table.name, chain, firstRule: this.#ruleCount })
    this.#chainName = chain.name
    for (const rule of chain.rules) this.#rule(table, rule)
    this.#chainName = ''
    push(this.#code, NFT_OP.END)
    return pc
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
        const op = isDynamic(table.sets.get(statement.set)!) ? NFT_OP.MEMBER : NFT_OP.ELEMENT
        this.#push(op, this.#setSlot(table, statement.set), selectorBits(statement.key), wanted)
        return
      }
      case 'vmap':
        this.#push(NFT_OP.VMAP, this.#setSlot(table, statement.map), selectorBits(statement.key))
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
        this.#push(
          NFT_OP.DESTINATION_PORT,
          statement.protocol === 'th' ? 0 : NFT_PROTOCOL_NUMBER[statement.protocol],
          statement.port,
          wanted,
        )
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
        this.#push(NFT_OP.SET_MARK, ...MARK_BITS[statement.operation](statement.value))
        return
      case 'update':
        // A set without the flag takes nothing: the rule ends.
        if (isDynamic(table.sets.get(statement.set)!))
          this.#push(NFT_OP.UPDATE, this.#setSlot(table, statement.set), selectorBits(statement.key))
        else push(this.#code, NFT_OP.NEXT)
        return
      case 'counter':
        return
    }
  }

  #verdict(table: NftTable, verdict: NftVerdict): void {
    switch (verdict.kind) {
      case 'jump':
      case 'goto':
        this.#push(verdict.kind === 'jump' ? NFT_OP.JUMP : NFT_OP.GOTO, this.#chainSlot(table, verdict.chain))
        return
      case 'dnat':
        this.#push(NFT_OP.DNAT, this.#dnatPort.push(verdict.port) - 1, verdict.port)
        this.#address(verdict.address.value)
        for (let back = 4; back > 0; back--) push(this.#dnatAddress, this.#code.words[this.#code.length - back])
        this.#dnatChain.push(this.#chainName)
        return
      case 'masquerade':
        this.#push(NFT_OP.MASQUERADE, verdict.fullyRandom ? 1 : 0)
        return
      case 'reject':
        this.#push(NFT_OP.REJECT, nftRejectKind(verdict, this.#first.family))
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

  /** Place among the tables or, of a set that rules add to, among the dynamic sets. `under`: what the first view has of that name. */
  #set(table: NftTable, set: NftSet, under?: NftSet): number {
    const known = this.#placeOfSet.get(set)
    if (known !== undefined) return known
    if (under !== undefined && isDynamic(set) !== isDynamic(under))
      throw new Error(`set ${set.name} is dynamic in one view alone`)
    const place =
      (isDynamic(set)
        ? this.#dynamicSets.push(this.#dynamicSet(set))
        : this.#tables.push(this.#keyTable(table, set, under))) - 1
    this.#placeOfSet.set(set, place)
    return place
  }

  /** Over the table of `under` lies what differs from it, when that is little. */
  #keyTable(table: NftTable, set: NftSet, under: NftSet | undefined): KeyTable {
    const differing = under === undefined ? [] : [...differences(under.elements, set.elements)]
    const isLayer = under !== undefined && 2 * differing.length < set.elements.size
    const elements = isLayer ? differing : [...set.elements]
    const made = newKeyTable(
      this.#keyWords(set),
      elements.length,
      isLayer ? this.#tables[this.#placeOfSet.get(under)!] : undefined,
    )
    for (const [text, element] of elements) {
      const { key, verdict } = element ?? under!.elements.get(text)!
      const words = this.#keyOf(key)
      const place = placeOfKey(made, words)
      putKey(made, place, words, element === undefined ? GONE : 1)
      if (element !== undefined && verdict !== undefined)
        this.#verdicts.push({ fill: pc => made.values.fill(pc, place, place + 1), table, verdict })
    }
    return made
  }

  #dynamicSet(set: NftSet): DynamicSetShape {
    const { size = DYNAMIC_SET_SIZE, timeoutSeconds } = set
    return {
      keyWords: this.#keyWords(set),
      size,
      timeoutUs: timeoutSeconds === undefined ? Number.POSITIVE_INFINITY : timeoutSeconds * SECOND_US,
      elements: Array.from(set.elements.values(), ({ key, expiresMs }) => ({
        key: this.#keyOf(key),
        goneUs: expiresMs === undefined ? Number.POSITIVE_INFINITY : expiresMs * 1_000,
      })),
    }
  }

  #keyWords({ keyType }: NftSet): number {
    const addressWords = this.#first.family === 4 ? 1 : 4
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
        words.push(...address.subarray(this.#first.family === 4 ? 3 : 0))
      }
    return Int32Array.from(words)
  }
}

const PLAIN_VERDICT = {
  accept: NFT_OP.ACCEPT,
  drop: NFT_OP.DROP,
  return: NFT_OP.RETURN,
} as const

const isDynamic = ({ flags }: NftSet): boolean => flags.includes('dynamic')

/** Bits that stay, and bits that are flipped then: as the kernel computes all of them. */
const MARK_BITS = {
  or: (value: number) => [~value, value],
  xor: (value: number) => [-1, value],
  and: (value: number) => [value, 0],
  set: (value: number) => [0, value],
} as const

const sideOf = (side: 'source' | 'destination'): number => (side === 'source' ? 0 : 1)

const selectorBits = (selectors: readonly NftSelector[]): number =>
  selectors.reduceRight((bits, selector) => (bits << 3) | SELECTOR[selector], 0)
