/**
 * One line `-A CHAIN …` of iptables-save text as a Rule, its options sorted into the order iptables-save prints: addresses, interfaces,
 * protocol, fragment; matches as written; target. Reads what iptables-restore reads of hand-written lines too: long names, `! ` on
 * either side of an option, a protocol's options without `-m`, any order.
 */

import { quoted } from '../problem/problem.ts'
import { splitWords } from './iptables-words.ts'
import type { Module, OptionSpec } from './match-modules.ts'
import { MATCH_MODULES } from './match-modules.ts'
import type { GivenOption, OptionValues } from './option-values.ts'
import { kept } from './option-values.ts'
import { parseCounter } from './parse-counter.ts'
import { HEAD_OPTIONS, type HeadOption, parseHeadMatch } from './parse-head-match.ts'
import { protocolNumber } from './protocol-number.ts'
import type { RecentObjects } from './recent-objects.ts'
import type { Match, Rule, Verdict } from './ruleset.ts'
import { LOGGING_TARGETS, OTHER_TARGETS, TARGET_MODULES } from './target-modules.ts'

export interface ParsedRule {
  readonly chain: string
  readonly rule: Rule
  readonly packets?: bigint
  readonly bytes?: bigint
}

/** What the rules of one text have in common. */
export interface RuleContext {
  readonly values: OptionValues
  /** Equal matches and verdicts of a text are one object, as long as they are remembered. */
  readonly known: RecentObjects<Match | Verdict>
  isChain(name: string): boolean
}

/** A fault is left in `values.fault`; the rule means nothing then. */
export function parseRule(context: RuleContext, line: string): ParsedRule {
  const { values } = context
  const open = splitWords(line, values.words)
  if (open !== undefined) values.fault ??= { column: open + 1, what: 'a quote is never closed', mend: 'close it' }
  const draft = new RuleDraft(context, line)
  let word = draft.readHead()
  while (values.fault === undefined && word < values.words.count) word = draft.readOption(word)
  return draft.finish()
}

/** Where a module's options go while the rule is read. `module` undefined: all its options are kept verbatim. */
interface Instance {
  readonly name: string
  module: Module<Match | Verdict> | undefined
  readonly given: GivenOption[]
  /** Words of its options, from … to (behind the last), in pieces that stand together. */
  readonly pieces: { from: number; to: number }[]
}

const newInstance = (name: string, module: Module<Match | Verdict> | undefined): Instance => ({
  name,
  module,
  given: [],
  pieces: [],
})

const RULE_OPTIONS: ReadonlyMap<string, HeadOption | '-m' | '-j' | '-g' | '-c' | '-4' | '-6'> = new Map([
  ['-s', '-s'],
  ['--source', '-s'],
  ['--src', '-s'],
  ['-d', '-d'],
  ['--destination', '-d'],
  ['--dst', '-d'],
  ['-i', '-i'],
  ['--in-interface', '-i'],
  ['-o', '-o'],
  ['--out-interface', '-o'],
  ['-p', '-p'],
  ['--protocol', '-p'],
  ['--proto', '-p'],
  ['-f', '-f'],
  ['--fragment', '-f'],
  ['-m', '-m'],
  ['--match', '-m'],
  ['-j', '-j'],
  ['--jump', '-j'],
  ['-g', '-g'],
  ['--goto', '-g'],
  ['-c', '-c'],
  ['--set-counters', '-c'],
  ['-4', '-4'],
  ['--ipv4', '-4'],
  ['-6', '-6'],
  ['--ipv6', '-6'],
])

/** Match modules that iptables loads by itself for a protocol. */
const PROTOCOL_MODULES: Readonly<Record<number, string>> = {
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  33: 'dccp',
  58: 'icmp6',
  132: 'sctp',
}

class RuleDraft {
  private readonly context: RuleContext
  private readonly line: string
  private readonly values: OptionValues
  private chain = ''
  private packets: bigint | undefined
  private bytes: bigint | undefined
  private readonly head: (Match | undefined)[] = []
  private protocol: number | undefined
  private readonly matches: Instance[] = []
  private target: Instance | undefined
  private goto = false
  /** The module that an option is asked of first. */
  private current: Instance | undefined

  constructor(context: RuleContext, line: string) {
    this.context = context
    this.line = line
    this.values = context.values
  }

  /** `[1:60] -A CHAIN`; the word behind it. */
  readHead(): number {
    const { values } = this
    let word = 0
    if (values.words.count > 0 && values.text(0).startsWith('[')) {
      const counter = parseCounter(values.text(0))
      if (counter === undefined)
        values.fail(0, `${quoted(values.text(0))} is no counter`, 'write it as [PACKETS:BYTES]')
      else ({ packets: this.packets, bytes: this.bytes } = counter)
      word = 1
    }
    const command = word < values.words.count ? values.text(word) : ''
    if (command !== '-A' && command !== '--append')
      values.fail(
        word,
        `${quoted(command)} begins no line of iptables-save`,
        'give what iptables-save prints: *TABLE, :CHAIN, -A CHAIN …, COMMIT and # comments',
      )
    else if (word + 1 >= values.words.count) values.fail(word, 'the rule names no chain', 'write it as -A CHAIN …')
    else this.chain = values.name(word + 1)
    return word + 2
  }

  /** Reads the option at `word` with its arguments; the word behind them. */
  readOption(word: number): number {
    const { values } = this
    const { words } = values
    let at = word
    let negated = false
    if (this.isWord(at, '!')) {
      negated = true
      at++
    }
    const name = at < words.count && !words.quoted[at] ? words.texts[at] : ''
    const option = RULE_OPTIONS.get(name)
    if (option !== undefined) return this.readRuleOption(option, at, negated)
    if (!name.startsWith('--')) {
      const text = at < words.count ? words.texts[at] : '!'
      values.fail(at, `${quoted(text)} is no option`, 'check the line, quotes around texts with blanks included')
      return words.count
    }
    return this.readModuleOption(name, word, at, negated)
  }

  finish(): ParsedRule {
    const matches: Match[] = []
    // After a fault an option may lack its values.
    if (this.values.fault !== undefined) return { chain: this.chain, rule: { matches } }
    for (const match of this.head) if (match !== undefined) matches.push(match)
    for (const instance of this.matches) matches.push(this.build(instance, `-m ${instance.name}`, toUnknownMatch))
    const verdict = this.target === undefined ? undefined : this.readTarget(this.target)
    // A copy has no spare room: a ruleset may hold millions.
    const exact = matches.slice()
    const rule: Rule = verdict === undefined ? { matches: exact } : { matches: exact, verdict }
    return { chain: this.chain, rule, packets: this.packets, bytes: this.bytes }
  }

  private readRuleOption(
    option: HeadOption | '-m' | '-j' | '-g' | '-c' | '-4' | '-6',
    at: number,
    negatedBefore: boolean,
  ): number {
    const { values } = this
    const { words } = values
    let negated = negatedBefore
    let word = at + 1
    const args = option === '-f' || option === '-4' || option === '-6' ? 0 : option === '-c' ? 2 : 1
    if (args > 0 && this.isWord(word, '!')) {
      negated = !negated
      word++
    }
    if (word + args > words.count) {
      values.fail(at, `${words.texts[at]} has no value`, 'add it')
      return words.count
    }
    if (negated && !(HEAD_OPTIONS as readonly string[]).includes(option))
      values.fail(at, `${words.texts[at]} cannot be negated`, 'remove the !')
    switch (option) {
      case '-m': {
        const written = values.name(word)
        const name = written === 'icmpv6' ? 'icmp6' : written
        this.current = newInstance(name, MATCH_MODULES.get(name))
        this.matches.push(this.current)
        break
      }
      case '-j':
      case '-g':
        if (this.target !== undefined) values.fail(at, 'the rule has two targets', 'split it into two rules')
        this.goto = option === '-g'
        this.target = newInstance(values.name(word), this.goto ? undefined : TARGET_MODULES.get(values.text(word)))
        this.current = this.target
        break
      case '-c':
        this.readCounters(word)
        break
      case '-4':
      case '-6':
        values.settleFamily(at, option === '-4' ? 4 : 6)
        break
      default:
        this.readHeadOption(option, at, word, negated)
    }
    return word + args
  }

  private readCounters(word: number): void {
    const counter = parseCounter(`[${this.values.text(word)}:${this.values.text(word + 1)}]`)
    if (counter === undefined) this.values.fail(word, 'the counters are no numbers', 'write them as -c PACKETS BYTES')
    else ({ packets: this.packets, bytes: this.bytes } = counter)
  }

  private readHeadOption(option: HeadOption, at: number, word: number, negated: boolean): void {
    const { values } = this
    const place = HEAD_OPTIONS.indexOf(option)
    if (this.head[place] !== undefined) values.fail(at, `${option} is given twice`, 'split the rule')
    const text = option === '-f' ? '' : values.text(word)
    const match = this.known(`${negated ? '! ' : ''}${option} ${text}`, () =>
      parseHeadMatch(option, word, negated, values),
    )
    this.head[place] = match
    if (match?.kind === 'protocol' && !negated) this.protocol = protocolNumber(match.protocol)
  }

  private readModuleOption(name: string, from: number, at: number, negatedBefore: boolean): number {
    const { values } = this
    const { words } = values
    const instance = this.ownerOf(name)
    if (instance === undefined) {
      values.fail(at, `option ${quoted(name)} belongs to no match or target of the rule`, 'write -m MODULE before it')
      return words.count
    }
    const spec = instance.module?.options.get(name)
    let negated = negatedBefore
    let word = at + 1
    if (spec === undefined) {
      instance.module = undefined
      while (word < words.count && !this.startsOption(word)) word++
    } else {
      if (spec.args > 0 && this.isWord(word, '!')) {
        negated = !negated
        word++
      }
      this.give(instance, spec, name, at, word, negated)
      word += spec.args
    }
    const last = instance.pieces.at(-1)
    if (last?.to === from) last.to = word
    else instance.pieces.push({ from, to: word })
    return word
  }

  private give(instance: Instance, spec: OptionSpec, name: string, at: number, word: number, negated: boolean): void {
    const { values } = this
    if (word + spec.args > values.words.count) values.fail(at, `${name} has no value`, 'add it')
    else if (negated && spec.negatable !== true) values.fail(at, `${name} cannot be negated`, 'remove the !')
    const canonical = spec.as ?? name
    if (instance.given.some(o => o.name === canonical)) instance.module = undefined
    instance.given.push({ name: canonical, negated, word })
  }

  /** The module an option goes to: the last one named if it knows the option, else another that does, else the last one still. */
  private ownerOf(name: string): Instance | undefined {
    const { current } = this
    if (current !== undefined && (current.module === undefined || current.module.options.has(name))) return current
    const other = [this.target, ...this.matches].find(i => i?.module?.options.has(name))
    if (other !== undefined) return other
    const implied = this.protocol === undefined ? undefined : PROTOCOL_MODULES[this.protocol]
    if (implied !== undefined && MATCH_MODULES.get(implied)!.options.has(name)) {
      const instance = newInstance(implied, MATCH_MODULES.get(implied))
      this.matches.push(instance)
      return instance
    }
    return current
  }

  private readTarget(target: Instance): Verdict {
    const { context, goto } = this
    const { name } = target
    if (goto || context.isChain(name)) {
      if (target.pieces.length > 0)
        this.values.fail(target.pieces[0].from, `a jump to chain ${quoted(name)} has no options`, 'remove them')
      return this.known(
        goto ? `-g ${name}` : `-j ${name}`,
        (): Verdict => ({ kind: goto ? 'goto' : 'jump', chain: kept(name) }),
      )
    }
    const logging = LOGGING_TARGETS.get(name)
    if (logging !== undefined)
      return this.known(
        `-j ${name} ${this.verbatim(target)}`,
        (): Verdict => ({
          kind: logging,
          options: kept(this.verbatim(target)),
        }),
      )
    if (!TARGET_MODULES.has(name) && target.pieces.length === 0 && !OTHER_TARGETS.has(name))
      return this.known(`-j ${name}`, (): Verdict => ({ kind: 'jump', chain: kept(name) }))
    return this.build(target, `-j ${name}`, toUnknownTarget)
  }

  private build<T extends Match | Verdict>(
    instance: Instance,
    lead: string,
    verbatim: (name: string, options: string) => T,
  ): T {
    const options = this.verbatim(instance)
    return this.known(`${lead} ${options}`, () => {
      const built = instance.module?.build(instance.given, this.values) as T | undefined
      return built ?? verbatim(instance.name, options)
    })
  }

  private verbatim({ pieces }: Instance): string {
    const { starts, ends } = this.values.words
    return pieces.map(({ from, to }) => this.line.slice(starts[from], ends[to - 1])).join(' ')
  }

  /** The object made before of the same text, if it is still known. A faulty one is not kept. */
  private known<T extends Match | Verdict | undefined>(text: string, make: () => T): T {
    const { known } = this.context
    const seen = known.get(text)
    if (seen !== undefined) return seen as T
    const made = make()
    if (made !== undefined && this.values.fault === undefined) known.set(text, made)
    return made
  }

  private isWord(word: number, text: string): boolean {
    const { words } = this.values
    return word < words.count && words.texts[word] === text && !words.quoted[word]
  }

  /** Whether an option (or its `!`) begins at `word`, when an unknown module's arguments are told from it. */
  private startsOption(word: number): boolean {
    const { words } = this.values
    if (words.quoted[word]) return false
    const text = words.texts[word]
    return text === '!' || (text.startsWith('-') && !/^-\d*$/.test(text)) || RULE_OPTIONS.has(text)
  }
}

const toUnknownMatch = (module: string, options: string): Match => ({
  kind: 'unknown',
  module: kept(module),
  options: kept(options),
})

const toUnknownTarget = (target: string, options: string): Verdict => ({
  kind: 'unknown',
  target: kept(target),
  options: kept(options),
})
