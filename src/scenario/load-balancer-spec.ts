/**
 * How a cloud's load balancers check their targets, by provider. Each value names its source; `assumption` marks what nobody publishes.
 * Services in the middle of Kubernetes name their health check's port; intervals and thresholds are the cloud provider's own.
 */
import { z } from 'zod'
import { SECOND_US, type TimeUs } from '../sim/time.ts'
import { duration, positiveDuration } from './duration.ts'

export interface HealthCheckPreset {
  readonly intervalUs: TimeUs
  readonly timeoutUs: TimeUs
  /** Checks in a row that bring a target back, that take it out, and that a new one must pass. */
  readonly healthyThreshold: number
  readonly unhealthyThreshold: number
  readonly initialThreshold: number
  /** A node joins until its checks begin. */
  readonly registrationUs: TimeUs
  /** A node was removed until no new connection goes there. */
  readonly deregistrationUs: TimeUs
  /** A machine that answers nothing counts as it was until then. */
  readonly silentUs: TimeUs
  /** Without any target in service: all of them. */
  readonly failsOpen: boolean
}

const s = (seconds: number): TimeUs => seconds * SECOND_US

export const PROVIDERS = ['instant', 'aws-nlb', 'aws-clb', 'gcp', 'azure', 'metallb'] as const
export type Provider = (typeof PROVIDERS)[number]

export const HEALTH_CHECK_PRESETS: Readonly<Record<Provider, HealthCheckPreset>> = {
  /** Every change is known at once: no cloud does it. */
  instant: {
    intervalUs: 1,
    timeoutUs: 0,
    healthyThreshold: 1,
    unhealthyThreshold: 1,
    initialThreshold: 1,
    registrationUs: 0,
    deregistrationUs: 0,
    silentUs: 0,
    failsOpen: false,
  },
  'aws-nlb': {
    // docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html, and the same in cloud-provider-aws
    // (defaultNlbHealthCheckInterval, …Timeout, …Threshold in aws_loadbalancer.go).
    intervalUs: s(30),
    timeoutUs: s(10),
    healthyThreshold: 3,
    unhealthyThreshold: 3,
    // The same page: a new target must pass one check.
    initialThreshold: 1,
    // The same page: registration takes "a few minutes"; how many is an assumption.
    registrationUs: s(120),
    // github.com/aws/containers-roadmap/issues/470: about 120 s of traffic after deregistration.
    deregistrationUs: s(120),
    silentUs: 0,
    // The same page: with no healthy target it fails open.
    failsOpen: true,
  },
  'aws-clb': {
    // cloud-provider-aws, aws_loadbalancer.go: defaultElbHCInterval, …Timeout, …HealthyThreshold, …UnhealthyThreshold.
    intervalUs: s(10),
    timeoutUs: s(5),
    healthyThreshold: 2,
    unhealthyThreshold: 6,
    initialThreshold: 2,
    // Assumptions.
    registrationUs: s(10),
    deregistrationUs: s(10),
    silentUs: 0,
    failsOpen: false,
  },
  gcp: {
    // cloud-provider-gcp and ingress-gce, gceHcCheckIntervalSeconds, …TimeoutSeconds, …HealthyThreshold, …UnhealthyThreshold.
    intervalUs: s(8),
    timeoutUs: s(1),
    healthyThreshold: 1,
    unhealthyThreshold: 3,
    initialThreshold: 1,
    // Assumptions.
    registrationUs: s(10),
    deregistrationUs: s(10),
    silentUs: 0,
    // cloud.google.com/load-balancing/docs/network/networklb-backend-service: all backends, as a last resort.
    failsOpen: true,
  },
  azure: {
    // cloud-provider-azure, consts.go: HealthProbeDefaultProbeInterval and HealthProbeDefaultNumOfProbe.
    intervalUs: s(5),
    // Assumption: a probe that is not answered until the next one has failed.
    timeoutUs: s(5),
    healthyThreshold: 1,
    unhealthyThreshold: 2,
    initialThreshold: 1,
    // Assumptions.
    registrationUs: s(10),
    deregistrationUs: s(10),
    silentUs: 0,
    failsOpen: false,
  },
  /** In BGP mode: a speaker on every node announces the address while it knows a ready endpoint there. */
  metallb: {
    // A speaker hears of endpoints by its own watch; that routers follow within a second is an assumption.
    intervalUs: s(1),
    timeoutUs: 0,
    healthyThreshold: 1,
    unhealthyThreshold: 1,
    initialThreshold: 1,
    registrationUs: 0,
    deregistrationUs: 0,
    // metallb.universe.tf: holdTime of a BGP peer, 90 s by default.
    silentUs: s(90),
    failsOpen: false,
  },
}

export const HEALTH_CHECK = z.strictObject({
  interval: positiveDuration.optional().describe('from one check to the next'),
  timeout: duration.optional().describe('how long a check waits for its answer'),
  healthyThreshold: z.int().min(1).max(100).optional().describe('checks in a row that bring a target back'),
  unhealthyThreshold: z.int().min(1).max(100).optional().describe('checks in a row that take a target out'),
})

export type HealthCheckSpec = z.infer<typeof HEALTH_CHECK>

/** The provider's check with what the scenario says otherwise. */
export function healthCheckOf(provider: Provider, spec: HealthCheckSpec): HealthCheckPreset {
  const preset = HEALTH_CHECK_PRESETS[provider]
  return {
    ...preset,
    intervalUs: spec.interval ?? preset.intervalUs,
    timeoutUs: Math.min(spec.timeout ?? preset.timeoutUs, spec.interval ?? preset.intervalUs),
    healthyThreshold: spec.healthyThreshold ?? preset.healthyThreshold,
    unhealthyThreshold: spec.unhealthyThreshold ?? preset.unhealthyThreshold,
  }
}
