/**
 * Simulated time of a scenario: how long it runs, how long things take, and the flags of the components that wait on purpose. Every
 * default names its source; `assumption` marks what nobody publishes.
 */
import { z } from 'zod'
import { delay } from './delay-spec.ts'
import { duration, positiveDuration } from './duration.ts'

export const DELAYS = z.strictObject({
  schedule: delay
    .prefault({ lognormal: { median: '10ms', p99: '100ms' } })
    .describe('a pod is created until it has a node; assumption: a scheduler without a backlog'),
  podStart: delay
    .prefault({ lognormal: { median: '1500ms', p99: '5s' } })
    .describe(
      'a pod has a node until its containers run, images pulled before; p99: the pod startup objective of SIG Scalability, median: assumption',
    ),
  appStart: delay
    .prefault('1s')
    .describe('the containers run until they accept connections and pass the readiness probe; assumption'),
  containerObserve: delay
    .prefault({ uniform: ['0s', '1s'] })
    .describe('a container starts or ends until its kubelet notices; the relist period of the kubelet is 1 s'),
  apiCall: delay
    .prefault({ lognormal: { median: '5ms', p99: '100ms' } })
    .describe('a kubelet or controller writes until the API server has it; p99 below the objective of 1 s, assumption'),
  controller: delay
    .prefault({ lognormal: { median: '10ms', p99: '100ms' } })
    .describe('the API server has a change until a controller acts on it (watch and work queue); assumption'),
  watch: delay
    .prefault({ lognormal: { median: '10ms', p99: '200ms' } })
    .describe("the API server has a change until a node's kubelet or kube-proxy hears of it; assumption"),
  proxyStart: delay
    .prefault('5s')
    .describe(
      'a node joins, or comes back, until its kube-proxy has listed everything and begins to write; assumption',
    ),
})

export const CONTROLLERS = z.strictObject({
  endpointUpdatesBatchPeriod: duration
    .prefault('0s')
    .describe('kube-controller-manager --endpointslice-updates-batch-period: pod changes wait as long for company'),
  nodeMonitorPeriod: positiveDuration
    .prefault('5s')
    .describe('kube-controller-manager --node-monitor-period: how often nodes are looked at'),
  nodeMonitorGracePeriod: positiveDuration
    .prefault('50s')
    .describe(
      'kube-controller-manager --node-monitor-grace-period: silence until a node is not ready (40s before 1.32)',
    ),
  nodeLeaseRenewPeriod: positiveDuration
    .prefault('10s')
    .describe('how often a kubelet renews its lease: a quarter of nodeLeaseDurationSeconds, 40 s'),
  evictAfter: duration
    .prefault('300s')
    .describe('tolerationSeconds of the taints not-ready and unreachable: 300 s, set by DefaultTolerationSeconds'),
  crashBackOff: positiveDuration
    .prefault('10s')
    .describe('first wait before a crashed container is started again; doubles each time'),
  crashBackOffMax: positiveDuration.prefault('300s').describe('longest such wait'),
  progressDeadline: positiveDuration
    .prefault('600s')
    .describe(
      'spec.progressDeadlineSeconds of Deployments: a rollout without progress for so long is reported as stuck',
    ),
})

export const TIME = z.strictObject({
  horizon: positiveDuration.describe('the simulation ends here, whatever is still going on; the cluster stands at 0'),
  window: positiveDuration.prefault('10s').describe('percentiles over time are given for every window of this length'),
  delays: DELAYS.prefault({}).describe('how long things take: durations or distributions'),
  controllers: CONTROLLERS.prefault({}).describe('flags of the components that wait on purpose'),
})
