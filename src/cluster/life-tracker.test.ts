import { describe, expect, it } from 'vitest'
import { makePod } from '../../test/make-cluster-objects.ts'
import type { ClusterEventType } from './cluster-event.ts'
import { livesOfEvents } from './life-tracker.ts'
import type { Pod } from './objects.ts'

const UP: Partial<Pod> = { nodeName: 'n', podIPs: ['10.0.0.1'], phase: 'Running' }

const livesOf = (...story: readonly (readonly [number, ClusterEventType, Partial<Pod>])[]) =>
  livesOfEvents(
    story.map(([timeUs, type, pod], sequence) => ({ sequence, timeUs, type, object: makePod('p', { ...UP, ...pod }) })),
  )

describe('lives of a recorded log', () => {
  it('begin with an address and end with the pod', () => {
    expect(
      livesOf(
        [1, 'ADDED', { phase: 'Pending', podIPs: [] }],
        [2, 'MODIFIED', {}],
        [3, 'MODIFIED', { ready: true }],
        [9, 'MODIFIED', { ready: true, terminating: true }],
        [11, 'MODIFIED', { terminating: true }],
        [12, 'DELETED', { terminating: true }],
      ),
    ).toEqual([
      {
        pod: 'default/p',
        nodeName: 'n',
        addresses: ['10.0.0.1'],
        upUs: 2,
        readyUs: 3,
        terminatingUs: 9,
        downUs: 11,
        goneUs: 12,
        cut: false,
      },
    ])
  })

  it('go on when nothing ended them, and come again under the same name', () => {
    const lives = livesOf(
      [1, 'ADDED', {}],
      [5, 'MODIFIED', { phase: 'Failed' }],
      [5, 'DELETED', {}],
      [7, 'ADDED', { ready: true }],
    )
    expect(lives.map(l => [l.upUs, l.readyUs, l.downUs, l.goneUs])).toEqual([
      [1, Infinity, 5, 5],
      [7, 7, Infinity, Infinity],
    ])
  })

  it('are not those of the host network, nor of pods that never ran', () => {
    expect(livesOf([1, 'ADDED', { hostNetwork: true }])).toEqual([])
    expect(livesOf([1, 'ADDED', { phase: 'Pending' }], [2, 'DELETED', { phase: 'Pending' }])).toEqual([])
    expect(livesOf([1, 'DELETED', {}])).toEqual([])
  })
})
