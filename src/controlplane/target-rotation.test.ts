import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HEALTH_CHECK_PRESETS, type HealthCheckPreset, PROVIDERS } from '../scenario/load-balancer-spec.ts'
import { SECOND_US } from '../sim/time.ts'
import { type Answer, type AnswerStep, afterCheck, targetRotation } from './target-rotation.ts'

const HOUR = 3600 * SECOND_US
const s = (seconds: number): number => seconds * SECOND_US

const always = (answer: Answer): AnswerStep[] => [{ timeUs: 0, answer }]
const there = (phaseUs = 0) => ({ addedUs: 0, removedUs: Infinity, phaseUs })

/** Check by check, none skipped. */
function slowly(check: HealthCheckPreset, steps: readonly AnswerStep[], phaseUs: number, horizonUs: number): number[] {
  const at = (timeUs: number): AnswerStep | undefined => steps.findLast(step => step.timeUs <= timeUs)
  let health = { inService: at(0)?.answer === 'passes', against: 0 }
  const turns = health.inService ? [0] : []
  for (let t = phaseUs; t < horizonUs; t += check.intervalUs) {
    const step = at(t)
    const silent = step === undefined || step.answer === 'silent'
    const isLate = silent && t - (step?.timeUs ?? -Infinity) < check.silentUs
    const next = afterCheck(health, step?.answer === 'passes' || (isLate && health.inService), {
      up: check.healthyThreshold,
      down: check.unhealthyThreshold,
    })
    const changeUs = t + (silent ? check.timeoutUs : 0)
    if (next.inService !== health.inService) {
      if (changeUs >= horizonUs) break
      turns.push(changeUs)
    }
    health = next
  }
  return turns
}

describe('a target', () => {
  it.each(PROVIDERS)('of %s stays in service while it passes, and out while it fails', provider => {
    const check = HEALTH_CHECK_PRESETS[provider]
    expect(targetRotation(check, always('passes'), there(), HOUR)).toEqual([0])
    expect(targetRotation(check, always('fails'), there(), HOUR)).toEqual([])
    expect(targetRotation(check, [], there(), HOUR)).toEqual([])
  })

  it('leaves and returns after as many checks in a row as the thresholds say', () => {
    const check = { ...HEALTH_CHECK_PRESETS['aws-clb'] }
    const steps: AnswerStep[] = [
      ...always('passes'),
      { timeUs: s(100), answer: 'fails' },
      { timeUs: s(300), answer: 'passes' },
    ]
    // Checks at 5, 15, …: those at 105 to 155 fail, the second that passes again is at 315.
    expect(targetRotation(check, steps, there(s(5)), HOUR)).toEqual([0, s(155), s(315)])
    const blink: AnswerStep[] = [
      ...always('passes'),
      { timeUs: s(100), answer: 'fails' },
      { timeUs: s(150), answer: 'passes' },
    ]
    expect(targetRotation(check, blink, there(s(5)), HOUR)).toEqual([0])
  })

  it('of a machine that died leaves an NLB after three checks of 30 s: 90 s, published as such', () => {
    const check = HEALTH_CHECK_PRESETS['aws-nlb']
    const leaves = Array.from({ length: 300 }, (_, i) => {
      const steps: AnswerStep[] = [...always('passes'), { timeUs: s(1000), answer: 'silent' }]
      return (targetRotation(check, steps, there(s(i / 10)), HOUR)[1] - s(1000)) / SECOND_US
    })
    const mean = leaves.reduce((a, b) => a + b, 0) / leaves.length
    expect(Math.abs(mean / 90 - 1)).toBeLessThan(0.1)
    expect(Math.min(...leaves)).toBeGreaterThanOrEqual(70)
    expect(Math.max(...leaves)).toBeLessThanOrEqual(100)
  })

  it('of a dead machine behind MetalLB leaves when the BGP session does', () => {
    const steps: AnswerStep[] = [...always('passes'), { timeUs: s(100), answer: 'silent' }]
    expect(targetRotation(HEALTH_CHECK_PRESETS.metallb, steps, there(), HOUR)).toEqual([0, s(190)])
  })

  it('that is new is registered first, and one that is removed is sent to for a while', () => {
    const check = HEALTH_CHECK_PRESETS['aws-nlb']
    const life = { addedUs: s(60), removedUs: s(600), phaseUs: s(3) }
    expect(targetRotation(check, always('passes'), life, HOUR)).toEqual([s(60 + 120 + 3), s(720)])
    expect(targetRotation(check, always('passes'), life, s(700))).toEqual([s(183)])
  })

  it('turns as one that is stepped check by check', () => {
    const step = fc.record({
      timeUs: fc.integer({ min: 0, max: 400 }).map(s),
      answer: fc.constantFrom<Answer>('passes', 'fails', 'silent'),
    })
    fc.assert(
      fc.property(
        fc.constantFrom(...PROVIDERS.slice(1)),
        fc.array(step, { maxLength: 12 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (provider, drawn, share) => {
          const check = HEALTH_CHECK_PRESETS[provider]
          const steps = drawn.sort((a, b) => a.timeUs - b.timeUs)
          const phaseUs = Math.floor(share * check.intervalUs)
          expect(targetRotation(check, steps, there(phaseUs), s(500))).toEqual(slowly(check, steps, phaseUs, s(500)))
        },
      ),
      { numRuns: 500 },
    )
  })
})
