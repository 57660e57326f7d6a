/**
 * Decodes a Service (core/v1) as the API server admits it: its defaults filled in, its validation (validateService), and nothing
 * allocated: addresses and node ports that are absent stay absent.
 */
import { quoted } from '../problem/problem.ts'
import { checkName, decodeLabels, decodeMeta } from './decode-meta.ts'
import { decodeServicePorts } from './decode-service-ports.ts'
import type { FieldCursor } from './field-cursor.ts'
import { dns1035Label, dnsSubdomain } from './names.ts'
import type { LoadBalancerIngress, Service } from './objects.ts'
import { OLD_TOPOLOGY_ANNOTATION, TOPOLOGY_ANNOTATION, TRAFFIC_DISTRIBUTIONS } from './objects.ts'
import { isSpecialIp } from './special-ip.ts'

const TYPES = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'] as const
const AFFINITIES = ['None', 'ClientIP'] as const
const POLICIES = ['Cluster', 'Local'] as const
const FAMILIES = ['IPv4', 'IPv6'] as const
const FAMILY_POLICIES = ['SingleStack', 'PreferDualStack', 'RequireDualStack'] as const
const DEFAULT_AFFINITY_SECONDS = 10800
const DAY_SECONDS = 86400

export function decodeService(object: FieldCursor): Service {
  const spec = object.object('spec')
  const type = spec.oneOf('type', TYPES, 'ClusterIP')
  const clusterIPs = decodeClusterIPs(spec, type)
  const externalIPs = spec.ips('externalIPs')
  refuseSpecial(spec, 'externalIPs', externalIPs)
  const externalTrafficPolicy = spec.oneOf('externalTrafficPolicy', POLICIES, 'Cluster')
  return {
    kind: 'Service',
    ...decodeMeta(object, 'namespaced', dns1035Label),
    type,
    ...(spec.has('selector') ? { selector: decodeLabels(spec, 'selector') } : {}),
    clusterIPs,
    ipFamilies: decodeFamilies(spec, clusterIPs),
    ...decodeFamilyPolicy(spec),
    ports: decodeServicePorts(spec, type, type === 'ExternalName' || clusterIPs[0] === 'None'),
    sessionAffinity: spec.oneOf('sessionAffinity', AFFINITIES, 'None'),
    affinityTimeoutSeconds: spec
      .object('sessionAffinityConfig')
      .object('clientIP')
      .integer('timeoutSeconds', 1, DAY_SECONDS, DEFAULT_AFFINITY_SECONDS),
    externalTrafficPolicy,
    internalTrafficPolicy: spec.oneOf('internalTrafficPolicy', POLICIES, 'Cluster'),
    externalIPs,
    loadBalancerIngress: object.object('status').object('loadBalancer').objects('ingress').map(decodeIngress),
    loadBalancerSourceRanges: decodeSourceRanges(spec, type),
    healthCheckNodePort: decodeHealthCheckNodePort(spec, type, externalTrafficPolicy),
    allocateLoadBalancerNodePorts: spec.flag('allocateLoadBalancerNodePorts', true),
    publishNotReadyAddresses: spec.flag('publishNotReadyAddresses', false),
    ...decodeTopology(object.object('metadata').object('annotations'), spec.text('trafficDistribution')),
    externalName: decodeExternalName(spec, type),
  }
}

/** Words that nobody here knows ask for nothing. */
function decodeTopology(
  annotations: FieldCursor,
  distribution: string,
): Pick<Service, 'trafficDistribution' | 'topologyMode'> {
  const mode = annotations.text(TOPOLOGY_ANNOTATION) || annotations.text(OLD_TOPOLOGY_ANNOTATION)
  const known = TRAFFIC_DISTRIBUTIONS.find(d => d === distribution)
  return {
    ...(known === undefined ? {} : { trafficDistribution: known }),
    ...(mode === 'Auto' || mode === 'auto' ? { topologyMode: 'Auto' } : {}),
  }
}

function decodeClusterIPs(spec: FieldCursor, type: Service['type']): readonly string[] {
  const single = spec.text('clusterIP')
  const listed = spec.texts('clusterIPs')
  if (single !== '' && listed.length > 0 && listed[0] !== single)
    spec.refuse(
      'clusterIPs',
      `${quoted(listed[0])} is not clusterIP ${quoted(single)}`,
      'make the first one equal clusterIP',
      0,
    )
  const key = listed.length > 0 ? 'clusterIPs' : 'clusterIP'
  const texts = listed.length > 0 ? listed : single === '' ? [] : [single]
  if (texts.length === 0) return texts
  if (type === 'ExternalName') {
    spec.refuse(
      key,
      `${quoted(texts[0])} on a Service of type ExternalName`,
      'remove it: such a Service has a name only',
    )
    return texts
  }
  if (texts.includes('None')) {
    if (texts.length > 1) spec.refuse(key, '"None" beside an address', 'write None alone, or addresses alone')
    if (type !== 'ClusterIP')
      spec.refuse(key, `"None" on a Service of type ${type}`, 'remove it, or make the type ClusterIP')
    return texts
  }
  const ips = key === 'clusterIPs' ? spec.ips(key) : [spec.ip(key)]
  if (ips.length > 2 || (ips.length === 2 && ips[0].includes(':') === ips[1].includes(':')))
    spec.refuse(key, 'more than one address of a family', 'keep one IPv4 and one IPv6 address')
  return ips
}

/** As the API server does, the families of given addresses are read off them. */
function decodeFamilies(spec: FieldCursor, clusterIPs: readonly string[]): Service['ipFamilies'] {
  const ofAddresses = clusterIPs[0] === 'None' ? [] : clusterIPs.map(ip => (ip.includes(':') ? 'IPv6' : 'IPv4'))
  const families = spec.texts('ipFamilies').map((text, i): 'IPv4' | 'IPv6' => {
    const family = FAMILIES.find(f => f === text)
    if (family === undefined) spec.refuse('ipFamilies', `${quoted(text)} is no family`, 'write IPv4 or IPv6', i)
    return family ?? 'IPv4'
  })
  if (families.length > 2 || (families.length === 2 && families[0] === families[1]))
    spec.refuse('ipFamilies', 'a family stands there twice', 'write each family once')
  if (families.length === 0) return ofAddresses
  ofAddresses.forEach((family, i) => {
    if (families[i] !== undefined && families[i] !== family)
      spec.refuse('ipFamilies', `${families[i]} does not fit the address ${clusterIPs[i]}`, `write ${family} here`, i)
  })
  return families.length < ofAddresses.length ? ofAddresses : families
}

function decodeFamilyPolicy(spec: FieldCursor): Pick<Service, 'ipFamilyPolicy'> {
  return spec.text('ipFamilyPolicy') === ''
    ? {}
    : { ipFamilyPolicy: spec.oneOf('ipFamilyPolicy', FAMILY_POLICIES, 'SingleStack') }
}

function decodeSourceRanges(spec: FieldCursor, type: Service['type']): readonly string[] {
  const ranges = spec.prefixes('loadBalancerSourceRanges')
  if (ranges.length > 0 && type !== 'LoadBalancer')
    spec.refuse(
      'loadBalancerSourceRanges',
      `set on a Service of type ${type}`,
      'remove them, or make the type LoadBalancer',
    )
  return ranges
}

function decodeHealthCheckNodePort(spec: FieldCursor, type: Service['type'], policy: 'Cluster' | 'Local'): number {
  const port = spec.integer('healthCheckNodePort', 0, 65535, 0)
  if (port !== 0 && (type !== 'LoadBalancer' || policy !== 'Local'))
    spec.refuse(
      'healthCheckNodePort',
      `${port} on a Service of type ${type} with externalTrafficPolicy ${policy}`,
      'remove it: only a LoadBalancer Service with externalTrafficPolicy Local has one',
    )
  return port
}

/** An address without ipMode is VIP, as the API server writes it. */
function decodeIngress(ingress: FieldCursor): LoadBalancerIngress {
  const ip = ingress.ip('ip')
  const hostname = ingress.text('hostname')
  if (ip === '' && hostname === '') ingress.refuse('', 'neither ip nor hostname', 'write one of them')
  return {
    ...(ip === '' ? {} : { ip, ipMode: ingress.oneOf('ipMode', ['VIP', 'Proxy'], 'VIP') }),
    ...(hostname === '' ? {} : { hostname }),
  }
}

function decodeExternalName(spec: FieldCursor, type: Service['type']): string {
  if (type !== 'ExternalName') return ''
  const name = spec.text('externalName')
  if (name === '') spec.refuse('externalName', 'a Service of type ExternalName without a name', 'write the DNS name')
  else checkName(spec, 'externalName', name.replace(/\.$/, ''), dnsSubdomain)
  return name
}

function refuseSpecial(spec: FieldCursor, key: string, ips: readonly string[]): void {
  const index = ips.findIndex(isSpecialIp)
  if (index >= 0)
    spec.refuse(key, `${ips[index]} is unspecified, loopback or link-local`, 'write an address of the network', index)
}
