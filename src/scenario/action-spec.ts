/**
 * What happens in the cluster while it runs: actions at given instants, and churn, pods replaced at a steady rate. An action names
 * its targets with `*` for any text; a target that matches nothing is a Problem when the cluster is made.
 */
import { z } from 'zod'
import { duration, positiveDuration } from './duration.ts'

const count = (max: number) => z.int().min(1).max(max)

const pattern = z.string().min(1).max(317)
const workload = pattern.describe(
  '`namespace/name` of workloads, or `name` in namespace default; * stands for any text',
)
const node = pattern.describe('names of nodes; * stands for any text')
const replicas = z.int().min(0).max(1_000_000).describe('how many pods')

const at = duration.describe('when')

/** One key besides `at`: the verb. */
export const ACTION = z.union([
  z.strictObject({ at, scale: z.strictObject({ workload, replicas }) }).describe('kubectl scale'),
  z
    .strictObject({
      at,
      autoscale: z.strictObject({
        workload,
        replicas: replicas.describe('where it ends'),
        period: positiveDuration.prefault('15s').describe('HPA: one step every 15 s'),
        percent: count(10_000).default(100).describe("most growth a step in percent; HPA's default 100"),
        pods: count(1_000_000).default(4).describe("or as many pods, whichever is more; HPA's default 4"),
      }),
    })
    .describe('the steps of a HorizontalPodAutoscaler on its way to a number of replicas, scheduled beforehand'),
  z.strictObject({ at, rollout: z.strictObject({ workload }) }).describe('kubectl rollout restart: a rolling update'),
  z
    .strictObject({
      at,
      crashLoop: z.strictObject({
        workload,
        pods: count(1_000_000).default(1).describe('how many of its pods, the oldest first'),
        runs: duration.prefault('1s').describe('how long a container lives from its start until it crashes again'),
        times: count(1_000_000).default(5).describe('crashes until it stays up'),
      }),
    })
    .describe('containers that crash, with the back-off of the kubelet'),
  z
    .strictObject({
      at,
      drain: z.strictObject({
        node,
        interval: duration.prefault('0s').describe('from one eviction to the next; kubectl drain evicts all at once'),
      }),
    })
    .describe('kubectl drain: cordon, then evict all pods but those of DaemonSets'),
  z.strictObject({ at, uncordon: z.strictObject({ node }) }).describe('kubectl uncordon'),
  z.strictObject({ at, failNode: z.strictObject({ node }) }).describe('the machine is gone: nothing answers any more'),
  z.strictObject({ at, recoverNode: z.strictObject({ node }) }).describe('a failed machine comes back, rebooted'),
  z
    .strictObject({ at, joinNodes: z.strictObject({ count: count(100_000).describe('how many') }) })
    .describe('new nodes join, spread over the zones'),
  z.strictObject({ at, removeNode: z.strictObject({ node }) }).describe('the Node objects are deleted'),
  z
    .strictObject({
      at,
      deleteService: z.strictObject({ service: pattern.describe('`namespace/name`, as for workloads') }),
    })
    .describe('kubectl delete service'),
])

export const CHURN = z.strictObject({
  podsPerSecond: z
    .number()
    .min(0)
    .max(100_000)
    .describe('pods deleted a second, each replaced by its workload: a deletion and a start a change'),
  workload: workload.default('*/*'),
  arrivals: z
    .enum(['poisson', 'regular'])
    .default('poisson')
    .describe('poisson: at random instants; regular: at equal distances'),
  from: duration.prefault('0s'),
  until: positiveDuration.optional().describe('absent: the horizon'),
})

export type Action = z.infer<typeof ACTION>
