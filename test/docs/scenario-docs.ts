/** The generated parts of docs/scenarios.md: the scenarios there are, and every key of a scenario with its type, default and meaning, from the schema in the code. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import {
  isDelay,
  mappingsOf,
  type ScenarioSchema,
  scenarioSchema,
  type TypeStyle,
  typeText,
} from '../../src/scenario/scenario-schema.ts'

const SCENARIOS = join(import.meta.dirname, '../../scenarios')

/** Each with its question, as its file has it. */
export function scenarioList(): string {
  const rows = readdirSync(SCENARIOS)
    .filter(f => f.endsWith('.yaml'))
    .map(f => parse(readFileSync(join(SCENARIOS, f), 'utf8')) as { name: string; question: string })
    .map(({ name, question }) => `| ${name} | ${question} |`)
  return `| scenario | question |\n|---|---|\n${rows.join('\n')}\n`
}

/** One table a part of the scenario; the keys of its first level that have no keys of their own come first. */
export function scenarioDocs(): string {
  const { properties = {}, required = [] } = scenarioSchema()
  const parts = Object.entries(properties).filter(([, schema]) => mappingsOf(schema).length > 0)
  const plain = Object.entries(properties).filter(([, schema]) => mappingsOf(schema).length === 0)
  return [
    table(plain.map(([key, schema]) => row(key, schema, required.includes(key)))),
    ...parts.map(([key, schema]) => {
      const about = schema.description === undefined ? '' : `\n${sentence(schema.description)}\n`
      return `### ${key}\n${about}\n${table(rowsBelow('', schema, properties))}`
    }),
  ].join('\n')
}

const table = (rows: readonly string[]): string =>
  `| key | type | default | what |\n|---|---|---|---|\n${rows.join('\n')}\n`

/** Keys below a key, each once however many forms of their mapping have it. */
function rowsBelow(prefix: string, schema: ScenarioSchema, top: Readonly<Record<string, ScenarioSchema>>): string[] {
  const rows: string[] = []
  const seen = new Set<string>()
  const mappings = mappingsOf(schema)
  for (const mapping of mappings)
    for (const [key, child] of Object.entries(mapping.properties ?? {})) {
      const path = `${prefix}${key}`
      if (seen.has(path)) continue
      seen.add(path)
      // An action's verb is described by its whole mapping.
      const described = child.description === undefined ? { ...child, description: mapping.description } : child
      const twin = prefix === '' ? undefined : Object.keys(top).find(name => name === key && isSame(top[name], child))
      const description = twin === undefined ? described.description : `${described.description}; keys as in ${twin}`
      const isRequired = mappings.every(m => m.required?.includes(key))
      rows.push(row(path, { ...described, description }, isRequired))
      if (twin === undefined && !isDelay(child))
        rows.push(...rowsBelow(`${path}${isList(child) ? '[]' : ''}.`, child, top))
    }
  return rows
}

function row(path: string, schema: ScenarioSchema, isRequired: boolean): string {
  const { description, default: fallback } = schema
  if (description === undefined) throw new Error(`${path} has no description in the schema`)
  const shown = isRequired ? 'required' : fallback === undefined || isEmpty(fallback) ? '' : `\`${textOf(fallback)}\``
  return `| ${[`\`${path}\``, typeText(schema, STYLE), shown, description].map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

const STYLE: TypeStyle = { word: text => `\`${text}\``, between: ' ', mapping: () => 'mapping' }

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
const isList = ({ type }: ScenarioSchema): boolean => type === 'array'
const isEmpty = (value: unknown): boolean => ['{}', '[]', '""'].includes(JSON.stringify(value))
const isSame = (a: ScenarioSchema, b: ScenarioSchema): boolean =>
  a.properties !== undefined && JSON.stringify(a.properties) === JSON.stringify(b.properties)
const sentence = (text: string): string => `${text[0].toUpperCase()}${text.slice(1)}.`
