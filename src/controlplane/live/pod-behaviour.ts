/**
 * How the pods of a workload come up and go down. What the scenario says of its group comes first, then what it says of all pods, then the
 * workload's own template, then Kubernetes' defaults.
 */
import type { JsonObject, Workload } from '../../cluster/objects.ts'
import type { PodBehaviour } from '../../scenario/pod-spec.ts'
import type { Scenario } from '../../scenario/scenario.ts'
import { constantDelay, type Delay } from '../../sim/delay.ts'
import { SECOND_US, type TimeUs } from '../../sim/time.ts'
import { asRecord } from '../owner-reference.ts'
import type { Probe } from './pod-clock.ts'

export interface LiveBehaviour {
  readonly probe: Probe
  readonly preStopUs: TimeUs
  readonly graceUs: TimeUs
  readonly closeListener: Delay
  readonly exit: Delay
  readonly maxSurge: number | string
  readonly maxUnavailable: number | string
  readonly minReadyUs: TimeUs
}

/** Pods that no workload made behave as the scenario says of all pods: `workload` undefined. */
export function podBehaviour({ cluster, pods }: Scenario, workload: Workload | undefined): LiveBehaviour {
  const group =
    workload === undefined || workload.source !== undefined
      ? undefined
      : cluster.workloads.find(w => w.name === workload.name.replace(/-\d+$/, ''))?.pods
  const levels: readonly PodBehaviour[] = [group ?? {}, pods, ownBehaviour(workload?.source)]
  const first = <T>(pick: (level: PodBehaviour) => T | undefined): T | undefined =>
    levels.map(pick).find(value => value !== undefined)
  return {
    probe: {
      initialDelayUs: first(l => l.readiness?.initialDelay) ?? 0,
      periodUs: first(l => l.readiness?.period) ?? 10 * SECOND_US,
      successThreshold: first(l => l.readiness?.successThreshold) ?? 1,
      failureThreshold: first(l => l.readiness?.failureThreshold) ?? 3,
    },
    preStopUs: first(l => l.preStop) ?? 0,
    graceUs: first(l => l.terminationGracePeriod) ?? 30 * SECOND_US,
    closeListener: first(l => l.closeListener) ?? constantDelay(0),
    exit: first(l => l.exit) ?? constantDelay(0),
    maxSurge: first(l => l.maxSurge) ?? '25%',
    maxUnavailable: first(l => l.maxUnavailable) ?? (workload?.kind === 'DaemonSet' ? 1 : '25%'),
    minReadyUs: first(l => l.minReady) ?? 0,
  }
}

/** What an imported workload says itself; numbers that are none are as if absent. */
function ownBehaviour(source: JsonObject | undefined): PodBehaviour {
  const spec = asRecord(source?.['spec'])
  const podSpec = asRecord(asRecord(spec?.['template'])?.['spec'])
  const containers = podSpec?.['containers']
  const container = asRecord(Array.isArray(containers) ? containers[0] : undefined)
  const probe = asRecord(container?.['readinessProbe'])
  const sleep = asRecord(asRecord(asRecord(container?.['lifecycle'])?.['preStop'])?.['sleep'])
  const rolling = asRecord(asRecord(spec?.['strategy'] ?? spec?.['updateStrategy'])?.['rollingUpdate'])
  return {
    readiness: {
      initialDelay: seconds(probe?.['initialDelaySeconds']),
      period: seconds(probe?.['periodSeconds']) || undefined,
      successThreshold: whole(probe?.['successThreshold']) || undefined,
      failureThreshold: whole(probe?.['failureThreshold']) || undefined,
    },
    preStop: seconds(sleep?.['seconds']),
    terminationGracePeriod: seconds(podSpec?.['terminationGracePeriodSeconds']),
    minReady: seconds(spec?.['minReadySeconds']),
    maxSurge: share(rolling?.['maxSurge']),
    maxUnavailable: share(rolling?.['maxUnavailable']),
  }
}

const whole = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined

const seconds = (value: unknown): TimeUs | undefined => {
  const count = whole(value)
  return count === undefined ? undefined : count * SECOND_US
}

const share = (value: unknown): number | string | undefined =>
  typeof value === 'string' && /^\d{1,3}%$/.test(value) ? value : whole(value)
