/**
 * Reads run.json back. The file is a user's input like any other: whatever does not fit is named by its field. null where a number
 * belongs is NaN, as JSON has no NaN.
 */
import * as E from 'fp-ts/lib/Either.js'
import { badInput, type Problem, quoted } from '../problem/problem.ts'
import { ofShape, type Shape } from './json-shape.ts'
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
  return E.map(value => value as RunJson)(ofShape(json, RUN_JSON, file, mend))
}

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

const BACKEND_BUDGET: Readonly<Record<string, Shape>> = {
  backend: 'text',
  meanUs: 'number',
  slowUs: 'number',
  connectionsPerCore: 'number',
  services: { orNull: 'number' },
  servicesSlow: { orNull: 'number' },
  endpoints: { orNull: 'number' },
  fit: { orNull: { fields: { cases: 'number', medianError: 'number', worstError: 'number' } } },
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
    budget: { orNull: { fields: { us: 'number', backends: { list: { fields: BACKEND_BUDGET } } } } },
    metrics: { map: 'number' },
    thresholds: { list: { fields: { text: 'text', metric: 'text', actual: 'number', passed: 'flag' } } },
    detailNodes: { list: { fields: { node: 'text', why: 'text' } } },
    sweep: { orNull: { fields: { path: 'text', lastValue: 'number', published: { orNull: { fields: PUBLISHED } } } } },
    warnings: { list: 'text' },
    files: {
      list: { fields: { name: 'text', description: 'text', rows: { orNull: 'number' }, sha256: { orNull: 'text' } } },
    },
    wall: { map: 'number' },
  },
}
