/**
 * A Kubernetes object with everything in it renamed. What is kept is a table: fields that svcsim reads, each with what becomes of it; all
 * other fields are left out, so nothing passes that nobody thought of.
 */
import type { Renamer } from './renamer.ts'

export interface AnonymousObjects {
  readonly value: unknown
  /** Kinds that are not known, and so left out. */
  readonly leftOut: readonly string[]
}

/** `value`: a document of a manifest: an object, a list of any kind, a watch event, or `{delete: […]}`. */
export function anonymizeObjects(value: unknown, renamer: Renamer): AnonymousObjects {
  const leftOut: string[] = []
  const one = (json: unknown): unknown => {
    if (!isMap(json)) return undefined
    if (Array.isArray(json['items'])) return { ...heads(json), items: json['items'].map(one).filter(known) }
    if (Array.isArray(json['delete'])) return { delete: json['delete'].map(one).filter(known) }
    if (isMap(json['object'])) {
      const object = one(json['object'])
      return object && { ...(json['time'] === undefined ? {} : { time: json['time'] }), type: json['type'], object }
    }
    const kind = String(json['kind'])
    if (!Object.hasOwn(KINDS, kind)) {
      leftOut.push(kind)
      return undefined
    }
    return { ...heads(json), ...(applied(KINDS[kind], json, { renamer, kind, parent: json }) as object) }
  }
  return { value: one(value), leftOut }
}

const heads = ({ apiVersion, kind }: Json): Json => ({ apiVersion, kind })

type Json = { readonly [key: string]: unknown }

/** A field's fate. `at.parent`: the mapping it stands in. */
type Fate = ((value: unknown, at: At) => unknown) | readonly [Fate] | { readonly [key: string]: Fate }

interface At {
  readonly renamer: Renamer
  readonly kind: string
  readonly parent: Json
}

function applied(fate: Fate, value: unknown, at: At): unknown {
  if (value === null || value === undefined) return value
  if (typeof fate === 'function') return fate(value, at)
  if (isList(fate))
    return Array.isArray(value) ? value.map(item => applied(fate[0], item, at)).filter(known) : undefined
  if (!isMap(value)) return undefined
  const entries = Object.entries(value)
    .filter(([key]) => Object.hasOwn(fate, key))
    .map(([key, field]) => [key, applied(fate[key], field, { ...at, parent: value })] as const)
  return Object.fromEntries(entries.filter(([, field]) => field !== undefined))
}

const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const isList = (fate: Fate): fate is readonly [Fate] => Array.isArray(fate)
const known = (value: unknown): boolean => value !== undefined

/** Numbers, flags, times, and words that an API defines; a text that is none of these is left out. */
const keep: Fate = value =>
  typeof value === 'number' || typeof value === 'boolean'
    ? value
    : typeof value === 'string' && /^([A-Z][A-Za-z0-9]{0,40}|\d[\w.:%+-]{0,40}|)$/.test(value)
      ? value
      : undefined

const named =
  (kind: string): Fate =>
  (value, { renamer }) =>
    renamer.name(kind, String(value))

/** The word for a kind in its objects' new names. */
const nameKind = (kind: unknown): string => String(kind).toLowerCase()
const ownName: Fate = (value, { renamer, kind }) => renamer.name(nameKind(kind), String(value))
const nameOfKind: Fate = (value, { renamer, parent }) => renamer.name(nameKind(parent['kind']), String(value))

/** An address; `None` of a headless Service; a name, where an API takes either. */
const ip: Fate = (value, { renamer }) =>
  value === 'None' || value === '' ? value : (renamer.address(String(value)) ?? renamer.name('host', String(value)))
const prefixes: Fate = (value, { renamer }) =>
  String(value)
    .split(',')
    .map(text => renamer.prefix(text.trim()) ?? (text === 'primary' ? text : ''))
    .join(',')
const nodeAddress: Fate = (value, { renamer }) => renamer.address(String(value)) ?? renamer.name('node', String(value))
const portRef: Fate = (value, { renamer }) => (typeof value === 'number' ? value : renamer.name('port', String(value)))
const dnsName: Fate = (value, { renamer }) => renamer.name('host', String(value))

const labels: Fate = (value, at) =>
  isMap(value)
    ? Object.fromEntries(
        Object.entries(value).map(([key, text]) => [labelKey(key, at), labelValue(key, String(text), at)]),
      )
    : undefined

/** Labels whose values are names of something, or words of Kubernetes'. */
const LABEL_VALUES: Readonly<Record<string, string>> = {
  'kubernetes.io/hostname': 'node',
  'kubernetes.io/metadata.name': 'namespace',
  'kubernetes.io/service-name': 'service',
  'topology.kubernetes.io/zone': 'zone',
  'topology.kubernetes.io/region': 'region',
  'failure-domain.beta.kubernetes.io/zone': 'zone',
  'failure-domain.beta.kubernetes.io/region': 'region',
  'statefulset.kubernetes.io/pod-name': 'pod',
  'service.kubernetes.io/service-proxy-name': 'value',
  'service.kubernetes.io/headless': 'keep',
  'endpointslice.kubernetes.io/managed-by': 'keep',
  'node.kubernetes.io/exclude-from-external-load-balancers': 'keep',
  'node-role.kubernetes.io/control-plane': 'keep',
  'kubernetes.io/os': 'keep',
  'kubernetes.io/arch': 'keep',
}

const labelKey = (key: string, { renamer }: At): string =>
  Object.hasOwn(LABEL_VALUES, key) ? key : renamer.name('label', key)

function labelValue(key: string, value: string, { renamer }: At): string {
  const kind = Object.hasOwn(LABEL_VALUES, key) ? LABEL_VALUES[key] : 'value'
  return kind !== 'keep' ? renamer.name(kind, value) : KNOWN_VALUES.has(value) ? value : renamer.name('value', value)
}

const KNOWN_VALUES = new Set([
  '',
  'true',
  'linux',
  'windows',
  'amd64',
  'arm64',
  'endpointslice-controller.k8s.io',
  'endpointslicemirroring-controller.k8s.io',
])

const requirement: Fate = (value, at) =>
  isMap(value)
    ? {
        key: labelKey(String(value['key']), at),
        operator: value['operator'],
        values: (Array.isArray(value['values']) ? value['values'] : []).map(v =>
          labelValue(String(value['key']), String(v), at),
        ),
      }
    : undefined

/** Annotations are dropped, but for two that decide where traffic goes and when, and hold no name. */
const annotations: Fate = {
  'service.kubernetes.io/topology-mode': keep,
  'endpoints.kubernetes.io/last-change-trigger-time': keep,
}

const metadata: Fate = {
  name: ownName,
  namespace: named('namespace'),
  labels,
  annotations,
  creationTimestamp: keep,
  deletionTimestamp: keep,
  ownerReferences: [{ kind: keep, name: nameOfKind, controller: keep }],
}

const conditions: Fate = [{ type: keep, status: keep, lastTransitionTime: keep }]
const protocol = keep

const container: Fate = {
  name: named('container'),
  restartPolicy: keep,
  ports: [{ name: named('port'), containerPort: keep, hostPort: keep, protocol }],
}

const podSpec: Fate = {
  nodeName: named('node'),
  hostNetwork: keep,
  restartPolicy: keep,
  containers: [container],
  initContainers: [container],
}

const workload: Fate = {
  metadata,
  spec: {
    replicas: keep,
    serviceName: named('service'),
    selector: { matchLabels: labels, matchExpressions: [requirement] },
    template: { metadata: { labels }, spec: podSpec },
  },
}

const KINDS: Readonly<Record<string, Fate>> = {
  Namespace: { metadata },
  Node: {
    metadata,
    spec: { podCIDR: prefixes, podCIDRs: [prefixes], unschedulable: keep },
    status: {
      addresses: [{ type: keep, address: nodeAddress }],
      allocatable: { cpu: keep, memory: keep, pods: keep },
      conditions,
    },
  },
  Pod: {
    metadata,
    spec: podSpec,
    status: { phase: keep, podIP: ip, podIPs: [{ ip }], hostIP: ip, hostIPs: [{ ip }], startTime: keep, conditions },
  },
  Service: {
    metadata,
    spec: {
      type: keep,
      selector: labels,
      clusterIP: ip,
      clusterIPs: [ip],
      externalIPs: [ip],
      externalName: dnsName,
      loadBalancerIP: ip,
      loadBalancerSourceRanges: [prefixes],
      ports: [{ name: named('port'), port: keep, targetPort: portRef, nodePort: keep, protocol }],
      ipFamilies: [keep],
      ipFamilyPolicy: keep,
      sessionAffinity: keep,
      sessionAffinityConfig: { clientIP: { timeoutSeconds: keep } },
      externalTrafficPolicy: keep,
      internalTrafficPolicy: keep,
      trafficDistribution: keep,
      publishNotReadyAddresses: keep,
      allocateLoadBalancerNodePorts: keep,
      healthCheckNodePort: keep,
    },
    status: { loadBalancer: { ingress: [{ ip, hostname: dnsName, ipMode: keep }] } },
  },
  EndpointSlice: {
    metadata,
    addressType: keep,
    ports: [{ name: named('port'), port: keep, protocol }],
    endpoints: [
      {
        addresses: [ip],
        conditions: { ready: keep, serving: keep, terminating: keep },
        hostname: dnsName,
        nodeName: named('node'),
        zone: named('zone'),
        targetRef: { kind: keep, namespace: named('namespace'), name: nameOfKind },
        hints: { forZones: [{ name: named('zone') }], forNodes: [{ name: named('node') }] },
      },
    ],
  },
  Deployment: workload,
  ReplicaSet: workload,
  StatefulSet: workload,
  DaemonSet: workload,
  ServiceCIDR: { metadata, spec: { cidrs: [prefixes] } },
  KubeProxyConfiguration: {
    mode: (value: unknown) => (['', 'iptables', 'nftables'].includes(String(value)) ? value : undefined),
    bindAddress: ip,
    clusterCIDR: prefixes,
    nodePortAddresses: [prefixes],
    hostnameOverride: named('node'),
    detectLocalMode: keep,
    detectLocal: { bridgeInterface: named('if'), interfaceNamePrefix: named('if') },
    iptables: {
      masqueradeAll: keep,
      masqueradeBit: keep,
      localhostNodePorts: keep,
      minSyncPeriod: keep,
      syncPeriod: keep,
    },
    nftables: { masqueradeAll: keep, masqueradeBit: keep, minSyncPeriod: keep, syncPeriod: keep },
  },
}
