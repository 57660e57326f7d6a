/**
 * The JSON schema of a scenario as a tree to walk, for whoever lists its keys: `svcsim init` and docs/scenarios.md. What a key's value may be is
 * told here once; how words are set off is the reader's own.
 */
import { scenarioJsonSchema } from './scenario.ts'

export interface ScenarioSchema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly properties?: Readonly<Record<string, ScenarioSchema>>
  readonly required?: readonly string[]
  readonly items?: ScenarioSchema | false
  readonly anyOf?: readonly ScenarioSchema[]
}

export const scenarioSchema = (): ScenarioSchema => scenarioJsonSchema() as ScenarioSchema

/** The mappings that a value may be, or that the items of a list may be. */
export const mappingsOf = (schema: ScenarioSchema): readonly ScenarioSchema[] =>
  schema.properties !== undefined
    ? [schema]
    : [...(schema.anyOf ?? []), ...(schema.items ? [schema.items] : [])].flatMap(mappingsOf)

export const isDelay = ({ anyOf }: ScenarioSchema): boolean =>
  anyOf?.some(a => a.properties?.['lognormal'] !== undefined) ?? false

export interface TypeStyle {
  /** A word that may be written. */
  word(text: string): string
  /** Between words of which one is written. */
  readonly between: string
  mapping(keys: readonly string[]): string
}

/** What may be written for a value. */
export function typeText(schema: ScenarioSchema, style: TypeStyle): string {
  const { type, anyOf, items, minimum, maximum, properties = {} } = schema
  if (schema.const !== undefined) return style.word(String(schema.const))
  if (schema.enum !== undefined) return schema.enum.map(v => style.word(String(v))).join(style.between)
  if (isDelay(schema)) return 'delay'
  if (anyOf !== undefined) return [...new Set(anyOf.map(a => typeText(a, style)))].join(', or ')
  if (Array.isArray(type)) return 'duration'
  switch (type) {
    case 'array':
      return items ? `list of ${typeText(items, style)}` : 'list'
    case 'object':
      return style.mapping(Object.keys(properties))
    case 'string':
      return 'text'
    case 'boolean':
      return ['true', 'false'].map(style.word).join(style.between)
    case 'integer':
      return `whole number${range(minimum, maximum)}`
    default:
      return `number${range(minimum, maximum)}`
  }
}

const range = (from: number | undefined, to: number | undefined): string =>
  from === undefined || to === undefined || to === Number.MAX_SAFE_INTEGER
    ? ''
    : ` ${from.toLocaleString('en')}–${to.toLocaleString('en')}`
