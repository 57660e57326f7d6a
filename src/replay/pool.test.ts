import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { makeCluster, makeServices } from '../../test/make-replay-plan.ts'
import type { ReplayOptions } from './pool.ts'
import { replayOn, withPool } from './pool.ts'
import type { IptablesPlan, ReplayPlan } from './replay-plan.ts'

const replay = (plan: ReplayPlan, workers: number, options?: ReplayOptions) =>
  withPool(workers, pool => pool.replay(plan, options))()

const makePlan = (packets = 20_000) =>
  makeCluster({
    nodes: 100,
    services: makeServices(60, 4, 100),
    families: [4, 6],
    classes: [{ origin: 'pod' }, { origin: 'node' }],
    packets,
    packetsPerConnection: { kind: 'geometric', mean: 4 },
    detailNodes: [0, 50],
  }).plan

describe('a pool', () => {
  it('gives the same bytes with 0, 1, 2 and 4 workers', async () => {
    const plan = makePlan()
    const here = await replay(plan, 0)
    expect(E.isRight(here) && here.right.total.count).toBe(plan.traffic.connections)
    for (const workers of [1, 2, 4]) expect(await replay(plan, workers)).toEqual(here)
  })

  it('serves one replay after another', async () => {
    const [small, large] = [makePlan(400), makePlan(4_000)]
    const both = await withPool(2, pool => async () => {
      const first = await pool.replay(small)()
      const second = await pool.replay(large)()
      return E.right([first, second])
    })()
    expect(both).toEqual(E.right([await replay(small, 0), await replay(large, 0)]))
  })

  it.each([0, 2])('tells of finished jobs with %d workers', async workers => {
    const told: [number, number][] = []
    await replay(makePlan(), workers, { onProgress: (done, jobs) => told.push([done, jobs]) })
    expect(told.at(-1)).toEqual([7, 7])
    told.forEach(([done, jobs], i) => {
      expect([jobs, done > (told[i - 1]?.[0] ?? 0)]).toEqual([7, true])
    })
  })

  it.each([0, 2])('stops at a signal, before or in the middle, with %d workers', async workers => {
    expect(await replay(makePlan(), workers, { signal: AbortSignal.abort() })).toEqual(E.left({ _tag: 'Interrupted' }))
    const stop = new AbortController()
    const onProgress = () => stop.abort()
    expect(await replay(makePlan(), workers, { signal: stop.signal, onProgress })).toEqual(
      E.left({ _tag: 'Interrupted' }),
    )
  })

  it('works on after an interrupted replay', async () => {
    const plan = makePlan(400)
    const after = await withPool(2, pool => async () => {
      await pool.replay(plan, { signal: AbortSignal.abort() })()
      return pool.replay(plan)()
    })()
    expect(after).toEqual(await replay(plan, 0))
  })

  it.each([0, 2])('throws what a broken plan throws, with %d workers', async workers => {
    const plan = makePlan()
    const broken: IptablesPlan = { ...plan, families: { ...plan.families, 6: null } }
    await expect(replay(broken, workers)).rejects.toThrow(/family 6, which has no rules/)
  })

  it.each([
    new Error('worker exited with code: 3'),
    Object.assign(new Error('Worker terminated due to reaching memory limit'), { code: 'ERR_WORKER_OUT_OF_MEMORY' }),
  ])('says that a worker died: %s', async cause => {
    const threads = { run: () => Promise.reject(cause) }
    expect(await replayOn(threads, 2, makePlan(400))).toMatchObject({
      left: { _tag: 'IoFailed', path: 'replay worker', cause: String(cause) },
    })
  })

  it.each([-1, 1.5, NaN, 100_000])('refuses %d workers', async workers => {
    expect(await replay(makePlan(0), workers)).toMatchObject({ left: { _tag: 'BadUsage' } })
  })
})
