/**
 * Reads the fields of one JSON object by name and type, remembering the way to it, so that a decoder is a plain list of reads.
 * The first fault is kept at the root and reading goes on with the fallback: a decoder looks at `fault` once, at its end.
 * As in Go's decoder, null is the same as absent. Paths are made only when there is a fault, so a clean read allocates nothing.
 */
import { canonicalIp, formatPrefix, parsePrefix } from '../net/ip.ts'
import { quoted } from '../problem/problem.ts'
import type { JsonObject, Labels } from './objects.ts'

export type JsonPath = readonly (string | number)[]

/** What is wrong with one field, and what to do. */
export interface Fault {
  readonly path: JsonPath
  readonly what: string
  readonly mend: string
}

const NO_FIELDS: JsonObject = Object.freeze({})
const NO_LABELS: Labels = Object.freeze({})
const NOTHING: readonly never[] = Object.freeze([])

export class FieldCursor {
  readonly json: JsonObject
  private readonly parent: FieldCursor | undefined
  private readonly key: string
  /** Place in the list named `key`; -1 when `key` is an object. */
  private readonly index: number
  private readonly root: FieldCursor
  private firstFault: Fault | undefined = undefined

  constructor(json: JsonObject, parent?: FieldCursor, key = '', index = -1) {
    this.json = json
    this.parent = parent
    this.key = key
    this.index = index
    this.root = parent === undefined ? this : parent.root
  }

  /** The first fault found anywhere below the root. */
  get fault(): Fault | undefined {
    return this.root.firstFault
  }

  has(key: string): boolean {
    const value = this.json[key]
    return value !== undefined && value !== null
  }

  text(key: string, fallback = ''): string {
    const value = this.json[key]
    if (typeof value === 'string') return value
    if (value !== undefined && value !== null) this.refuseType(key, 'text', value)
    return fallback
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.json[key]
    if (typeof value === 'boolean') return value
    if (value !== undefined && value !== null) this.refuseType(key, 'true or false', value)
    return fallback
  }

  /** A whole number from `least` to `most`. */
  integer(key: string, least: number, most: number, fallback: number): number {
    const value = this.json[key]
    if (typeof value === 'number' && Number.isInteger(value)) {
      if (value >= least && value <= most) return value
      this.refuse(key, `${value} is not from ${least} to ${most}`, `write a number from ${least} to ${most}`)
    } else if (value !== undefined && value !== null) this.refuseType(key, 'a whole number', value)
    return fallback
  }

  /** A number from `least` to `most`. */
  decimal(key: string, least: number, most: number, fallback: number): number {
    const value = this.json[key]
    if (typeof value === 'number') {
      if (value >= least && value <= most) return value
      this.refuse(key, `${value} is not from ${least} to ${most}`, `write a number from ${least} to ${most}`)
    } else if (value !== undefined && value !== null) this.refuseType(key, 'a number', value)
    return fallback
  }

  /** One of a closed list of words; case counts, as it does for the API server. */
  oneOf<const W extends string>(key: string, words: readonly W[], fallback: W): W {
    const text = this.text(key)
    if (text === '') return fallback
    if ((words as readonly string[]).includes(text)) return text as W
    this.refuse(key, `${quoted(text)} is not supported`, `write one of ${words.join(', ')}`)
    return fallback
  }

  /** The object under `key`; an empty one when it is absent. */
  object(key: string): FieldCursor {
    const value = this.json[key]
    if (isJsonObject(value)) return new FieldCursor(value, this, key)
    if (value !== undefined && value !== null) this.refuseType(key, 'an object', value)
    return new FieldCursor(NO_FIELDS, this, key)
  }

  /** The objects of the list under `key`; none when it is absent. */
  objects(key: string): readonly FieldCursor[] {
    return this.list(key).map((value, i) => {
      if (isJsonObject(value)) return new FieldCursor(value, this, key, i)
      this.refuseType(key, 'an object', value, i)
      return new FieldCursor(NO_FIELDS, this, key, i)
    })
  }

  texts(key: string): readonly string[] {
    const list = this.list(key)
    for (let i = 0; i < list.length; i++) {
      if (typeof list[i] === 'string') continue
      this.refuseType(key, 'text', list[i], i)
      return NOTHING
    }
    return list as readonly string[]
  }

  /** Addresses in canonical text. */
  ips(key: string): readonly string[] {
    return this.texts(key).map((text, i) => canonicalIp(text) ?? this.refuseIp(key, text, i))
  }

  /** Prefixes with their address in canonical text; host bits stay as written. */
  prefixes(key: string): readonly string[] {
    return this.texts(key).map((text, i) => this.canonicalPrefix(key, text, i))
  }

  /** One prefix, as `prefixes` has them; empty when absent or empty. */
  prefix(key: string): string {
    const text = this.text(key)
    return text === '' ? '' : this.canonicalPrefix(key, text)
  }

  /** One address in canonical text; empty when absent or empty. */
  ip(key: string): string {
    const text = this.text(key)
    return text === '' ? '' : (canonicalIp(text) ?? this.refuseIp(key, text))
  }

  /** A map of texts, not copied. */
  textMap(key: string): Labels {
    const value = this.json[key]
    if (value === undefined || value === null) return NO_LABELS
    if (!isJsonObject(value)) {
      this.refuseType(key, 'an object', value)
      return NO_LABELS
    }
    for (const name in value)
      if (typeof value[name] !== 'string') {
        new FieldCursor(value, this, key).refuse(
          name,
          `expected text, found ${quoted(value[name])}`,
          'put the value between quotes',
        )
        return NO_LABELS
      }
    return value as Labels
  }

  /** Records a fault of `key` (or of one element of the list there), unless there is one already. */
  refuse(key: string, what: string, mend: string, index = -1): void {
    if (this.root.firstFault !== undefined) return
    const path = [...this.path(), ...(key === '' ? [] : [key]), ...(index < 0 ? [] : [index])]
    this.root.firstFault = { path, what, mend }
  }

  private refuseType(key: string, expected: string, value: unknown, index = -1): void {
    this.refuse(key, `expected ${expected}, found ${quoted(value)}`, `write ${expected} here`, index)
  }

  private refuseIp(key: string, text: string, index = -1): string {
    this.refuse(key, `${quoted(text)} is no IP address`, 'write it as 10.1.2.3 or fd00::1', index)
    return text
  }

  private canonicalPrefix(key: string, text: string, index = -1): string {
    const prefix = parsePrefix(text.trim())
    if (prefix !== undefined) return formatPrefix(prefix)
    this.refuse(key, `${quoted(text)} is no CIDR`, 'write it as 10.0.0.0/8 or fd00::/64', index)
    return text
  }

  private list(key: string): readonly unknown[] {
    const value = this.json[key]
    if (Array.isArray(value)) return value
    if (value !== undefined && value !== null) this.refuseType(key, 'a list', value)
    return NOTHING
  }

  private path(): (string | number)[] {
    if (this.parent === undefined) return []
    const path = this.parent.path()
    path.push(this.key)
    if (this.index >= 0) path.push(this.index)
    return path
  }
}

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** `spec.ports[0].port`; names that are no plain words stand in brackets and quotes. */
export function formatJsonPath(path: JsonPath): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else if (!/^[A-Za-z_][\w-]*$/.test(step)) text += `[${quoted(step)}]`
    else text += text === '' ? step : `.${step}`
  }
  return text
}
