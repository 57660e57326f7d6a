/**
 * When a load balancer sends new connections to one target: health checks in a row decide, as every cloud has it. A pure state machine of
 * two states and one counter, stepped check by check; stretches in which nothing can change are skipped.
 *
 * A check that is answered counts at once, one that is not when its timeout is over. Deviation: a load balancer has one checker; real ones
 * check from several places and may disagree for a while.
 */
import type { HealthCheckPreset } from '../scenario/load-balancer-spec.ts'
import type { TimeUs } from '../sim/time.ts'

/** What a check would meet from `timeUs` on; steps rise. Before the first: silence. */
export interface AnswerStep {
  readonly timeUs: TimeUs
  readonly answer: Answer
}

export type Answer = 'passes' | 'fails' | 'silent'

export interface TargetHealth {
  readonly inService: boolean
  /** Results in a row against that state. */
  readonly against: number
}

export function afterCheck(
  { inService, against }: TargetHealth,
  passed: boolean,
  thresholds: { readonly up: number; readonly down: number },
): TargetHealth {
  if (passed === inService) return { inService, against: 0 }
  return against + 1 >= (inService ? thresholds.down : thresholds.up)
    ? { inService: passed, against: 0 }
    : { inService, against: against + 1 }
}

export interface TargetLife {
  /** Before or at 0: it was there, and judged by its answer of then, when the simulation began. */
  readonly addedUs: TimeUs
  readonly removedUs: TimeUs
  /** From `addedUs`, or the end of its registration, until the first check; less than the interval. */
  readonly phaseUs: TimeUs
}

/** Starts and ends in turn, rising, of when the target is in service, none after `horizonUs`; a last start without an end goes on. */
export function targetRotation(
  check: HealthCheckPreset,
  steps: readonly AnswerStep[],
  { addedUs, removedUs, phaseUs }: TargetLife,
  horizonUs: TimeUs,
): number[] {
  const turns: number[] = []
  const endUs = Math.min(horizonUs, removedUs + check.deregistrationUs)
  const wasThere = addedUs <= 0
  let step = -1
  const advance = (timeUs: TimeUs): void => {
    while (step + 1 < steps.length && steps[step + 1].timeUs <= timeUs) step++
  }
  advance(0)
  let health: TargetHealth = { inService: wasThere && steps[step]?.answer === 'passes', against: 0 }
  if (health.inService) turns.push(0)
  let up = wasThere ? check.healthyThreshold : check.initialThreshold
  let checkUs = (wasThere ? 0 : addedUs + check.registrationUs) + phaseUs
  while (checkUs < endUs) {
    advance(checkUs)
    const { answer, timeUs: sinceUs } = steps[step] ?? SILENCE
    const isLate = answer === 'silent' && checkUs - sinceUs < check.silentUs
    const passed = answer === 'passes' || (isLate && health.inService)
    const next = afterCheck(health, passed, { up, down: check.unhealthyThreshold })
    if (next.inService !== health.inService) {
      const changeUs = checkUs + (answer === 'silent' ? check.timeoutUs : 0)
      if (changeUs >= endUs) break
      turns.push(changeUs)
      up = check.healthyThreshold
    }
    health = next
    const settled = passed === health.inService && !isLate
    const nextStepUs = step + 1 < steps.length ? steps[step + 1].timeUs : Infinity
    const skipped = settled ? Math.ceil((Math.min(nextStepUs, endUs) - checkUs) / check.intervalUs) : 1
    checkUs += check.intervalUs * Math.max(1, skipped)
  }
  if (turns.length % 2 === 1 && endUs < horizonUs) turns.push(endUs)
  return turns
}

const SILENCE: AnswerStep = { timeUs: -Infinity, answer: 'silent' }
