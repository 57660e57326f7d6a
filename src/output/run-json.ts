/**
 * run.json: what a run was and what came of it, small enough to read. With the tables it is all that summary and report are made from.
 * Keys have a fixed order (metrics sorted), so equal runs have equal files up to `versions` and `wall`.
 */
import type { ColumnTable } from '../arrow/column-table.ts'
import { type Histogram, mean, percentile } from '../metrics/histogram.ts'
import type { ThresholdResult } from '../scenario/threshold.ts'
import type { BudgetHead } from './budget/budget-head.ts'
import { digestTables } from './digest.ts'
import { rounded } from './rounded.ts'
import type { PublishedColumns, RulesEvaluated, RunHead, RunResult, SweepColumns } from './run-result.ts'
import type { TimeHead } from './time-columns.ts'

export const RUN_JSON_SCHEMA_VERSION = 5

export interface RunJson {
  readonly schemaVersion: number
  readonly scenario: string
  readonly question: string
  readonly seed: string
  /** What was run: the scenario after all settings. */
  readonly inputs: Readonly<Record<string, unknown>>
  /** Of svcsim and Node. Not part of the digest. */
  readonly versions: Readonly<Record<string, string>>
  /** SHA-256 over the result columns (digest.ts). */
  readonly digest: string
  readonly head: Omit<RunHead, 'scenario' | 'question' | 'seed'>
  /** Rules evaluated by a new connection's first packet. */
  readonly rulesEvaluated: { readonly firstHop: HopCost; readonly secondHop: HopCost; readonly total: HopCost }
  /** Nanoseconds that costs, by backend; empty when nobody asked. */
  readonly modelledNs: readonly {
    readonly backend: string
    readonly profile: string
    readonly firstHop: HopCost
    readonly secondHop: HopCost
    readonly total: HopCost
  }[]
  /** What a run over time came to; null: nothing moved. */
  readonly time: TimeHead | null
  /** At which size new connections pass the scenario's budget, by backend; null: nothing was priced. */
  readonly budget: BudgetHead | null
  readonly metrics: Readonly<Record<string, number>>
  readonly thresholds: readonly ThresholdResult[]
  readonly detailNodes: readonly { readonly node: string; readonly why: string }[]
  /** The key that was varied, and the step that head, metrics and the other tables show. */
  readonly sweep: {
    readonly path: string
    readonly lastValue: number
    readonly published: PublishedHead | null
  } | null
  readonly warnings: readonly string[]
  readonly files: readonly ResultFile[]
  /** Wall times in ms, of this one execution. Not part of the digest. */
  readonly wall: Readonly<Record<string, number>>
}

/** Figures of others that the sweep is compared with, and the two constants fitted to them. */
export type PublishedHead = Pick<PublishedColumns, 'source' | 'what' | 'unit' | 'baseUs' | 'perRuleNs'>

/** Of the connections that had this hop; NaN (null in the file) when there were none. */
export interface HopCost {
  readonly connections: number
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

export interface ResultFile {
  readonly name: string
  readonly description: string
  /** Of an Arrow file; null for the others. */
  readonly rows: number | null
  /** Of the bytes of an Arrow file, in hexadecimal; null for the others. */
  readonly sha256: string | null
}

export interface RunFacts {
  readonly result: RunResult
  readonly sweep?: SweepColumns
  /** resultTables(result, sweep). */
  readonly tables: readonly ColumnTable[]
  /** Of the file of each table, in their order; absent: there are no files. */
  readonly sums?: readonly string[]
  readonly inputs: Readonly<Record<string, unknown>>
  readonly versions: Readonly<Record<string, string>>
  readonly thresholds: readonly ThresholdResult[]
  readonly warnings: readonly string[]
  /** Files of the run folder that hold no result table, as summary.md. */
  readonly otherFiles: readonly Pick<ResultFile, 'name' | 'description'>[]
  /** Wall times in ms by phase. */
  readonly wall: Readonly<Record<string, number>>
}

export function makeRunJson(facts: RunFacts): RunJson {
  const { result, sweep, tables } = facts
  const { scenario, question, seed, ...head } = result.head
  const metrics = Object.entries(result.metrics).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return {
    schemaVersion: RUN_JSON_SCHEMA_VERSION,
    scenario,
    question,
    seed,
    inputs: facts.inputs,
    versions: facts.versions,
    digest: digestTables(tables),
    head,
    rulesEvaluated: hopCosts(result.rulesEvaluated),
    modelledNs: result.modelledNs.map(({ backend, profile, ...hops }) => ({ backend, profile, ...hopCosts(hops) })),
    time: result.time === undefined ? null : roundedAll(result.time.head),
    budget: result.budget === undefined ? null : roundedBudget(result.budget),
    metrics: Object.fromEntries(metrics.map(([name, value]) => [name, rounded(value)])),
    thresholds: facts.thresholds.map(t => ({ ...t, actual: rounded(t.actual) })),
    detailNodes: result.detailNodes.map(({ node, why }) => ({ node, why })),
    sweep:
      sweep === undefined
        ? null
        : { path: sweep.path, lastValue: sweep.value.at(-1) ?? NaN, published: publishedHead(sweep.published) },
    warnings: facts.warnings,
    files: [
      ...tables.map((table, i) => arrowFile(table, facts.sums?.[i] ?? null)),
      ...facts.otherFiles.map(file => ({ ...file, rows: null, sha256: null })),
    ],
    wall: facts.wall,
  }
}

const roundedBudget = ({ us, backends }: BudgetHead): BudgetHead => ({
  us,
  backends: backends.map(b => ({
    ...b,
    meanUs: rounded(b.meanUs),
    slowUs: rounded(b.slowUs),
    connectionsPerCore: rounded(b.connectionsPerCore),
  })),
})

/** Every number of it rounded. */
const roundedAll = <T extends object>(values: T): T =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'number' ? rounded(value) : roundedAll(value as object),
    ]),
  ) as T

function publishedHead(published: PublishedColumns | undefined): PublishedHead | null {
  if (published === undefined) return null
  const { source, what, unit, baseUs, perRuleNs } = published
  return { source, what, unit, baseUs: rounded(baseUs), perRuleNs: rounded(perRuleNs) }
}

/** The bytes of run.json, as text. */
export const runJsonText = (run: RunJson): string => `${JSON.stringify(run, null, 2)}\n`

const arrowFile = (table: ColumnTable, sha256: string | null): ResultFile => ({
  name: `${table.name}.arrow`,
  description: table.description,
  rows: table.rowCount,
  sha256,
})

const hopCosts = ({ firstHop, secondHop, total }: RulesEvaluated) => ({
  firstHop: hopCost(firstHop),
  secondHop: hopCost(secondHop),
  total: hopCost(total),
})

const hopCost = (h: Histogram): HopCost => ({
  connections: h.count,
  mean: rounded(mean(h)),
  p50: percentile(h, 50),
  p90: percentile(h, 90),
  p99: percentile(h, 99),
  p999: percentile(h, 99.9),
  max: h.count === 0 ? NaN : h.max,
})
