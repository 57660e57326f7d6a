/** What did not come to its end within the horizon, in words: nobody should have to find it in the log. */
import { SECOND_US, type TimeUs } from '../../sim/time.ts'
import type { Rollout } from './live-workload.ts'

/** One sentence a rollout that was stuck or is not complete, at most ten of them, and one for pods without room. */
export function outcomeSentences(rollouts: readonly Rollout[], pendingPods: number): readonly string[] {
  const open = rollouts.filter(r => r.stuckUs < Infinity || r.endUs === Infinity)
  const said = open.slice(0, 10).map(sentence)
  if (open.length > said.length) said.push(`… and ${open.length - said.length} more rollouts like these`)
  if (pendingPods > 0)
    said.push(
      `${pendingPods} pod${pendingPods === 1 ? ' has' : 's have'} no node at the horizon: no ready node has room`,
    )
  return said
}

function sentence({ workload, startUs, progressUs, stuckUs, endUs }: Rollout): string {
  const begun = `${workload}: the rollout begun at ${seconds(startUs)}`
  if (stuckUs === Infinity) return `${begun} is not complete at the horizon`
  const stuck = `${begun} made no progress from ${seconds(progressUs)} to ${seconds(stuckUs)}`
  return endUs === Infinity
    ? `${stuck}, and is not complete at the horizon`
    : `${stuck}, and ended at ${seconds(endUs)}`
}

const seconds = (us: TimeUs): string => `${Math.round(us / (SECOND_US / 1000)) / 1000} s`
