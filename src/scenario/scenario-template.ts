/**
 * A scenario to begin with: a small one that runs as it is, then every key there is as a comment, with what it means and its default. The
 * second part is made from the schema (scenario.ts), so a key that is added there stands here too.
 */
import { mappingsOf, type ScenarioSchema, scenarioSchema, type TypeStyle, typeText } from './scenario-schema.ts'

export const scenarioTemplate = (name: string): string => `${HEAD.replaceAll('NAME', name)}${reference()}`

const HEAD = `# A scenario of svcsim: svcsim run NAME.yaml
# Any key can be changed from the command line: svcsim run NAME.yaml --set cluster.nodes=10

name: NAME
question: How many rules does a new connection meet, and how evenly is the load spread?

cluster:
  nodes: 10
  zones: 3
  workloads:
    # 20 Deployments web-0, web-1, … of 3 pods, each behind a Service.
    - name: web
      count: 20
      replicas: 3
      service: { type: ClusterIP, ports: [{ port: 80, targetPort: 8080 }] }

traffic:
  packets: 100000
  packetsPerConnection: 10
  # Weights: pods of the cluster, the nodes themselves, clients outside.
  sources: { pod: 1 }

# What must hold; a threshold that fails makes exit code 1. Metrics are in docs/scenarios.md and in run.json.
expect:
  - connections.dropped == 0
  - rulesEvaluated.total.p99 < 200
`

/** Every key as a comment, nested as in a scenario. */
function reference(): string {
  const lines = [
    '',
    '# Every key there is, with its default. A duration is 250ms, 30s, 10m or 1m30s. A delay is a duration, or one that is drawn:',
    '# {uniform: [from, to]}, {normal: {mean, sd}}, {lognormal: {median, p99}}, {exponential: {mean}}, {empirical: [[0.5, 80ms], [0.99, 2s]]}.',
    ...keys(scenarioSchema(), 0, new Set(['$schema'])),
  ]
  return `${lines.map(line => (line === '' ? '' : `#${line.replace(/^#/, '')}`)).join('\n')}\n`
}

function keys(schema: ScenarioSchema, depth: number, without: ReadonlySet<string> = new Set()): readonly string[] {
  return Object.entries(schema.properties ?? {})
    .filter(([key]) => !without.has(key))
    .flatMap(([key, own]) => keyLines(key, own, depth))
}

function keyLines(key: string, schema: ScenarioSchema, depth: number): readonly string[] {
  const pad = `  ${'  '.repeat(depth)}`
  const nested = nestedOf(schema)
  const words = schema.description ?? nested?.description ?? ''
  const head = [...wrap(words, 110 - pad.length).map(line => `${pad}# ${line}`)]
  const inline = `${pad}${key}:${valueText(schema)}`
  if (nested === undefined) return [...head, inline]
  const below = nested.alternatives.flatMap((alternative, i) => [
    ...(i > 0 ? [`${pad}  # or`] : []),
    ...(alternative.description === undefined || alternative.description === words
      ? []
      : wrap(alternative.description, 108 - pad.length).map(line => `${pad}  # ${line}`)),
    ...keys(alternative, depth + 1),
  ])
  return [...head, `${pad}${key}:${nested.isList ? ' # a list; each item has' : ''}`, ...below]
}

/** What a mapping, or a list of mappings, holds; of a union every mapping. Unions with plain values are told by their type. */
function nestedOf(
  schema: ScenarioSchema,
):
  | { readonly alternatives: readonly ScenarioSchema[]; readonly isList: boolean; readonly description?: string }
  | undefined {
  if (schema.properties !== undefined) return { alternatives: [schema], isList: false }
  if (!schema.items) return undefined
  const alternatives = mappingsOf(schema.items)
  return alternatives.length === 0 ? undefined : { alternatives, isList: true, description: schema.items.description }
}

const STYLE: TypeStyle = { word: text => text, between: ' | ', mapping: names => `{${names.join(', ')}}` }

/** The default, if there is one, and what may stand there. */
const valueText = (schema: ScenarioSchema): string =>
  `${schema.default === undefined ? '' : ` ${JSON.stringify(schema.default)}`} # ${typeText(schema, STYLE)}`

function wrap(text: string, width: number): readonly string[] {
  if (text === '') return []
  const lines: string[] = ['']
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1]
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines
}
