/** Passes 1, 2 and 4 of a scenario given as data, in this thread, for tests. */
import * as E from 'fp-ts/lib/Either.js'
import { readSyncProfile } from '../src/app/read-sync-profiles.ts'
import type { ClusterEvent } from '../src/cluster/cluster-event.ts'
import { isTimed, simulateCluster } from '../src/controlplane/live/simulate-cluster.ts'
import { controlPlaneConfig, scenarioInputs } from '../src/controlplane/scenario-inputs.ts'
import { describeProblem, type Problem } from '../src/problem/problem.ts'
import { type PlannedRun, planRun } from '../src/replay/plan-run.ts'
import { TimePasser, timeJobCount } from '../src/replay/time/pass-time.ts'
import { planTime } from '../src/replay/time/plan-time.ts'
import type { TimeTallies } from '../src/replay/time/time-tallies.ts'
import type { TimedPlan } from '../src/replay/time/timed-plan.ts'
import { checkScenario } from '../src/scenario/decode-scenario.ts'
import { FIXED_DELAYS } from './run-simulation.ts'

export interface PassedRun {
  readonly plan: TimedPlan
  readonly run: PlannedRun
  readonly tallies: TimeTallies
  readonly events: readonly ClusterEvent[]
}

/** Syncs of a length of their own, and delays without chance: what a test wants to count with. */
export const FIXED = {
  time: { horizon: '60s', delays: FIXED_DELAYS },
  proxy: { minSyncPeriod: '1s', syncDuration: { full: '100ms', partial: '20ms' } },
}

export const rightOf = <T>(either: E.Either<Problem, T>): T => {
  if (E.isLeft(either)) throw new Error(describeProblem(either.left))
  return either.right
}

const PRICES = rightOf(await readSyncProfile('iptables-legacy')())

export function planned(written: object): Omit<PassedRun, 'tallies'> {
  const scenario = rightOf(
    checkScenario({ name: 'test', question: 'What happens?', ...written }, { file: 'test.yaml' }),
  )
  if (!isTimed(scenario)) throw new Error('the scenario has no time')
  const events: ClusterEvent[] = []
  const config = controlPlaneConfig(scenario, [])
  const simulated = rightOf(
    simulateCluster(scenarioInputs(scenario.cluster, []), config, scenario, e => events.push(e)),
  )
  const run = rightOf(planRun(simulated.state, scenario))
  return { plan: rightOf(planTime(scenario, scenario.time, { ...simulated, events }, run, PRICES)), run, events }
}

export function passTime(written: object): PassedRun {
  const ready = planned(written)
  const passer = new TimePasser(ready.plan)
  for (let job = 0; job < timeJobCount(ready.plan); job++) passer.pass(job)
  return { ...ready, tallies: passer.tallies }
}
