/**
 * Pass 1 of a run over time: the cluster is built at instant 0, all at once; then one loop takes timers in order until the horizon, which
 * ends the run whatever is still going on. Serial, and a pure function of inputs, configuration and scenario.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { ClusterEvent } from '../../cluster/cluster-event.ts'
import type { EndpointLife } from '../../cluster/endpoint-lives.ts'
import type { Problem } from '../../problem/problem.ts'
import type { Scenario } from '../../scenario/scenario.ts'
import type { TimeUs } from '../../sim/time.ts'
import { batchesOf } from '../batches.ts'
import { checkConfig } from '../check-config.ts'
import { ControlPlane, type ControlPlaneInput, type ControlPlaneResult } from '../control-plane.ts'
import type { ControlPlaneConfig } from '../control-plane-config.ts'
import { serviceRanges } from '../service-ranges.ts'
import { LiveCluster } from './live-cluster.ts'
import type { NodeOutage } from './live-nodes.ts'
import type { Rollout } from './live-workload.ts'

export type TimedScenario = Scenario & { readonly time: NonNullable<Scenario['time']> }

export const isTimed = (scenario: Scenario): scenario is TimedScenario => scenario.time !== undefined

export interface SimulatedCluster extends ControlPlaneResult {
  readonly horizonUs: TimeUs
  /** In the order in which they ended; those that go on come last. */
  readonly lives: readonly EndpointLife[]
  readonly outages: readonly NodeOutage[]
  /** In order of their beginning. */
  readonly rollouts: readonly Rollout[]
  /** Pods without a node at the horizon, for want of room. */
  readonly pendingPods: number
  readonly timers: number
}

/** `inputs` in order of time: those of instant 0 are the cluster, later ones come as they are. */
export function simulateCluster(
  inputs: readonly ControlPlaneInput[],
  config: ControlPlaneConfig,
  scenario: TimedScenario,
  emit: (event: ClusterEvent) => void,
): E.Either<Problem, SimulatedCluster> {
  const fault = checkConfig(config)
  if (fault !== undefined) return E.left(fault)
  const objects = inputs.map(i => i.object)
  const ranges = serviceRanges(config.serviceCidrs, objects)
  if (E.isLeft(ranges)) return ranges
  let live: LiveCluster | undefined
  const controlPlane = new ControlPlane(config, ranges.right, objects, event => {
    emit(event)
    live?.observe(event)
  })
  const later: (readonly ControlPlaneInput[])[] = []
  for (const batch of batchesOf(inputs)) {
    if (batch[0].timeUs > 0) later.push(batch)
    else {
      const problem = controlPlane.take(batch)
      if (problem !== undefined) return E.left(problem)
    }
  }
  live = new LiveCluster(controlPlane, config, scenario)
  const problem = live.schedule(later) ?? live.run()
  return problem === undefined ? E.right(live.result()) : E.left(problem)
}
