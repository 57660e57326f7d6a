/**
 * Reads what `ipset save` prints, and what else `ipset restore` takes in that form: `create` and `add` lines, blank ones and comments.
 * Held to what the kernel holds to: names, families, ranges, the most elements of a set, no element twice. Other commands are refused.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { IpFamily } from '../net/ip.ts'
import { familyBits, parseIp } from '../net/ip.ts'
import { badInput, type Problem, quoted } from '../problem/problem.ts'
import {
  type FilledIpSet,
  type IpSet,
  type IpSetElement,
  isIpSetType,
  type ListedIpSets,
  UNMODELLED_SET_TYPES,
} from './ip-set.ts'
import type { Fault } from './option-values.ts'
import { elementKey, parseElement } from './parse-ip-set-element.ts'
import { textLines } from './text-lines.ts'

export type IpSets = ReadonlyMap<string, IpSet>

export function parseIpSets(text: Uint8Array | string, file?: string): E.Either<Problem, IpSets> {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
  const reader = new SetsReader()
  let line = 0
  for (const content of textLines(bytes)) {
    line++
    const fault = content === undefined ? NOT_TEXT : reader.readLine(content)
    if (fault !== undefined)
      return E.left(
        badInput({ ...(file === undefined ? {} : { file }), line, column: fault.column }, fault.what, fault.mend),
      )
  }
  return E.right(reader.finish())
}

const NOT_TEXT: Fault = { column: 1, what: 'the line is not UTF-8', mend: 'convert the file, or mend the line' }

/** Of all sets together: their data takes about 250 bytes each. */
const MOST_ELEMENTS = 2_000_000
/** Of one hash that does not say. */
const DEFAULT_MOST = 65_536
const LONGEST_NAME = 31
const LONGEST_TIMEOUT_S = 2_147_483

interface Word {
  readonly text: string
  /** From 1. */
  readonly column: number
}

type Draft = FilledDraft | ListDraft | { readonly kind: 'unmodelled'; readonly name: string; readonly type: string }

interface FilledDraft extends Omit<FilledIpSet, 'elements'> {
  readonly elements: Map<string, IpSetElement>
  readonly most: number
  readonly timeoutS: number | undefined
}

interface ListDraft {
  readonly kind: 'list'
  readonly name: string
  readonly members: Map<string, number | undefined>
  readonly timeoutS: number | undefined
}

/** Options of `create` by the number of words behind them. */
const CREATE_OPTIONS: Readonly<Record<string, 0 | 1>> = {
  family: 1,
  hashsize: 1,
  maxelem: 1,
  bucketsize: 1,
  initval: 1,
  timeout: 1,
  netmask: 1,
  bitmask: 1,
  markmask: 1,
  range: 1,
  size: 1,
  counters: 0,
  comment: 0,
  skbinfo: 0,
  forceadd: 0,
  '-exist': 0,
}

const ADD_OPTIONS: Readonly<Record<string, 0 | 1>> = {
  timeout: 1,
  packets: 1,
  bytes: 1,
  comment: 1,
  skbmark: 1,
  skbprio: 1,
  skbqueue: 1,
  before: 1,
  after: 1,
  nomatch: 0,
  wildcard: 0,
  '-exist': 0,
}

type Options = ReadonlyMap<string, Word>

class SetsReader {
  readonly #drafts = new Map<string, Draft>()
  #elementCount = 0

  readLine(line: string): Fault | undefined {
    const words = Array.from(line.matchAll(/"[^"]*"|[^\s"]+|"/g), m => ({ text: m[0], column: m.index + 1 }))
    const [command, name, subject, ...rest] = words
    if (command === undefined || command.text.startsWith('#') || command.text === 'COMMIT') return undefined
    if (command.text !== 'create' && command.text !== 'add')
      return faultOf(
        command,
        `${quoted(command.text)} is neither create nor add`,
        'give the text that ipset save prints',
      )
    if (name === undefined || subject === undefined)
      return faultOf(command, `${command.text} has too few words`, 'give the text that ipset save prints')
    return command.text === 'create' ? this.#create(name, subject, rest) : this.#add(name, subject, rest)
  }

  finish(): IpSets {
    const sets = new Map<string, IpSet>()
    const finished = (draft: Draft): IpSet => {
      const known = sets.get(draft.name)
      if (known !== undefined) return known
      const set = finish(draft, name => finished(this.#drafts.get(name)!))
      sets.set(draft.name, set)
      return set
    }
    for (const draft of this.#drafts.values()) finished(draft)
    return sets
  }

  #create(name: Word, type: Word, rest: readonly Word[]): Fault | undefined {
    if (name.text.length > LONGEST_NAME)
      return faultOf(name, `${quoted(name.text)} is longer than ${LONGEST_NAME} characters`, 'ipset takes no such name')
    if (this.#drafts.has(name.text))
      return faultOf(name, `set ${quoted(name.text)} is created twice`, 'give one ipset save of one node')
    const options = optionsOf(rest, CREATE_OPTIONS)
    if ('what' in options) return options
    const draft = newDraft(name.text, type, options)
    if ('what' in draft) return draft
    this.#drafts.set(name.text, draft)
    return undefined
  }

  #add(name: Word, element: Word, rest: readonly Word[]): Fault | undefined {
    const draft = this.#drafts.get(name.text)
    if (draft === undefined)
      return faultOf(name, `set ${quoted(name.text)} is not created before`, 'give the text that ipset save prints')
    const options = optionsOf(rest, ADD_OPTIONS)
    if ('what' in options) return options
    if (draft.kind === 'unmodelled') return undefined
    const timeoutS = timeoutOf(options)
    if (typeof timeoutS === 'object') return timeoutS
    if (timeoutS !== undefined && draft.timeoutS === undefined)
      return faultOf(
        options.get('timeout')!,
        `set ${quoted(name.text)} has no timeouts`,
        'add timeout to its create line',
      )
    const livesS = (timeoutS ?? draft.timeoutS) || undefined
    return draft.kind === 'list'
      ? this.#addMember(draft, element, livesS)
      : this.#addElements(draft, element, livesS, options)
  }

  #addMember(draft: ListDraft, member: Word, timeoutS: number | undefined): Fault | undefined {
    const set = this.#drafts.get(member.text)
    if (set === undefined)
      return faultOf(member, `set ${quoted(member.text)} is not created before`, 'create it above the list')
    if (set.kind === 'list')
      return faultOf(member, `${quoted(member.text)} is a list itself`, 'ipset takes no lists in lists')
    if (draft.members.has(member.text))
      return faultOf(member, `${quoted(member.text)} is in the list already`, 'take out one of the lines')
    draft.members.set(member.text, timeoutS)
    return undefined
  }

  #addElements(draft: FilledDraft, word: Word, timeoutS: number | undefined, options: Options): Fault | undefined {
    const nomatch = options.get('nomatch')
    if (nomatch !== undefined && !draft.type.includes('net'))
      return faultOf(nomatch, `a ${draft.type} set knows no nomatch`, 'take it out')
    const elements = parseElement(draft, word.text)
    if ('what' in elements) return { ...elements, column: word.column }
    for (const element of elements) {
      const key = elementKey(element)
      const isNew = !draft.elements.has(key)
      if (!isNew && !options.has('-exist'))
        return faultOf(
          word,
          `${quoted(word.text)} is in set ${quoted(draft.name)} already`,
          'take out one of the lines',
        )
      if (isNew && draft.elements.size >= draft.most)
        return faultOf(word, `set ${quoted(draft.name)} is full with ${draft.most}`, 'raise maxelem in its create line')
      if (isNew && ++this.#elementCount > MOST_ELEMENTS)
        return faultOf(word, `the sets have more than ${MOST_ELEMENTS} elements`, 'give fewer')
      draft.elements.set(key, {
        ...element,
        ...(timeoutS === undefined ? {} : { timeoutS }),
        ...(nomatch === undefined ? {} : { nomatch: true }),
      })
    }
    return undefined
  }
}

function finish(draft: Draft, setNamed: (name: string) => IpSet): IpSet {
  switch (draft.kind) {
    case 'unmodelled':
      return draft
    case 'list': {
      const members = Array.from(draft.members, ([name, timeoutS]) => ({
        set: setNamed(name),
        ...(timeoutS === undefined ? {} : { timeoutS }),
      }))
      return { kind: 'list', name: draft.name, members } satisfies ListedIpSets
    }
    case 'filled': {
      const { most: _most, timeoutS: _timeoutS, elements, ...set } = draft
      return { ...set, elements: [...elements.values()] }
    }
  }
}

function newDraft(name: string, type: Word, options: Options): Draft | Fault {
  const timeoutS = timeoutOf(options)
  if (typeof timeoutS === 'object') return timeoutS
  if (type.text === 'list:set') return { kind: 'list', name, members: new Map(), timeoutS }
  if (UNMODELLED_SET_TYPES.includes(type.text)) return { kind: 'unmodelled', name, type: type.text }
  if (!isIpSetType(type.text))
    return faultOf(type, `set type ${quoted(type.text)} is not known`, 'write one of ipset(8)')
  const most = numberOf(options, 'maxelem', 0xffff_ffff)
  if (typeof most === 'object') return most
  const base = { kind: 'filled', name, type: type.text, elements: new Map<string, IpSetElement>(), timeoutS } as const
  if (type.text.startsWith('bitmap:')) return bitmapDraft({ ...base, most: 0x1_0000 }, type, options)
  const family = FAMILIES[options.get('family')?.text ?? 'inet']
  if (family === undefined)
    return faultOf(
      options.get('family')!,
      `family ${quoted(options.get('family')!.text)} is unknown`,
      'write inet or inet6',
    )
  const mask = maskOf(options, family)
  if (typeof mask === 'object') return mask
  // The kernel takes 0 for its default.
  return { ...base, family, most: most || DEFAULT_MOST, ...(mask === undefined ? {} : { mask }) }
}

const FAMILIES: Readonly<Record<string, IpFamily | undefined>> = { inet: 4, inet6: 6 }

function bitmapDraft(base: FilledDraft, type: Word, options: Options): FilledDraft | Fault {
  const given = options.get('range')
  if (given === undefined) return faultOf(type, `a ${type.text} set has no range`, 'add range FROM-TO')
  const range = base.type === 'bitmap:port' ? portRange(given.text) : addressRange(given.text)
  if (range === undefined || range.last < range.first || range.last - range.first > 0xffffn)
    return faultOf(given, `${quoted(given.text)} is no range of at most 65536`, 'write it as ipset save does, FROM-TO')
  if (base.type === 'bitmap:port') return { ...base, range }
  const mask = maskOf(options, 4)
  if (typeof mask === 'object') return mask
  if (mask === undefined) return { ...base, family: 4, range }
  return { ...base, family: 4, mask, range: { first: range.first & mask, last: range.last | (ALL_IPV4 ^ mask) } }
}

const ALL_IPV4 = 0xffff_ffffn

function portRange(text: string): FilledIpSet['range'] {
  const parts = /^(\d{1,5})-(\d{1,5})$/.exec(text)
  return parts === null || Number(parts[2]) > 0xffff ? undefined : { first: BigInt(parts[1]), last: BigInt(parts[2]) }
}

function addressRange(text: string): FilledIpSet['range'] {
  const cidr = /^([\d.]+)\/(1[6-9]|2\d|3[0-2])$/.exec(text)
  const [from, to] = cidr === null ? text.split('-', 2) : [cidr[1], cidr[1]]
  const [first, last] = [parseIp(from), parseIp(to ?? '')]
  if (first?.family !== 4 || last?.family !== 4) return undefined
  const hosts = cidr === null ? 0n : (1n << BigInt(32 - Number(cidr[2]))) - 1n
  return { first: first.value & ~hosts, last: last.value | hosts }
}

function maskOf(options: Options, family: IpFamily): bigint | undefined | Fault {
  const bits = familyBits(family)
  const bitmask = options.get('bitmask')
  if (bitmask !== undefined) {
    const mask = parseIp(bitmask.text)
    return mask?.family === family
      ? mask.value
      : faultOf(bitmask, `${quoted(bitmask.text)} is no mask of the family`, 'write it as an address')
  }
  const length = numberOf(options, 'netmask', bits)
  if (length === undefined || typeof length === 'object') return length
  return ((1n << BigInt(length)) - 1n) << BigInt(bits - length)
}

const timeoutOf = (options: Options): number | undefined | Fault => numberOf(options, 'timeout', LONGEST_TIMEOUT_S)

function numberOf(options: Options, name: string, max: number): number | undefined | Fault {
  const word = options.get(name)
  if (word === undefined) return undefined
  const value = /^\d{1,10}$/.test(word.text) ? Number(word.text) : Number.NaN
  return value <= max ? value : faultOf(word, `${name} ${quoted(word.text)} is no number up to ${max}`, 'write one')
}

/** By name the word behind each, or the option itself. */
function optionsOf(words: readonly Word[], known: Readonly<Record<string, 0 | 1>>): Options | Fault {
  const options = new Map<string, Word>()
  for (let i = 0; i < words.length; i++) {
    const option = words[i]
    const arity = Object.hasOwn(known, option.text) ? known[option.text] : undefined
    if (arity === undefined) return faultOf(option, `option ${quoted(option.text)} is not known`, 'take it out')
    const value = arity === 0 ? option : words[++i]
    if (value === undefined)
      return faultOf(option, `${option.text} has no value`, 'give the text that ipset save prints')
    options.set(option.text, value)
  }
  return options
}

const faultOf = ({ column }: Word, what: string, mend: string): Fault => ({ column, what, mend })
