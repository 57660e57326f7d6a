import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crashBackOffUs, type Probe, probedReadyUs, probedUnreadyUs, terminate } from './pod-clock.ts'

const probe = (more: Partial<Probe> = {}): Probe => ({
  initialDelayUs: 0,
  periodUs: 10,
  successThreshold: 1,
  failureThreshold: 3,
  ...more,
})

describe('a probe', () => {
  it.each([
    ['finds it ready at once', probe(), 100, 100, 100],
    ['finds it ready at the next period', probe(), 100, 101, 110],
    ['finds it ready at a period exactly', probe(), 100, 120, 120],
    ['waits for the initial delay', probe({ initialDelayUs: 7 }), 100, 101, 107],
    ['counts periods from the initial delay', probe({ initialDelayUs: 7 }), 100, 108, 117],
    ['needs all its successes', probe({ successThreshold: 3 }), 100, 101, 130],
  ])('%s', (_, of, startUs, upUs, readyUs) => {
    expect(probedReadyUs(of, startUs, upUs)).toBe(readyUs)
  })

  it('needs all its failures', () => {
    expect(probedUnreadyUs(probe(), 100, 131)).toBe(160)
    expect(probedUnreadyUs(probe({ failureThreshold: 1 }), 100, 140)).toBe(140)
  })

  it('is never early, and late by less than its periods', () => {
    fc.assert(
      fc.property(
        fc.nat(50),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(500),
        (initialDelayUs, periodUs, successThreshold, afterUs) => {
          const of = probe({ initialDelayUs, periodUs, successThreshold })
          const lateUs = probedReadyUs(of, 1_000, 1_000 + afterUs) - 1_000 - afterUs
          expect(lateUs).toBeGreaterThanOrEqual(0)
          expect(lateUs).toBeLessThan(Math.max(periodUs, initialDelayUs + 1) + (successThreshold - 1) * periodUs)
        },
      ),
    )
  })
})

const S = 1_000_000

describe('termination', () => {
  it.each([
    // preStop, grace, listener closed, exit -> SIGTERM, down, gone (seconds after the kubelet heard)
    [0, 30, 0, 0, [0, 0, 0]],
    [0, 30, 0, 5, [0, 0, 5]],
    [10, 30, 1, 5, [10, 11, 15]],
    // SIGKILL at the end of the grace period, hook included.
    [10, 30, 100, 100, [10, 30, 30]],
    [0, 30, 40, 50, [0, 30, 30]],
    // A hook as long as the grace period leaves two seconds, and no more.
    [60, 30, 0, 100, [30, 30, 32]],
    [29, 30, 0, 100, [29, 29, 31]],
    [0, 0, 5, 5, [0, 0, 0]],
    // The process is gone before its listener would have closed.
    [0, 30, 9, 3, [0, 3, 3]],
  ])('preStop %ds, grace %ds, listener %ds, exit %ds', (preStop, grace, close, exit, [signal, down, gone]) => {
    expect(terminate(7 * S, { preStopUs: preStop * S, graceUs: grace * S }, close * S, exit * S)).toEqual({
      signalUs: (7 + signal) * S,
      downUs: (7 + down) * S,
      goneUs: (7 + gone) * S,
    })
  })
})

it('backs off as the kubelet does: not at all, 10 s, 20 s, … 300 s', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 7, 50].map(n => crashBackOffUs(n, 10, 300))).toEqual([
    0, 10, 20, 40, 80, 160, 300, 300, 300,
  ])
})
