/**
 * ClusterObject -> the JSON Kubernetes writes, laid over the JSON it was imported from, so that nothing imported is lost. What
 * `decodeObject` reads from the result is the object again (but for `source`), whatever `source` says: the object's own fields win.
 */
import { canonicalIp } from '../net/ip.ts'
import { instantText } from '../sim/instant-text.ts'
import { API_VERSION } from './decode-object.ts'
import { decodePodSpec } from './decode-pod.ts'
import { FieldCursor, isJsonObject } from './field-cursor.ts'
import { mergeJson, mergeListByKey } from './merge-json.ts'
import type {
  ClusterNode,
  ClusterObject,
  ContainerPort,
  Endpoint,
  EndpointPort,
  EndpointSlice,
  JsonObject,
  Labels,
  Pod,
  Service,
  ServiceCidr,
  ServicePort,
  Workload,
} from './objects.ts'
import {
  OLD_TOPOLOGY_ANNOTATION,
  SERVICE_NAME_LABEL,
  TOPOLOGY_ANNOTATION,
  TRAFFIC_DISTRIBUTIONS,
  TRIGGER_TIME_ANNOTATION,
} from './objects.ts'

export function toKubernetes(object: ClusterObject): JsonObject {
  const source = object.source ?? {}
  const head = {
    apiVersion: API_VERSION[object.kind],
    kind: object.kind,
    metadata: {
      name: object.name,
      namespace: unlessBlank(object.namespace),
      labels: exactly(object.labels, field(source, 'metadata')['labels']),
    },
  }
  return mergeJson(mergeJson(source, head), bodyOf(object, source))
}

function bodyOf(object: ClusterObject, source: JsonObject): JsonObject {
  switch (object.kind) {
    case 'Node':
      return nodeBody(object, source)
    case 'Pod':
      return podBody(object, source)
    case 'Service':
      return serviceBody(object, source)
    case 'EndpointSlice':
      return endpointSliceBody(object, source)
    case 'ServiceCIDR':
      return serviceCidrBody(object)
    case 'Deployment':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'ReplicaSet':
      return workloadBody(object, source)
  }
}

function nodeBody(node: ClusterNode, source: JsonObject): JsonObject {
  return {
    spec: {
      podCIDR: node.podCIDRs[0],
      podCIDRs: unlessEmpty(node.podCIDRs),
      unschedulable: node.unschedulable || undefined,
    },
    status: {
      addresses: unlessEmpty(node.addresses),
      conditions: conditionsWithReady(field(source, 'status')['conditions'], node.ready),
    },
  }
}

function podBody(pod: Pod, source: JsonObject): JsonObject {
  return {
    metadata: {
      // The instant of deletion is an event's time, not the object's: a made pod carries a constant here.
      deletionTimestamp: pod.terminating
        ? (field(source, 'metadata')['deletionTimestamp'] ?? '1970-01-01T00:00:00Z')
        : undefined,
    },
    spec: { nodeName: unlessBlank(pod.nodeName), ...podSpec(pod, field(source, 'spec')) },
    status: {
      phase: pod.phase,
      podIP: pod.podIPs[0],
      podIPs: unlessEmpty(pod.podIPs.map(ip => ({ ip }))),
      conditions: conditionsWithReady(field(source, 'status')['conditions'], pod.ready),
    },
  }
}

function workloadBody(workload: Workload, source: JsonObject): JsonObject {
  const spec = field(source, 'spec')
  const template = field(spec, 'template')
  return {
    metadata: { ownerReferences: ownerReferences(workload, field(source, 'metadata')['ownerReferences']) },
    spec: {
      replicas: workload.kind === 'DaemonSet' ? undefined : workload.replicas,
      selector: spec['selector'] ?? { matchLabels: workload.podLabels },
      template: {
        metadata: { labels: exactly(workload.podLabels, field(template, 'metadata')['labels']) },
        spec: podSpec(workload, field(template, 'spec')),
      },
    },
  }
}

function serviceBody(service: Service, source: JsonObject): JsonObject {
  const spec = field(source, 'spec')
  const ingress = field(field(source, 'status'), 'loadBalancer')['ingress']
  const external = service.type === 'NodePort' || service.type === 'LoadBalancer' || service.externalIPs.length > 0
  const affine = service.sessionAffinity === 'ClientIP' || service.affinityTimeoutSeconds !== 10800
  return {
    ...topologyAnnotation(service, field(field(source, 'metadata'), 'annotations')),
    spec: {
      type: service.type,
      selector: service.selector === undefined ? undefined : exactly(service.selector, spec['selector']),
      clusterIP: service.clusterIPs[0],
      clusterIPs: unlessEmpty(service.clusterIPs),
      ipFamilies: unlessEmpty(service.ipFamilies),
      ipFamilyPolicy: service.ipFamilyPolicy,
      ports: mergeListByKey(
        spec['ports'],
        service.ports.map(servicePort),
        p => `${p['port']}/${p['protocol'] ?? 'TCP'}`,
      ),
      sessionAffinity: service.sessionAffinity,
      sessionAffinityConfig: affine ? { clientIP: { timeoutSeconds: service.affinityTimeoutSeconds } } : undefined,
      // The API server refuses this field where nothing outside can reach the Service.
      externalTrafficPolicy:
        external || service.externalTrafficPolicy === 'Local' ? service.externalTrafficPolicy : undefined,
      internalTrafficPolicy: service.internalTrafficPolicy,
      externalIPs: unlessEmpty(service.externalIPs),
      loadBalancerSourceRanges: unlessEmpty(service.loadBalancerSourceRanges),
      healthCheckNodePort: unlessZero(service.healthCheckNodePort),
      allocateLoadBalancerNodePorts:
        service.type === 'LoadBalancer' || !service.allocateLoadBalancerNodePorts
          ? service.allocateLoadBalancerNodePorts
          : undefined,
      publishNotReadyAddresses: service.publishNotReadyAddresses || undefined,
      trafficDistribution:
        service.trafficDistribution ??
        TRAFFIC_DISTRIBUTIONS.reduce<unknown>(
          (kept, d) => (kept === d ? undefined : kept),
          spec['trafficDistribution'],
        ),
      externalName: unlessBlank(service.externalName),
    },
    status: {
      loadBalancer: {
        ingress:
          service.loadBalancerIngress.length === 0
            ? undefined
            : mergeListByKey(
                ingress,
                service.loadBalancerIngress.map(i => ({ ip: i.ip, hostname: i.hostname, ipMode: i.ipMode })),
                ingressKey,
              ),
      },
    },
  }
}

/** Under the name the source has it, the newer one otherwise. */
function topologyAnnotation(service: Service, annotations: JsonObject): JsonObject {
  if (service.topologyMode !== undefined)
    return {
      metadata: { annotations: { [TOPOLOGY_ANNOTATION]: annotations[TOPOLOGY_ANNOTATION] ?? service.topologyMode } },
    }
  const asked = [TOPOLOGY_ANNOTATION, OLD_TOPOLOGY_ANNOTATION].filter(name =>
    /^[Aa]uto$/.test(String(annotations[name])),
  )
  return asked.length === 0
    ? {}
    : { metadata: { annotations: Object.fromEntries(asked.map(name => [name, undefined])) } }
}

const servicePort = (port: ServicePort): JsonObject => ({
  name: unlessBlank(port.name),
  protocol: port.protocol,
  port: port.port,
  targetPort: port.targetPort,
  nodePort: unlessZero(port.nodePort),
})

function endpointSliceBody(slice: EndpointSlice, source: JsonObject): JsonObject {
  const endpoints = mergeListByKey(source['endpoints'], slice.endpoints.map(endpointJson), firstAddress)
  return {
    metadata: {
      labels: slice.serviceName === '' ? {} : { [SERVICE_NAME_LABEL]: slice.serviceName },
      ...(slice.lastChangeTriggerUs === undefined && field(source, 'metadata')['annotations'] === undefined
        ? {}
        : { annotations: { [TRIGGER_TIME_ANNOTATION]: optionalInstant(slice.lastChangeTriggerUs) } }),
    },
    addressType: slice.addressType,
    ports: mergeListByKey(source['ports'], slice.ports.map(endpointPort), p => String(p['name'] ?? '')),
    endpoints: endpoints.map((json, i) => withTarget(json, slice.endpoints[i].podName, slice.namespace)),
  }
}

const endpointPort = (port: EndpointPort): JsonObject => ({
  name: port.name ?? undefined,
  protocol: port.protocol,
  port: port.port ?? undefined,
})

const endpointJson = (endpoint: Endpoint): JsonObject => ({
  addresses: endpoint.addresses,
  conditions: { ready: endpoint.ready, serving: endpoint.serving, terminating: endpoint.terminating },
  nodeName: unlessBlank(endpoint.nodeName),
  zone: unlessBlank(endpoint.zone),
  hints:
    endpoint.hintZones === undefined && endpoint.hintNodes === undefined
      ? undefined
      : {
          forZones: endpoint.hintZones?.map(name => ({ name })),
          forNodes: endpoint.hintNodes?.map(name => ({ name })),
        },
})

/** A target that is no Pod is not this project's business: it stays as it was imported. */
function withTarget(endpoint: JsonObject, podName: string, namespace: string): JsonObject {
  if (podName !== '') return mergeJson(endpoint, { targetRef: { kind: 'Pod', namespace, name: podName } })
  return field(endpoint, 'targetRef')['kind'] === 'Pod' ? mergeJson(endpoint, { targetRef: undefined }) : endpoint
}

function firstAddress(endpoint: JsonObject): string {
  const text = Array.isArray(endpoint['addresses']) ? String(endpoint['addresses'][0]) : ''
  return canonicalIp(text) ?? text
}

const serviceCidrBody = (range: ServiceCidr): JsonObject => ({ spec: { cidrs: range.cidrs } })

/** Containers stay as imported while they have the ports of the object; else one container with these takes their place. */
function podSpec(
  object: { readonly hostNetwork: boolean; readonly containerPorts: readonly ContainerPort[] },
  source: JsonObject,
): JsonObject {
  const hostNetwork = object.hostNetwork || undefined
  if (Array.isArray(source['containers']) && samePorts(portsOf(source), object.containerPorts)) return { hostNetwork }
  const ports = object.containerPorts.map(port => ({
    name: unlessBlank(port.name),
    containerPort: port.port,
    protocol: port.protocol,
  }))
  return { hostNetwork, initContainers: undefined, containers: mergeListByKey([], [{ name: 'main', ports }], () => '') }
}

const portsOf = (podSpec: JsonObject): readonly ContainerPort[] =>
  decodePodSpec(new FieldCursor(podSpec)).containerPorts

const samePorts = (a: readonly ContainerPort[], b: readonly ContainerPort[]): boolean =>
  a.length === b.length &&
  a.every((port, i) => port.name === b[i].name && port.port === b[i].port && port.protocol === b[i].protocol)

/** Other conditions stay as imported. */
function conditionsWithReady(source: unknown, ready: boolean): readonly unknown[] {
  const status = ready ? 'True' : 'False'
  if (!Array.isArray(source)) return [{ type: 'Ready', status }]
  const isReady = (condition: unknown): boolean => isJsonObject(condition) && condition['type'] === 'Ready'
  const index = source.findIndex(isReady)
  if (index < 0) return [...source, { type: 'Ready', status }]
  return source.map((condition, i) => (i === index ? mergeJson(condition, { status }) : condition))
}

function ownerReferences(workload: Workload, source: unknown): unknown {
  const owned = Array.isArray(source) && source.some(owner => isJsonObject(owner) && owner['controller'] === true)
  if (owned === workload.owned) return source
  return workload.owned ? [{ controller: true }] : undefined
}

const ingressKey = (ingress: JsonObject): string => {
  const ip = String(ingress['ip'] ?? '')
  return `${canonicalIp(ip) ?? ip} ${ingress['hostname'] ?? ''}`
}

/** `after`, with the fields that `before` has besides marked for removal: maps such as labels are replaced, not merged. */
function exactly(after: Labels, before: unknown): JsonObject {
  const gone = isJsonObject(before) ? Object.keys(before).map(name => [name, undefined] as const) : []
  return { ...Object.fromEntries(gone), ...after }
}

const field = (json: JsonObject, name: string): JsonObject => {
  const value = json[name]
  return isJsonObject(value) ? value : {}
}

const optionalInstant = (us: number | undefined): string | undefined => (us === undefined ? undefined : instantText(us))

const unlessEmpty = <T>(list: readonly T[]): readonly T[] | undefined => (list.length === 0 ? undefined : list)
const unlessBlank = (text: string): string | undefined => (text === '' ? undefined : text)
const unlessZero = (port: number): number | undefined => (port === 0 ? undefined : port)
