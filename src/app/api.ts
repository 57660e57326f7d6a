/**
 * What a program imports from the npm package (`import { simulate } from 'svcsim'`; docs/api.md): scenarios, rules and flows as values,
 * without a command line or a result folder. Every call is a function of its arguments; a Problem is thrown as SvcsimError.
 */
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ColumnTable } from '../arrow/column-table.ts'
import { arrowFileOf } from '../arrow/ipc/write-arrow-file.ts'
import { readObjects } from '../cluster/read-objects.ts'
import { MemoryBytes } from '../eventlog/memory-bytes.ts'
import { resultTables } from '../output/arrow-tables.ts'
import { makeRunJson, type RunJson } from '../output/run-json.ts'
import { describeProblem, type Problem } from '../problem/problem.ts'
import { DEFAULT_CONFIGURATION } from '../proxier/kube-proxy-configuration.ts'
import { replayRuleset } from '../replay/flows/replay-ruleset.ts'
import { decodeScenario, type ScenarioSource } from '../scenario/decode-scenario.ts'
import { parseSetting } from '../scenario/set-path.ts'
import { checkThreshold } from '../scenario/threshold.ts'
import { streamSeed } from '../sim/random.ts'
import { decodeFlowFile } from '../workload/decode-flow-file.ts'
import { stateOf } from './cluster-input.ts'
import { loadScenario, readScenarioFiles } from './load-scenario.ts'
import { makeProgress } from './progress.ts'
import type { ProxierFlags } from './proxier-flags.ts'
import { targetOf } from './proxier-target.ts'
import { readCostProfiles } from './read-cost-profiles.ts'
import { readRun as readRunDir } from './read-run.ts'
import { replayJson } from './replay-json.ts'
import { rulesText } from './rules-command.ts'
import { rulesOfText } from './rules-input.ts'
import { expectedThresholds } from './run-into.ts'
import { runScenario } from './run-scenario.ts'
import { ownVersion } from './version.ts'

export type { Column, ColumnTable } from '../arrow/column-table.ts'
export type { RunJson } from '../output/run-json.ts'
export type { Problem } from '../problem/problem.ts'

/** Input that does not make sense, or a system that said no: one sentence, and the Problem behind it. */
export class SvcsimError extends Error {
  readonly problem: Problem
  constructor(problem: Problem) {
    super(describeProblem(problem))
    this.name = 'SvcsimError'
    this.problem = problem
  }
}

export interface Run {
  /** What the run was and what came of it, as in run.json. */
  readonly run: RunJson
  /** Every result table, as in the Arrow files (docs/arrow.md). */
  readonly tables: readonly ColumnTable[]
}

export interface SimulateOptions {
  /** As `--set`: 'cluster.nodes=10'. */
  readonly set?: readonly string[]
  readonly seed?: string
  /** Worker threads; 0 (default): all in this thread. The result is the same for any number. */
  readonly workers?: number
  readonly signal?: AbortSignal
}

/** Runs a scenario: the name of one that comes with svcsim, the path of a YAML file, or a scenario as an object. */
export async function simulate(scenario: string | object, options: SimulateOptions = {}): Promise<Run> {
  const { set = [], seed, workers = 0, signal = new AbortController().signal } = options
  const texts = seed === undefined ? set : [...set, `seed=${JSON.stringify(seed)}`]
  return orThrow(
    pipe(
      TE.fromEither(E.traverseArray(parseSetting)(texts)),
      TE.bindTo('settings'),
      TE.bind('source', ({ settings }) => sourceOf(scenario, settings)),
      TE.bind('expected', ({ source }) => TE.fromEither(expectedThresholds(source, []))),
      TE.bind('files', ({ source, settings }) => readScenarioFiles(source, settings)),
      TE.bind('profiles', () => readCostProfiles(undefined)),
      TE.bind('outcome', ({ source, files, profiles }) =>
        runScenario({ source, files, workers, signal, profiles, log: memoryLog(), progress: makeProgress(true) }),
      ),
      TE.chainEitherK(({ source, expected, outcome: { result, sweep, warnings, wall } }) => {
        const tables = resultTables(result, sweep)
        return pipe(
          expected,
          E.traverseArray(threshold => checkThreshold(threshold, result.metrics)),
          E.map(thresholds => ({
            run: makeRunJson({
              result,
              ...(sweep === undefined ? {} : { sweep }),
              tables,
              inputs: source.written as Record<string, unknown>,
              versions: { svcsim: ownVersion(), node: process.version },
              thresholds,
              warnings,
              otherFiles: [],
              wall,
            }),
            tables,
          })),
        )
      }),
    ),
  )
}

/** The run and tables of a result folder, whose files are checked against run.json. */
export const readRun = (runDir: string): Promise<Run> => orThrow(readRunDir(runDir))

/** The bytes of an Arrow IPC file of a table, as `svcsim run` writes it. */
export const arrowBytes = (table: ColumnTable, metadata: Readonly<Record<string, string>> = {}): Uint8Array =>
  arrowFileOf(table, metadata)

export interface NodeRulesOptions extends ProxierFlags {
  /** The node, by its Node object's name. */
  readonly node: string
  readonly ipFamily?: '4' | '6'
}

/** The rules that a node's kube-proxy would have loaded: iptables-save text, or nft's. `objects`: JSON or YAML, as kubectl prints it. */
export const nodeRules = (objects: string | readonly string[], options: NodeRulesOptions): Promise<string> =>
  orThrow(
    TE.fromEither(
      pipe(
        readObjects([objects].flat().map((text, i) => ({ name: `objects[${i}]`, bytes: encode(text) }))),
        E.bindTo('read'),
        E.bind('target', () => targetOf({ ipFamily: '4', ...options }, DEFAULT_CONFIGURATION)),
        E.chain(({ read, target }) =>
          rulesText(stateOf(read), { ...target, cluster: { kind: 'objects', files: [] }, format: 'save' }),
        ),
      ),
    ),
  )

export interface ReplayFlowsOptions {
  readonly seed?: string
  readonly ipFamily?: 4 | 6
  readonly unknownMatches?: 'refuse' | 'never' | 'always'
}

/** Sends flows (docs/cli.md: flow files) through rules (iptables-save or nft text); answers as `svcsim replay` prints it, without `wall`. */
export const replayFlows = (
  rules: string,
  flows: object,
  { seed = '1', ipFamily = 4, unknownMatches = 'refuse' }: ReplayFlowsOptions = {},
): Promise<Record<string, unknown>> =>
  orThrow(
    TE.fromEither(
      pipe(
        rulesOfText({ name: 'rules', bytes: encode(rules) }, { unknown: unknownMatches, family: ipFamily }),
        E.bindTo('loaded'),
        E.bind('flowFile', () => decodeFlowFile({ name: 'flows', bytes: encode(JSON.stringify(flows)) })),
        E.chain(({ loaded, flowFile }) =>
          pipe(
            replayRuleset(loaded.evaluated, flowFile, { seed: streamSeed(seed, 'flows') }),
            E.map(replay => {
              const { wall: _, ...result } = replayJson(loaded.shown, replay, 0)
              return result
            }),
          ),
        ),
      ),
    ),
  )

const sourceOf = (
  scenario: string | object,
  settings: Parameters<typeof loadScenario>[1],
): TE.TaskEither<Problem, ScenarioSource> =>
  typeof scenario === 'string'
    ? loadScenario(scenario, settings)
    : TE.fromEither(decodeScenario({ name: 'scenario', bytes: encode(JSON.stringify(scenario)) }, settings))

const memoryLog = () => ({ events: new MemoryBytes('events.arrows'), index: new MemoryBytes('events.idx') })

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

async function orThrow<A>(task: TE.TaskEither<Problem, A>): Promise<A> {
  const result = await task()
  if (E.isLeft(result)) throw new SvcsimError(result.left)
  return result.right
}
