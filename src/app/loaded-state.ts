/**
 * What a node's kube-proxy had loaded at an instant of a run over time: its Services and EndpointSlices as its last finished sync knew them,
 * all else as it was. The run's own settings, which run.json beside the log holds, say how long watches and syncs took; so the same syncs come
 * out as in the run. A log without a run over time around it gives the state at the instant.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import type { ClusterState } from '../cluster/cluster-state.ts'
import { type NodeSyncs, syncAt } from '../cluster/node-syncs.ts'
import { namePattern } from '../controlplane/live/name-pattern.ts'
import { isTimed, type TimedScenario } from '../controlplane/live/simulate-cluster.ts'
import type { EventLog } from '../eventlog/read-log.ts'
import type { IpFamily } from '../net/ip.ts'
import type { Problem } from '../problem/problem.ts'
import { kubeProxyConfig } from '../replay/plan-run.ts'
import { LifeNumbers } from '../replay/time/life-table.ts'
import { type PassedTime, planSyncs } from '../replay/time/plan-syncs.ts'
import { NodeSyncer } from '../replay/time/sync-node.ts'
import { checkScenario } from '../scenario/decode-scenario.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { parsePath, withSetting } from '../scenario/set-path.ts'
import { SYNC_TOOL_OF_MODE } from '../scenario/sync-profile.ts'
import type { TimeUs } from '../sim/time.ts'
import { logFolder } from './log-files.ts'
import { readSyncProfile } from './read-sync-profiles.ts'

export interface NodeAsked {
  readonly node: string
  readonly family: IpFamily
}

/** `atUs` undefined: at the end of the log. */
export const loadedState = (
  path: string,
  log: EventLog,
  atUs: TimeUs | undefined,
  asked: NodeAsked,
): TE.TaskEither<Problem, ClusterState> => {
  const instantUs = atUs ?? log.lastTimeUs
  const scenario = scenarioBeside(path)
  if (scenario === undefined) return TE.fromEither(log.fold({ timeUs: instantUs }))
  return pipe(
    TE.fromEither(log.fold({ timeUs: instantUs })),
    TE.bindTo('state'),
    TE.bind('syncs', () => syncsOf(log, scenario, asked)),
    TE.chainEitherK(({ state, syncs }) =>
      syncs === undefined ? E.right(state) : asLoaded(log, state, syncs, instantUs, asked),
    ),
  )
}

/** The scenario of the run that wrote the log, if it was one over time. */
function scenarioBeside(path: string): TimedScenario | undefined {
  const folder = logFolder(path)
  const file = E.isRight(folder) ? join(folder.right, 'run.json') : ''
  if (!existsSync(file)) return undefined
  let inputs: unknown
  try {
    inputs = (JSON.parse(readFileSync(file, 'utf8')) as { readonly inputs?: unknown }).inputs
  } catch {
    return undefined
  }
  const scenario = pipe(checkScenario(inputs, { file }), E.chain(lastStep(inputs, file)))
  return E.isRight(scenario) && isTimed(scenario.right) ? scenario.right : undefined
}

/** The log of a sweep is that of its last step. */
const lastStep =
  (inputs: unknown, file: string) =>
  (scenario: Scenario): E.Either<Problem, Scenario> => {
    const path = scenario.sweep === undefined ? undefined : parsePath(scenario.sweep.path)
    const value = scenario.sweep?.values.at(-1)
    if (path === undefined || value === undefined) return E.right(scenario)
    return pipe(
      withSetting(inputs, { path, value }),
      E.chain(step => checkScenario(step, { file })),
    )
  }

/** undefined: there is no such node at the end of the log. */
const syncsOf = (
  log: EventLog,
  scenario: TimedScenario,
  { node, family }: NodeAsked,
): TE.TaskEither<Problem, NodeSyncs | undefined> =>
  pipe(
    TE.fromEither(log.fold()),
    TE.bindTo('end'),
    TE.bind('events', () => TE.fromEither(proxiedEvents(log))),
    TE.bind('prices', () => readSyncProfile(scenario.proxy.syncTool ?? SYNC_TOOL_OF_MODE[scenario.proxy.mode])),
    TE.map(({ end, events, prices }) => {
      const nodes = [...end.nodes.values()].map(stored => stored.object)
      const index = nodes.findIndex(n => n.name === node)
      if (index < 0) return undefined
      const { time } = scenario
      const outages = outagesOf(
        scenario,
        nodes.map(n => n.name),
      )
      const config = kubeProxyConfig(scenario, nodes)
      const passed = { horizonUs: time.horizon, events, outages }
      const plan = planSyncs(scenario, time, passed, { nodes, config }, prices, [family], new LifeNumbers())
      const own = plan.families[family]
      return own === null ? undefined : new NodeSyncer(plan, own).syncsOf(index)
    }),
  )

function proxiedEvents(log: EventLog): E.Either<Problem, readonly ClusterEvent[]> {
  const events: ClusterEvent[] = []
  for (const append of log.appends()) {
    if (E.isLeft(append)) return append
    for (const event of append.right) if (event.object.kind !== 'Pod') events.push(event)
  }
  return E.right(events)
}

/** As the scenario's actions have them. */
function outagesOf({ actions }: TimedScenario, nodes: readonly string[]): PassedTime['outages'] {
  const outages: { node: string; lostUs: TimeUs; foundUs: TimeUs }[] = []
  for (const action of [...actions].sort((a, b) => a.at - b.at)) {
    const pattern =
      'failNode' in action ? action.failNode.node : 'recoverNode' in action ? action.recoverNode.node : undefined
    if (pattern === undefined) continue
    for (const node of nodes.filter(namePattern(pattern, 'cluster'))) {
      const open = outages.find(o => o.node === node && o.foundUs === Infinity)
      if ('recoverNode' in action) {
        if (open !== undefined) open.foundUs = action.at
      } else if (open === undefined) outages.push({ node, lostUs: action.at, foundUs: Infinity })
    }
  }
  return outages
}

function asLoaded(
  log: EventLog,
  state: ClusterState,
  syncs: NodeSyncs,
  atUs: TimeUs,
  { node }: NodeAsked,
): E.Either<Problem, ClusterState> {
  const sync = syncAt(syncs, atUs)
  if (sync < 0) {
    process.stderr.write(`svcsim: ${node} had not finished a sync by then: no Service is loaded\n`)
    return E.right({ ...state, services: new Map(), endpointSlices: new Map() })
  }
  const upTo = (position: number) => log.fold({ position: Math.min(position, log.eventCount) })
  process.stderr.write(`svcsim: ${node} by its sync of ${syncs.endUs[sync] / 1_000_000} s\n`)
  return pipe(
    upTo(syncs.servicePosition[sync]),
    E.bindTo('services'),
    E.bind('slices', () => upTo(syncs.slicePosition[sync])),
    E.map(known => ({ ...state, services: known.services.services, endpointSlices: known.slices.endpointSlices })),
  )
}
