import { expect, it } from 'vitest'
import type { Rollout } from './live-workload.ts'
import { outcomeSentences } from './outcome-sentences.ts'

const S = 1_000_000
const rollout = (more: Partial<Rollout> = {}): Rollout => ({
  workload: 'Deployment/default/web',
  startUs: 5 * S,
  progressUs: 5.25 * S,
  progress: 0,
  stuckUs: Infinity,
  endUs: Infinity,
  isSuperseded: false,
  ...more,
})

it('says what did not come to its end', () => {
  expect(outcomeSentences([rollout({ endUs: 9 * S })], 0)).toEqual([])
  expect(
    outcomeSentences(
      [rollout(), rollout({ stuckUs: 605.25 * S }), rollout({ stuckUs: 605.25 * S, endUs: 700 * S })],
      1,
    ),
  ).toEqual([
    'Deployment/default/web: the rollout begun at 5 s is not complete at the horizon',
    'Deployment/default/web: the rollout begun at 5 s made no progress from 5.25 s to 605.25 s, and is not complete at the horizon',
    'Deployment/default/web: the rollout begun at 5 s made no progress from 5.25 s to 605.25 s, and ended at 700 s',
    '1 pod has no node at the horizon: no ready node has room',
  ])
  expect(outcomeSentences(Array(25).fill(rollout()), 2).slice(-2)).toEqual([
    '… and 15 more rollouts like these',
    '2 pods have no node at the horizon: no ready node has room',
  ])
})
