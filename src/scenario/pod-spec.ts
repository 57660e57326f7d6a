/**
 * How pods come up and go down, and how a rollout replaces them: what a pod template says of it, with Kubernetes' defaults. A scenario
 * gives it once for all workloads (`pods`) and a workload group may differ (`workloads[].pods`).
 */
import { z } from 'zod'
import { delay } from './delay-spec.ts'
import { duration, positiveDuration } from './duration.ts'

const share = z
  .union([z.int().min(0), z.string().regex(/^\d{1,3}%$/, { error: 'is no percentage, such as 25%' })])
  .refine(value => typeof value === 'number' || Number.parseInt(value, 10) <= 100, { error: 'is more than 100%' })

const READINESS = z.strictObject({
  initialDelay: duration.optional().describe('initialDelaySeconds: 0s'),
  period: positiveDuration.optional().describe('periodSeconds: 10s'),
  successThreshold: z.int().min(1).max(1_000).optional().describe('1'),
  failureThreshold: z.int().min(1).max(1_000).optional().describe('3'),
})

/** Every key may be absent: then the level below decides, at last Kubernetes' own default. */
export const POD_BEHAVIOUR = z.strictObject({
  readiness: READINESS.optional().describe('the readiness probe'),
  preStop: duration.optional().describe('lifecycle.preStop: a sleep of this length before SIGTERM; default 0s'),
  closeListener: delay
    .optional()
    .describe('SIGTERM until the app accepts no new connection; default 0s: the default action of the signal'),
  exit: delay.optional().describe('SIGTERM until the process has ended and its connections with it; default 0s'),
  terminationGracePeriod: duration
    .optional()
    .describe('deletion until SIGKILL, whatever preStop and the app are doing; default 30s'),
  maxSurge: share.optional().describe("a Deployment's pods above its replicas during a rollout; default 25%"),
  maxUnavailable: share.optional().describe('pods below its replicas during a rollout; default 25%, of a DaemonSet 1'),
  minReady: duration.optional().describe('minReadySeconds: how long a pod is ready until it counts; default 0s'),
})

export type PodBehaviour = z.infer<typeof POD_BEHAVIOUR>
