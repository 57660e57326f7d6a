/**
 * A scenario: one question and everything its answer depends on. This schema is the single definition: the types, the checks and the
 * JSON Schema for editors (scenarios/scenario.schema.json) all come from it. Every key has a description; docs and editors show it.
 */
import { z } from 'zod'
import { parseIp, parsePrefix } from '../net/ip.ts'
import { SECOND_US } from '../sim/time.ts'
import { ACTION, CHURN } from './action-spec.ts'
import { delay } from './delay-spec.ts'
import { duration, positiveDuration } from './duration.ts'
import { HEALTH_CHECK, PROVIDERS } from './load-balancer-spec.ts'
import { POD_BEHAVIOUR } from './pod-spec.ts'
import { SWEEP } from './sweep-spec.ts'
import { modeOfTool, SYNC_TOOLS } from './sync-profile.ts'
import { TIME } from './time-spec.ts'

const count = (max: number) => z.int().min(1).max(max)

/** Of made-up addresses outside. */
const MOST_CLIENTS = 65_536

const cidr = z
  .string()
  .refine(text => parsePrefix(text) !== undefined, { error: 'is no CIDR, such as 10.96.0.0/12 or fd00::/112' })

const ip = z.string().refine(text => parseIp(text) !== undefined, { error: 'is no IP address' })

/** A list, or (for `--set`) one text with commas. */
const listOf = <T extends z.ZodType>(item: T) =>
  z.preprocess(
    value => (typeof value === 'string' ? value.split(',').filter(part => part !== '') : value),
    z.array(item),
  )

const SERVICE = z.strictObject({
  every: count(1_000_000).default(1).describe('a Service for every n-th workload of the group, the first one included'),
  type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']).default('ClusterIP').describe('spec.type'),
  ports: z
    .array(
      z.strictObject({
        name: z.string().max(63).default('').describe('needed when there is more than one'),
        port: z.int().min(1).max(65_535).describe('where clients send'),
        targetPort: z
          .union([z.int().min(1).max(65_535), z.string().min(1).max(15)])
          .optional()
          .describe('where pods listen, a number or the name of a container port; absent: as port'),
        protocol: z.enum(['TCP', 'UDP', 'SCTP']).default('TCP').describe('one Service may have several'),
      }),
    )
    .min(1)
    .refine(ports => ports.length === 1 || ports.every(p => p.name !== ''), {
      error: 'has a port without a name; with several ports each needs one',
    })
    .refine(ports => new Set(ports.map(p => p.name)).size === ports.length, { error: 'has two ports of one name' })
    .refine(ports => new Set(ports.map(p => `${p.port}/${p.protocol}`)).size === ports.length, {
      error: 'has one port number and protocol twice',
    })
    .default([{ name: '', port: 80, targetPort: 8080, protocol: 'TCP' }])
    .describe('spec.ports'),
  externalTrafficPolicy: z
    .enum(['Cluster', 'Local'])
    .default('Cluster')
    .describe('Local: traffic from outside stays on the node it came to, and keeps its source address'),
  internalTrafficPolicy: z
    .enum(['Cluster', 'Local'])
    .default('Cluster')
    .describe('Local: traffic of a node goes to its own pods alone'),
  ipFamilyPolicy: z
    .enum(['SingleStack', 'PreferDualStack', 'RequireDualStack'])
    .default('SingleStack')
    .describe('one ClusterIP, or one of each family'),
  sessionAffinity: z
    .enum(['None', 'ClientIP'])
    .default('None')
    .describe('ClientIP: connections of one client address go to the endpoint of its last one, node by node'),
  affinityTimeoutSeconds: z
    .int()
    .min(1)
    .max(86_400)
    .default(10_800)
    .describe('sessionAffinityConfig.clientIP.timeoutSeconds: a client that stays away for longer is forgotten'),
  trafficDistribution: z
    .enum(['PreferClose', 'PreferSameZone', 'PreferSameNode'])
    .optional()
    .describe('hints that keep traffic in the zone or on the node; absent: none'),
  topologyMode: z
    .enum(['Auto'])
    .optional()
    .describe('annotation service.kubernetes.io/topology-mode: zone hints in proportion to the CPUs of the zones'),
})

const WORKLOAD = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z]([-a-z0-9]{0,40}[a-z0-9])?$/, {
      error: 'is no DNS label of at most 42 characters (lower-case letters, digits, -)',
    })
    .describe('workloads are called NAME-0, NAME-1, … in every namespace'),
  kind: z
    .enum(['Deployment', 'StatefulSet', 'DaemonSet'])
    .default('Deployment')
    .describe('a DaemonSet has a pod on every node, whatever its replicas'),
  count: count(1_000_000).default(1).describe('workloads of this group in every namespace'),
  replicas: z.int().min(0).max(1_000_000).default(1).describe('pods of each workload'),
  pods: POD_BEHAVIOUR.prefault({}).describe('where its pods behave unlike those of the others'),
  containerPort: z.int().min(1).max(65_535).default(8080).describe('the port its pods declare'),
  service: SERVICE.optional().describe('the Service in front of each workload; absent: none'),
})

const CLUSTER = z.strictObject({
  nodes: count(100_000)
    .optional()
    .describe('size of the synthetic node pool; absent: the nodes that the objects bring, or 3 where they bring none'),
  zones: count(1_000).default(1).describe('zones the synthetic nodes are spread over, in turn'),
  namespaces: count(100_000).default(1).describe('namespaces that each hold the workload groups below'),
  workloads: z.array(WORKLOAD).default([]).describe('synthetic workloads'),
  objects: listOf(z.string().min(1))
    .default([])
    .describe(
      'files of Kubernetes objects (JSON or YAML), relative to the scenario; from the command line, to the working folder',
    ),
  onClash: z
    .enum(['error', 'warn'])
    .default('error')
    .describe('what to do when two Services ask for one clusterIP or node port'),
  serviceCidrs: listOf(cidr).optional().describe('where ClusterIPs come from, one a family, the primary family first'),
  clusterCidrs: listOf(cidr).optional().describe('where the pod CIDRs of nodes come from, one a family'),
  nodeCidrs: listOf(cidr).optional().describe('where node addresses come from, one a family'),
  maxPodsPerNode: count(10_000).default(110).describe('how many pods a node takes'),
  loadBalancer: z
    .strictObject({
      ingress: z
        .enum(['hostname', 'ip'])
        .default('hostname')
        .describe('what the provider publishes in status.loadBalancer'),
      ipRange: cidr.default('198.51.100.0/24').describe('where the addresses of ingress: ip come from'),
      provider: z
        .enum(PROVIDERS)
        .default('instant')
        .describe('over time: whose health checks decide where new connections go; instant: no checks, known at once'),
      healthCheck: HEALTH_CHECK.prefault({}).describe("instead of the provider's own values"),
    })
    .prefault({})
    .describe('what the cloud makes of Services of type LoadBalancer'),
})

const PROXY = z.strictObject({
  mode: z.enum(['iptables', 'nftables']).default('iptables').describe('of kube-proxy on every node'),
  serviceOrder: z
    .enum(['shuffled', 'sorted'])
    .default('shuffled')
    .describe(
      'kube-proxy walks Services in random order, another on every node; sorted: by namespace, name, port on all of them',
    ),
  chainNames: z
    .enum(['current', 'legacy'])
    .default('current')
    .describe('legacy: hashes as releases before 1.20 made them'),
  masqueradeAll: z.boolean().default(false).describe('masquerade all traffic to ClusterIPs'),
  detectLocalMode: z
    .enum(['ClusterCIDR', 'NodeCIDR', 'BridgeInterface', 'InterfaceNamePrefix'])
    .default('ClusterCIDR')
    .describe("how kube-proxy tells the node's own pods"),
  podBridgeInterface: z.string().max(15).default('cni0').describe('of BridgeInterface'),
  podInterfaceNamePrefix: z.string().max(15).default('veth').describe('of InterfaceNamePrefix'),
  nodePortAddresses: listOf(z.string()).default([]).describe('CIDRs of node addresses that take node ports; none: all'),
  localhostNodePorts: z.boolean().default(true).describe('node ports on 127.0.0.0/8 too'),
  masqueradeBit: z.int().min(0).max(31).default(14).describe('bit of the packet mark that asks for a masquerade'),
  minSyncPeriod: duration
    .prefault('1s')
    .describe('iptables.minSyncPeriod: from the end of a sync to the next at least'),
  syncTool: z
    .enum(SYNC_TOOLS)
    .optional()
    .describe('over time: what loads the rules, and so prices syncs; absent: iptables-legacy, nft-1.0.6'),
  syncDuration: z
    .strictObject({
      full: delay.optional().describe('of a full sync'),
      partial: delay.optional().describe('of a partial one'),
    })
    .optional()
    .describe('over time: how long syncs take; absent: priced by what they write'),
  syncPeriod: duration.prefault('30s').describe('iptables.syncPeriod: a failed sync is tried again after this'),
  conntrack: z
    .strictObject({
      maxPerCore: count(16_777_216)
        .default(32_768)
        .describe('--conntrack-max-per-core: entries of a connection table for each core'),
      min: z.int().min(0).max(16_777_216).default(131_072).describe('--conntrack-min: a table has as many at least'),
      cores: count(1_024).default(4).describe('of every node; assumption'),
    })
    .optional()
    .describe(
      "over time: nodes' connection tables fill up, nf_conntrack_max as kube-proxy sets it; all connections are then worked through in one job; absent: there is room for all",
    ),
})

const TRAFFIC = z.strictObject({
  packets: z
    .int()
    .min(0)
    .max(1_000_000_000_000)
    .default(1_000_000)
    .describe('packets from clients to backends over all connections'),
  packetsPerConnection: z
    .union([
      z.number().min(1).max(1_000_000),
      z.strictObject({ geometricMean: z.number().min(1).max(1_000_000).describe('mean packets of a connection') }),
    ])
    .default(10)
    .describe(
      'a whole number: every connection has as many; geometricMean: drawn from a geometric distribution of this mean',
    ),
  connectionDuration: delay
    .prefault('100ms')
    .describe('over time: from the first packet of a connection to its last, packets at equal distances; assumption'),
  keepAlive: z
    .strictObject({
      requests: count(1_000_000_000).optional().describe('over one connection at most; absent: no limit'),
      maxAge: positiveDuration.optional().describe('a connection as old is not used again; absent: no limit'),
      retries: z
        .int()
        .min(0)
        .max(100)
        .default(0)
        .describe('how often a request whose connection cannot be opened is tried again at once'),
      timeout: positiveDuration
        .optional()
        .describe(
          'a closed loop (TCP, SCTP): a request that nobody answers holds its client up for so long, and so every later one; absent: an open loop, requests leave on time whatever comes of those before',
        ),
      ramp: duration.prefault('1s').describe('clients begin evenly within this time'),
    })
    .optional()
    .describe(
      'over time: a connection stands for a client from its beginning to the horizon, its packets for requests at equal distances, over one connection after the other',
    ),
  popularity: z
    .union([
      z.literal('uniform'),
      z.strictObject({ zipf: z.number().min(0).max(5).describe('the k-th Service gets k^-zipf; 0 is uniform') }),
    ])
    .default('uniform')
    .describe('how connections choose among Services; zipf: the exponent'),
  sources: z
    .strictObject({
      pod: z.number().min(0).max(1_000_000).default(0).describe('pods of every node, to ClusterIPs'),
      node: z.number().min(0).max(1_000_000).default(0).describe('the nodes themselves, to ClusterIPs'),
      outside: z
        .number()
        .min(0)
        .max(1_000_000)
        .default(0)
        .describe('clients outside, through load balancers and node ports; needs such Services'),
    })
    .refine(s => s.pod + s.node + s.outside > 0, { error: 'has no weight above 0' })
    .prefault({ pod: 1 })
    .describe('weights of where connections come from'),
  clients: z
    .union([count(MOST_CLIENTS), listOf(ip)])
    .default([])
    .describe(
      'addresses of the outside clients, or how many there are (from 198.18.0.0/15 and 2001:2::/48, the ranges for benchmarks); absent: 254 documentation addresses a family',
    ),
})

const RECORDING = z.strictObject({
  files: listOf(z.string().min(1))
    .refine(files => files.length > 0, { error: 'is empty' })
    .describe(
      'watch streams with times (kubectl get --watch --output-watch-events -o json) or SimKube traces, relative to the scenario; the first instant of all of them is the start',
    ),
  reorder: z.boolean().default(false).describe('sorts a file whose times jump back, which is an error otherwise'),
})

const FIELDS = z.strictObject({
  $schema: z.string().optional().describe('for editors'),
  name: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, {
      error: 'is no name of lower-case letters, digits and -, at most 63 characters',
    })
    .describe('also the name of the result folder'),
  question: z.string().min(1).max(500).describe('the one question this scenario answers'),
  seed: z
    .union([z.string().min(1).max(200), z.number()])
    .transform(String)
    .default('svcsim')
    .describe('every random choice is a function of it'),
  cluster: CLUSTER.prefault({}).describe('nodes, workloads and Services, made up or your own'),
  proxy: PROXY.prefault({}).describe('settings of kube-proxy'),
  time: TIME.optional().describe('absent: nothing moves, all follows at the instant of its cause'),
  pods: POD_BEHAVIOUR.prefault({}).describe('how pods come up and go down; needs time'),
  actions: z.array(ACTION).max(1_000_000).default([]).describe('what happens while it runs; needs time'),
  recording: RECORDING.optional().describe('recorded changes that drive the cluster; needs time'),
  churn: CHURN.optional().describe('pods replaced at a steady rate; needs time'),
  traffic: TRAFFIC.prefault({}).describe('who sends how much to whom'),
  budget: positiveDuration
    .prefault('100us')
    .describe(
      'processor time that a new connection may cost the kernels on its way; the default is a round trip in a data centre, and 10,000 new connections a second and core',
    ),
  sweep: SWEEP.optional().describe('run the scenario once for every value of one key'),
  variants: z
    .record(
      z.string().regex(/^[a-z]([-a-z0-9]{0,40}[a-z0-9])?$/, {
        error: 'is no name of lower-case letters, digits and -, at most 42 characters, a letter first',
      }),
      z.record(z.string(), z.unknown()),
    )
    .refine(variants => Object.keys(variants).length > 1, { error: 'has fewer than two variants' })
    .optional()
    .describe(
      'runs that are compared with the first of them: by name, the keys each changes, as cluster.workloads[0].replicas: 5',
    ),
  detailNodes: z
    .int()
    .min(0)
    .max(16)
    .default(3)
    .describe('nodes whose full rule counters are kept: the first, the median, the busiest, …'),
  expect: z
    .array(z.string().min(1))
    .default([])
    .describe('thresholds such as "services.pValueBelow0.001 <= 2"; a failed one makes exit code 1'),
})

export const SCENARIO = FIELDS.superRefine(({ proxy, time, actions, churn, recording }, check) => {
  const { mode, syncTool, conntrack } = proxy
  if (syncTool !== undefined && modeOfTool(syncTool) !== mode)
    check.addIssue({
      code: 'custom',
      path: ['proxy', 'syncTool'],
      input: syncTool,
      message: `loads no rules of mode ${mode}`,
    })
  if (time === undefined) {
    for (const [moving, input] of Object.entries({
      actions: actions.length > 0 ? actions : undefined,
      churn,
      recording,
      'proxy.conntrack': conntrack,
    }))
      if (input !== undefined)
        check.addIssue({
          code: 'custom',
          path: moving.split('.'),
          input,
          message: 'needs time; add time: { horizon: 10m }',
        })
    return
  }
  for (const [i, { at }] of actions.entries())
    if (at > time.horizon)
      check.addIssue({
        code: 'custom',
        path: ['actions', i, 'at'],
        message: `is after the horizon, ${time.horizon / SECOND_US}s`,
        input: `${at / SECOND_US}s`,
      })
})

export type Scenario = z.infer<typeof SCENARIO>
export type ClusterSpec = Scenario['cluster']
export type WorkloadSpec = ClusterSpec['workloads'][number]
export type ProxySpec = Scenario['proxy']
export type Sweep = NonNullable<Scenario['sweep']>
export type Published = NonNullable<Sweep['published']>
export type TrafficSpec = Scenario['traffic']

/** JSON Schema (draft 2020-12) of what a user writes, for editors. */
export function scenarioJsonSchema(): object {
  return z.toJSONSchema(SCENARIO, { io: 'input' })
}
