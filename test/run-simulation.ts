/** Runs pass 1 of a scenario given as data, for tests. */
import * as E from 'fp-ts/lib/Either.js'
import type { ClusterEvent } from '../src/cluster/cluster-event.ts'
import type { ClusterObject, EndpointSlice, Pod } from '../src/cluster/objects.ts'
import type { ControlPlaneInput } from '../src/controlplane/control-plane.ts'
import { isTimed, simulateCluster } from '../src/controlplane/live/simulate-cluster.ts'
import { controlPlaneConfig, scenarioInputs } from '../src/controlplane/scenario-inputs.ts'
import { describeProblem } from '../src/problem/problem.ts'
import { checkScenario } from '../src/scenario/decode-scenario.ts'

/** Delays that take no chance: what a test wants to count with. */
export const FIXED_DELAYS = {
  schedule: '0s',
  podStart: '2s',
  appStart: '1s',
  containerObserve: '500ms',
  apiCall: '10ms',
  controller: '100ms',
  watch: '50ms',
}

/** One Deployment `web-0` with its Service, and whatever `more` says of the scenario. */
export const oneDeployment = (replicas: number, more: object = {}, group: object = {}) => ({
  cluster: { nodes: 3, zones: 3, workloads: [{ name: 'web', replicas, service: {}, ...group }] },
  time: { horizon: '120s', delays: FIXED_DELAYS },
  ...more,
})

function attempt(written: object, later: readonly ControlPlaneInput[], objects: readonly ClusterObject[]) {
  const scenario = checkScenario({ name: 'test', question: 'What happens?', ...written }, { file: 'test.yaml' })
  if (E.isLeft(scenario)) throw new Error(describeProblem(scenario.left))
  if (!isTimed(scenario.right)) throw new Error('the scenario has no time')
  const read = objects.map(object => ({ object, place: { file: 'objects.yaml' } }))
  const inputs = [...scenarioInputs(scenario.right.cluster, read), ...later]
  const events: ClusterEvent[] = []
  const result = simulateCluster(inputs, controlPlaneConfig(scenario.right, read), scenario.right, e => events.push(e))
  return { result, events }
}

export function simulate(
  written: object,
  later: readonly ControlPlaneInput[] = [],
  objects: readonly ClusterObject[] = [],
) {
  const { result, events } = attempt(written, later, objects)
  if (E.isLeft(result)) throw new Error(describeProblem(result.left))
  return { ...result.right, events }
}

export function simulationProblem(written: object, later: readonly ControlPlaneInput[] = []): string {
  const { result } = attempt(written, later, [])
  if (E.isRight(result)) throw new Error('expected a Problem')
  return describeProblem(result.left)
}

export const podEvents = (events: readonly ClusterEvent[]) =>
  events.filter((e): e is ClusterEvent & { readonly object: Pod } => e.object.kind === 'Pod')

export const sliceEvents = (events: readonly ClusterEvent[]) =>
  events.filter((e): e is ClusterEvent & { readonly object: EndpointSlice } => e.object.kind === 'EndpointSlice')

/** Ready, serving and terminating endpoints as letters, sorted: `RRt` is two ready ones and one that terminates and serves no more. */
export const endpointWord = (slice: EndpointSlice): string =>
  slice.endpoints
    .map(e => (e.ready ? 'R' : e.terminating ? (e.serving ? 'T' : 't') : 'n'))
    .sort()
    .join('')
