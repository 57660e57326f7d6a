/** Where theory says what must come out, it does: Little's law, Poisson counts, the mean wait for a probe and for a batch. */
import { describe, expect, it } from 'vitest'
import { FIXED_DELAYS, oneDeployment, podEvents, simulate, sliceEvents } from '../../../test/run-simulation.ts'

const S = 1_000_000
const HORIZON_S = 1_500
const RATE = 2

const churning = (more: { readonly churn?: object; readonly pods?: object; readonly controllers?: object } = {}) =>
  simulate({
    ...oneDeployment(200, { pods: more.pods ?? {} }),
    churn: { podsPerSecond: RATE, ...more.churn },
    time: { horizon: `${HORIZON_S}s`, delays: FIXED_DELAYS, controllers: more.controllers ?? {} },
  })

describe('a steady churn', () => {
  const { events } = churning()

  it('is a Poisson process of its rate', () => {
    const deleted = podEvents(events).filter(
      e => e.type === 'MODIFIED' && e.object.terminating && e.object.phase === 'Running',
    )
    const expected = RATE * HORIZON_S
    // Five standard deviations of a Poisson count.
    expect(Math.abs(deleted.length - expected)).toBeLessThan(5 * Math.sqrt(expected))
    const gaps = deleted.slice(1).map((e, i) => e.timeUs - deleted[i].timeUs)
    const mean = gaps.reduce((a, b) => a + b, 0) / gaps.length
    const variance = gaps.reduce((sum, g) => sum + (g - mean) ** 2, 0) / gaps.length
    expect(Math.sqrt(variance) / mean).toBeCloseTo(1, 1)
  })

  it("obeys Little's law: pods on their way = rate x time on the way", () => {
    // Scheduled and written 0.01 s, heard 0.05 s, started 2 s, up 1 s; the probe's next beat is 10 s after the start; written 0.01 s.
    const wayS = 0.01 + 0.05 + 2 + 10 + 0.01
    const { meanCount, waysUs } = onTheirWay(podEvents(events))
    expect(new Set(waysUs)).toEqual(new Set([Math.round(wayS * S)]))
    // The mean of a Poisson number of mean L over a time T of memory W: variance about L W / T.
    const expected = RATE * wayS
    expect(Math.abs(meanCount - expected)).toBeLessThan(5 * Math.sqrt((expected * wayS) / HORIZON_S))
  })

  it('keeps the pods that are not there as few as the law says', () => {
    // Not ready from the deletion until the successor is ready: 0.11 s more.
    const { state } = churning({ churn: { arrivals: 'regular' } })
    const ready = [...state.pods.values()].filter(p => p.object.ready && !p.object.terminating).length
    expect(Math.abs(200 - ready - RATE * 12.18)).toBeLessThanOrEqual(1)
  })
})

/** Pods between creation and readiness: their mean number over time, and how long each of them took. */
function onTheirWay(events: ReturnType<typeof podEvents>) {
  const since = new Map<string, number>()
  const waysUs: number[] = []
  let area = 0
  let lastUs = 0
  for (const { type, timeUs, object } of events) {
    if (timeUs === 0) continue
    area += since.size * (timeUs - lastUs)
    lastUs = timeUs
    const createdUs = since.get(object.name)
    if (type === 'ADDED') since.set(object.name, timeUs)
    else if (createdUs !== undefined && object.ready) {
      waysUs.push(timeUs - createdUs)
      since.delete(object.name)
    }
  }
  return { meanCount: area / lastUs, waysUs }
}

describe('a batch period', () => {
  it('makes the first change wait in full, and the others half on average', () => {
    const periodS = 4
    const { events } = churning({ controllers: { endpointUpdatesBatchPeriod: `${periodS}s` }, pods: { exit: '25s' } })
    const slices = sliceEvents(events).filter(e => e.timeUs > 0 && e.object.lastChangeTriggerUs !== undefined)
    for (const { timeUs, object } of slices) expect(timeUs - object.lastChangeTriggerUs!).toBe(periodS * S + 110_000)
    const updates = [...new Set(slices.map(e => e.timeUs))]
    const deletions = podEvents(events).filter(
      e => e.object.terminating && e.object.phase === 'Running' && e.type === 'MODIFIED',
    )
    const waits = deletions.flatMap(({ timeUs }) => {
      const update = updates.find(u => u > timeUs)
      return update === undefined ? [] : [update - timeUs]
    })
    const meanS = waits.reduce((a, b) => a + b, 0) / waits.length / S
    // An update takes all changes of its 4.11 s; between updates nothing is pending for 1 / (all changes a second).
    expect(meanS).toBeGreaterThan(periodS / 2)
    expect(meanS).toBeLessThan(periodS / 2 + 0.5)
  })
})

describe('a readiness probe', () => {
  it('adds half a period on average when start-up takes a random time', () => {
    const { lives } = simulate({
      ...oneDeployment(200, { pods: { readiness: { period: '10s' } } }),
      churn: { podsPerSecond: RATE },
      time: { horizon: `${HORIZON_S}s`, delays: { ...FIXED_DELAYS, appStart: { uniform: ['0s', '20s'] } } },
    })
    const late = lives.filter(l => l.upUs > 0 && l.readyUs < Infinity).map(l => (l.readyUs - l.upUs) / S)
    expect(late.length).toBeGreaterThan(2_000)
    const mean = late.reduce((a, b) => a + b, 0) / late.length
    // Uniform over a period: standard error 10 / sqrt(12 n); the write adds 10 ms.
    expect(Math.abs(mean - 5.01)).toBeLessThan((5 * 10) / Math.sqrt(12 * late.length))
  })
})
