/**
 * Reads run.json back. The file is a user's input like any other: whatever does not fit is named by its field. null where a number
 * belongs is NaN, as JSON has no NaN.
 */
import * as E from 'fp-ts/lib/Either.js'
import { badInput, type Problem, quoted } from '../problem/problem.ts'
import { RUN_JSON_SCHEMA_VERSION, type RunJson } from './run-json.ts'

export function readRunJson(text: string, file: string): E.Either<Problem, RunJson> {
  const mend = 'give the run.json that svcsim run wrote, or run the scenario again'
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    return E.left(badInput({ file }, `is no JSON: ${(error as Error).message}`, mend))
  }
  const version = json !== null && typeof json === 'object' && 'schemaVersion' in json ? json.schemaVersion : undefined
  if (version !== RUN_JSON_SCHEMA_VERSION) {
    const what = `${quoted(version)} is not ${RUN_JSON_SCHEMA_VERSION}, the version this svcsim reads`
    return E.left(badInput({ file, field: 'schemaVersion' }, what, mend))
  }
  const read = fitted(json, RUN_JSON, '')
  return 'misfit' in read
    ? E.left(badInput({ file, field: read.field }, `${quoted(read.misfit)} is not ${read.wanted}`, mend))
    : E.right(read.value as RunJson)
}

type Shape =
  | 'text'
  | 'number'
  | 'flag'
  | 'object'
  | { readonly orNull: Shape }
  | { readonly list: Shape }
  | { readonly map: Shape }
  | { readonly fields: Readonly<Record<string, Shape>> }

const HOP_COST: Shape = {
  fields: {
    connections: 'number',
    mean: 'number',
    p50: 'number',
    p90: 'number',
    p99: 'number',
    p999: 'number',
    max: 'number',
  },
}

const HOP_COSTS = { firstHop: HOP_COST, secondHop: HOP_COST, total: HOP_COST }

const PUBLISHED = {
  source: 'text',
  what: 'text',
  unit: 'text',
  baseUs: 'number',
  perRuleNs: 'number',
} as const

const SPREAD: Shape = {
  fields: { count: 'number', mean: 'number', p50: 'number', p90: 'number', p99: 'number', max: 'number' },
}

const TIME: Shape = {
  fields: {
    horizonS: 'number',
    windowS: 'number',
    latencyMs: SPREAD,
    fullSyncs: 'number',
    partialSyncs: 'number',
    fullSyncMs: SPREAD,
    partialSyncMs: SPREAD,
    busyShare: 'number',
    apiChanges: 'number',
    apiBytes: 'number',
    connections: 'number',
    failed: 'number',
    outcomes: { map: 'number' },
    packetsDelivered: 'number',
    packetsLost: 'number',
    lagMs: SPREAD,
  },
}

const RUN_JSON: Shape = {
  fields: {
    schemaVersion: 'number',
    scenario: 'text',
    question: 'text',
    seed: 'text',
    inputs: 'object',
    versions: { map: 'text' },
    digest: 'text',
    head: {
      fields: {
        proxyMode: 'text',
        nodes: 'number',
        zones: 'number',
        pods: 'number',
        services: 'number',
        servicePorts: 'number',
        endpoints: 'number',
        events: 'number',
        rulesByTable: { map: 'number' },
        kubeProxyNatRules: 'number',
        connections: 'number',
        packets: 'number',
      },
    },
    rulesEvaluated: { fields: HOP_COSTS },
    modelledNs: { list: { fields: { backend: 'text', profile: 'text', ...HOP_COSTS } } },
    time: { orNull: TIME },
    metrics: { map: 'number' },
    thresholds: { list: { fields: { text: 'text', metric: 'text', actual: 'number', passed: 'flag' } } },
    detailNodes: { list: { fields: { node: 'text', why: 'text' } } },
    sweep: { orNull: { fields: { path: 'text', lastValue: 'number', published: { orNull: { fields: PUBLISHED } } } } },
    warnings: { list: 'text' },
    files: { list: { fields: { name: 'text', description: 'text', rows: { orNull: 'number' } } } },
    wall: { map: 'number' },
  },
}

type Fit = { readonly value: unknown } | { readonly misfit: unknown; readonly field: string; readonly wanted: string }

function fitted(value: unknown, shape: Shape, field: string): Fit {
  const misfit = (wanted: string): Fit => ({ misfit: value, field, wanted })
  if (shape === 'text') return typeof value === 'string' ? { value } : misfit('a text')
  if (shape === 'flag') return typeof value === 'boolean' ? { value } : misfit('true or false')
  if (shape === 'number')
    return value === null ? { value: NaN } : typeof value === 'number' ? { value } : misfit('a number')
  if (shape !== 'object' && 'orNull' in shape) return value === null ? { value } : fitted(value, shape.orNull, field)
  if (shape !== 'object' && 'list' in shape) {
    return Array.isArray(value)
      ? all(
          value.map((v, i) => [String(i), fitted(v, shape.list, `${field}[${i}]`)]),
          Object.values,
        )
      : misfit('a list')
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return misfit('an object')
  if (shape === 'object') return { value }
  const entries =
    'map' in shape
      ? Object.entries(value).map(([k, v]) => [k, v, shape.map] as const)
      : Object.entries(shape.fields).map(
          ([k, s]) => [k, Object.hasOwn(value, k) ? Reflect.get(value, k) : undefined, s] as const,
        )
  return all(
    entries.map(([k, v, s]) => [k, fitted(v, s, field === '' ? k : `${field}.${k}`)]),
    parts => parts,
  )
}

/** The parts put together, or the first that does not fit. */
function all(parts: readonly (readonly [string, Fit])[], together: (parts: Record<string, unknown>) => unknown): Fit {
  for (const [, fit] of parts) if ('misfit' in fit) return fit
  return {
    value: together(Object.fromEntries(parts.map(([key, fit]) => [key, 'value' in fit ? fit.value : undefined]))),
  }
}
