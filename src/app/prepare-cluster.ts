/**
 * From a scenario to a cluster that stands: objects are read, the control plane runs, and every event of it goes into the log on its
 * way to the state.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import type { ClusterState } from '../cluster/cluster-state.ts'
import type { Kind } from '../cluster/objects.ts'
import { type ReadObjects, readObjects } from '../cluster/read-objects.ts'
import { runControlPlane } from '../controlplane/control-plane.ts'
import { isTimed, type SimulatedCluster, simulateCluster } from '../controlplane/live/simulate-cluster.ts'
import { controlPlaneConfig, scenarioInputs } from '../controlplane/scenario-inputs.ts'
import type { ByteSink, LogParts } from '../eventlog/byte-store.ts'
import { createLog, EVENTS_PER_APPEND } from '../eventlog/event-log.ts'
import { type ReadInputs, readInputs } from '../eventlog/import-kubectl.ts'
import type { Problem } from '../problem/problem.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { leftAside } from './left-aside.ts'
import type { ScenarioFiles } from './load-scenario.ts'

export interface PreparedCluster {
  readonly state: ClusterState
  readonly events: number
  readonly warnings: readonly string[]
  /** What happened besides the events; absent without time. */
  readonly simulated?: SimulatedCluster
  /** Over time: the events that a kube-proxy hears of, and those of nodes. */
  readonly proxied: readonly ClusterEvent[]
}

/** `files` are those the scenario names, read. The log is written to `sinks` as the events come. */
export function prepareCluster(
  scenario: Scenario,
  files: ScenarioFiles,
  sinks: LogParts<ByteSink>,
): E.Either<Problem, PreparedCluster> {
  return pipe(
    readObjects(files.objects),
    E.bindTo('read'),
    E.bind('recorded', () => readInputs(files.recording, { reorder: scenario.recording?.reorder ?? false })),
    E.chain(({ read, recorded }) => buildCluster(scenario, read, recorded, sinks)),
  )
}

function buildCluster(
  scenario: Scenario,
  read: ReadObjects,
  recorded: ReadInputs,
  sinks: LogParts<ByteSink>,
): E.Either<Problem, PreparedCluster> {
  const log = createLog(sinks)
  if (E.isLeft(log)) return log
  const { append, flush } = log.right
  const waiting: ClusterEvent[] = []
  let failure: Problem | undefined
  let events = 0
  const proxied: ClusterEvent[] = []
  const write = (): void => {
    const written = append(waiting)
    if (E.isLeft(written)) failure ??= written.left
    waiting.length = 0
  }
  const emit = (event: ClusterEvent): void => {
    events += 1
    if (isTimed(scenario) && PROXIED.has(event.object.kind)) proxied.push(event)
    waiting.push(event)
    if (waiting.length === EVENTS_PER_APPEND) write()
  }
  const brought = [...read.items, ...recorded.items]
  const inputs = [
    ...scenarioInputs(scenario.cluster, read.items, brought),
    ...recorded.items.map(change => ({ ...change, timeUs: change.timeUs ?? 0 })),
  ]
  const config = controlPlaneConfig(scenario, brought)
  const result: E.Either<Problem, Omit<PreparedCluster, 'events' | 'proxied'>> = isTimed(scenario)
    ? pipe(
        simulateCluster(inputs, config, scenario, emit),
        E.map(simulated => ({ ...simulated, simulated })),
      )
    : runControlPlane(inputs, config, emit)
  if (E.isLeft(result)) return result
  write()
  if (failure !== undefined) return E.left(failure)
  const { state, warnings, simulated } = result.right
  return pipe(
    flush(),
    E.map(() => ({
      state,
      events,
      proxied,
      warnings: [...leftAside(read), ...leftAside(recorded), ...warnings],
      ...(simulated && { simulated }),
    })),
  )
}

const PROXIED: ReadonlySet<Kind> = new Set<Kind>(['Service', 'EndpointSlice', 'ServiceCIDR', 'Node'])
