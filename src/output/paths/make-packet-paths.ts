/** The PacketPaths of a finished run: its detail nodes, some of its Services, and the nodes where their endpoints are. */
import type { ClusterState } from '../../cluster/cluster-state.ts'
import { nodeZone } from '../../cluster/objects.ts'
import { formatIp, type IpFamily, readIpWords } from '../../net/ip.ts'
import type { HostView } from '../../netfilter/host.ts'
import { hostViews } from '../../replay/host-table.ts'
import type { PlannedFamily, PlannedRun } from '../../replay/plan-run.ts'
import { PRICED_BACKENDS } from '../../replay/priced-backends.ts'
import type { ServiceRow } from '../../replay/service-rows.ts'
import type { FinishedRun } from '../assemble-result.ts'
import type { ServiceColumns } from '../run-result.ts'
import { chooseServices } from './choose-services.ts'
import { pathEnds } from './live-ends.ts'
import { NftRulesetPool } from './nft-ruleset-pool.ts'
import type { PacketPaths, PathBackend, PathDestination, PathNode } from './packet-paths.ts'
import { RulesetPool } from './ruleset-pool.ts'

/** `rules`: how many the Services offered may have; see choose-services.ts. */
export function makePacketPaths(
  { state, run, profiles }: Pick<FinishedRun, 'state' | 'run' | 'profiles'>,
  services: ServiceColumns,
  rules?: number,
): Omit<PacketPaths, 'digest'> {
  const rows = chooseServices(run.rows, services, rules).map(r => run.rows[r])
  const destinations = rows.flatMap(destinationsOf)
  const places = endpointPlaces(state, run, rows)
  const detail = run.plan.detailNodes
  const others = [...new Set(places.map(p => p.node))].filter(n => n >= 0 && !detail.includes(n)).sort((a, b) => a - b)
  const shown = [...detail, ...others]
  const { mode } = run.config
  const ends = pathEnds(run, destinations, places)
  const pool = run.mode === 'iptables' ? new RulesetPool(run, ends) : new NftRulesetPool(run, ends, shown[0] ?? 0)
  const hosts = { 4: hostsOf(run.families[4]), 6: hostsOf(run.families[6]) }
  const backends = places.map(({ address, pod, node }) => ({ address, pod, node: shown.indexOf(node) }))
  const pods = podsOf(state, new Set(detail.map(n => run.nodes[n].name)), new Set(places.map(p => p.address)))
  const nodes = shown.map((node, i): PathNode => {
    const { name } = run.nodes[node]
    const views = ([4, 6] as const).flatMap(family => hosts[family]?.[node] ?? [])
    const rulesets = (kind: 'sent' | 'translated'): [number, number] => [
      pool.placeOf(4, node, kind),
      pool.placeOf(6, node, kind),
    ]
    const sends = i < detail.length
    const own = sends ? (pods.get(name) ?? []) : []
    const needed = new Set([...own.map(p => p.address), ...places.flatMap(p => (p.node === node ? [p.address] : []))])
    return {
      name,
      zone: nodeZone(run.nodes[node]),
      why: run.detailReasons[i] ?? '',
      addresses: views.flatMap(localAddresses),
      podPrefixes: views.flatMap(view => podPrefixes(view, needed)),
      uplinkName: views[0]?.uplinkName ?? '',
      podInterfaceName: views[0]?.podInterfaceName ?? '',
      sent: sends ? rulesets('sent') : [-1, -1],
      translated: rulesets('translated'),
      pods: own,
    }
  })
  return {
    nodes,
    destinations,
    backends,
    mode,
    rulesets: pool.rulesets,
    chains: pool.chains,
    texts: pool.texts,
    profiles: profiles === undefined ? [] : PRICED_BACKENDS[mode].map(backend => profiles[backend]),
    servicePorts: run.rows.length,
  }
}

/** Every address of a Service port that packets may be sent to. */
function destinationsOf({ family, port, inside }: ServiceRow): readonly PathDestination[] {
  const { namespace, name, portName } = port
  const to = (way: string, address: string, number: number): PathDestination => ({
    service: `${namespace}/${name}${portName === '' ? '' : `:${portName}`}`,
    way,
    family,
    address,
    port: number,
    protocol: inside.protocol,
  })
  return [
    to('ClusterIP', formatIp(port.clusterIP), port.port),
    ...(port.nodePort === 0 ? [] : [to('node port', '', port.nodePort)]),
    ...port.loadBalancerVIPs.map(vip => to('load balancer', formatIp(vip), port.port)),
    ...port.externalIPs.map(ip => to('external IP', formatIp(ip), port.port)),
  ]
}

/** Where the endpoints of the rows are, each address once. */
interface EndpointPlace extends PathBackend {
  readonly family: IpFamily
  readonly port: number
}

/** `node` is a number of the run's here. */
function endpointPlaces(state: ClusterState, run: PlannedRun, rows: readonly ServiceRow[]): readonly EndpointPlace[] {
  const nodeIndex = new Map(run.nodes.map((node, n) => [node.name, n]))
  const places = new Map<string, Omit<EndpointPlace, 'pod'>>()
  for (const { family, port } of rows)
    for (const { address, port: number, endpoint } of port.endpoints) {
      const text = formatIp(address)
      const node = nodeIndex.get(endpoint.nodeName) ?? -1
      places.set(`${text} ${number}`, { address: text, port: number, node, family })
    }
  const names = podNames(state, new Set(Array.from(places.values(), place => place.address)))
  return Array.from(places.values(), place => ({ ...place, pod: names.get(place.address) ?? '' }))
}

/** Of the pods that have some of these addresses. */
function podNames(state: ClusterState, addresses: ReadonlySet<string>): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const { object } of state.pods.values())
    if (!object.hostNetwork)
      for (const ip of object.podIPs) if (addresses.has(ip)) names.set(ip, `${object.namespace}/${object.name}`)
  return names
}

/** Senders of each node: pods that also are endpoints first, as they may meet themselves. */
const SENDERS = 4

function podsOf(
  state: ClusterState,
  nodes: ReadonlySet<string>,
  endpoints: ReadonlySet<string>,
): ReadonlyMap<string, PathNode['pods']> {
  const pods = new Map<string, { name: string; address: string }[]>()
  for (const first of [true, false])
    for (const { object } of state.pods.values()) {
      if (!nodes.has(object.nodeName) || object.hostNetwork || object.phase !== 'Running') continue
      const own = pods.get(object.nodeName) ?? []
      pods.set(object.nodeName, own)
      const addresses = object.podIPs.filter(ip => endpoints.has(ip) === first)
      // An endpoint takes one place of its node's; the others fill them.
      if (own.length < (first ? 1 : SENDERS))
        own.push(...addresses.map(address => ({ name: `${object.namespace}/${object.name}`, address })))
    }
  return pods
}

const hostsOf = (family: PlannedFamily | null): readonly HostView[] | undefined =>
  family === null ? undefined : hostViews(family.plan.hosts)

const localAddresses = ({ family, local, localCount }: HostView): readonly string[] =>
  Array.from({ length: localCount }, (_, i) => formatIp({ family, value: readIpWords(local, 4 * i) }))

/** Its ranges, and of single addresses those in `needed`. */
function podPrefixes({ family, podPrefixes: words, podPrefixCount }: HostView, needed: ReadonlySet<string>) {
  return Array.from({ length: podPrefixCount }, (_, i) => {
    const text = formatIp({ family, value: readIpWords(words, 8 * i) })
    const length = readIpWords(words, 8 * i + 4)
      .toString(2)
      .replaceAll('0', '').length
    return { text, length }
  })
    .filter(({ text, length }) => length < (family === 4 ? 32 : 128) || needed.has(text))
    .map(({ text, length }) => `${text}/${length}`)
}
