import { describe, expect, it } from 'vitest'
import { PodScheduler } from './pod-scheduler.ts'

const makeScheduler = (nodeCount: number, maxPodsPerNode = 110, seed = 'seed') => {
  const scheduler = new PodScheduler(seed, maxPodsPerNode)
  for (let i = 0; i < nodeCount; i++) scheduler.setNode(`node-${i}`, true)
  return scheduler
}
const place = (scheduler: PodScheduler) => {
  const name = scheduler.pick()
  if (name !== undefined) scheduler.occupy(name)
  return name
}
const placeMany = (scheduler: PodScheduler, count: number) => Array.from({ length: count }, () => place(scheduler))

describe('PodScheduler', () => {
  it('goes over the ready nodes in turn', () => {
    const scheduler = makeScheduler(7)
    const first = placeMany(scheduler, 7)
    expect(new Set(first).size).toBe(7)
    expect(placeMany(scheduler, 7)).toEqual(first)
  })

  it('has an order that is the seed’s', () => {
    expect(placeMany(makeScheduler(20), 20)).toEqual(placeMany(makeScheduler(20), 20))
    expect(placeMany(makeScheduler(20), 20)).not.toEqual(placeMany(makeScheduler(20, 110, 'other'), 20))
  })

  it('passes over full nodes and ends when all are', () => {
    const scheduler = makeScheduler(3, 2)
    scheduler.occupy('node-1')
    scheduler.occupy('node-1')
    scheduler.occupy('node-0')
    expect(scheduler.room).toBe(3)
    expect(placeMany(scheduler, 4).sort()).toEqual(['node-0', 'node-2', 'node-2', undefined])
    expect(scheduler.room).toBe(0)
    scheduler.vacate('node-1')
    expect(scheduler.room).toBe(1)
    expect(placeMany(scheduler, 2)).toEqual(['node-1', undefined])
  })

  it('leaves out nodes that are not ready or gone', () => {
    const scheduler = makeScheduler(3)
    scheduler.setNode('node-0', false)
    scheduler.removeNode('node-1')
    expect(scheduler.readyNodeCount).toBe(1)
    expect(new Set(placeMany(scheduler, 5))).toEqual(new Set(['node-2']))
    scheduler.setNode('node-0', true)
    expect([scheduler.readyNodeCount, scheduler.room]).toEqual([2, 215])
  })

  it('has no place without nodes', () => {
    expect(makeScheduler(0).pick()).toBeUndefined()
  })
})
