/** Small and large clusters for tests and benchmarks of the replay: kube-proxy's rules in miniature, written as data. */
import * as E from 'fp-ts/lib/Either.js'
import type { IpFamily } from '../src/net/ip.ts'
import { hostPrefix, parseIp, parsePrefix } from '../src/net/ip.ts'
import { compileInterned } from '../src/netfilter/compile.ts'
import { programPrices } from '../src/netfilter/cost/program-prices.ts'
import { hostView } from '../src/netfilter/host.ts'
import type { Program } from '../src/netfilter/program.ts'
import { makeProfiles } from '../src/netfilter/testing/make-profiles.ts'
import type { Problem } from '../src/problem/problem.ts'
import { describeProblem } from '../src/problem/problem.ts'
import { hostTable } from '../src/replay/host-table.ts'
import type { FamilyPlan, IptablesPlan } from '../src/replay/replay-plan.ts'
import type { Chain, Match, Rule, Ruleset, Table, TableName, Verdict } from '../src/ruleset/ruleset.ts'
import { statisticThreshold } from '../src/ruleset/ruleset.ts'
import { streamSeed } from '../src/sim/random.ts'
import { planTraffic } from '../src/workload/plan-traffic.ts'
import type { TrafficClassRequest, TrafficDestination, TrafficRequest } from '../src/workload/traffic-request.ts'

export interface ServiceShape {
  /** Node of each endpoint; -1: an address that no node has; -2 - n: node n's own address (host network). */
  readonly endpointNodes: readonly number[]
  /** 0: none. */
  readonly nodePort?: number
  /** externalTrafficPolicy Local: each node's port leads to its own endpoints only. */
  readonly local?: boolean
}

export interface ClusterShape {
  readonly nodes: number
  readonly podsPerNode: number
  readonly services: readonly ServiceShape[]
  readonly families: readonly IpFamily[]
  /** By class; a class without destinations gets every clusterIP (or, from outside, every node port) with equal weight. */
  readonly classes: readonly (Partial<TrafficClassRequest> & Pick<TrafficClassRequest, 'origin'>)[]
  readonly packets: number
  readonly packetsPerConnection: TrafficRequest['packetsPerConnection']
  readonly seed: string
  readonly shuffled: boolean
  readonly detailNodes: readonly number[]
}

/** A replay plan and what its DNAT ids stand for. */
export interface MadeCluster {
  readonly plan: IptablesPlan
  /** By family and DNAT id: Service and endpoint number. */
  readonly endpointOfDnat: Record<IpFamily, [number, number][]>
}

const PORT = 80
const POD_PORT = 8080
const MARK = 0x4000

export function makeCluster(more: Partial<ClusterShape> = {}): MadeCluster {
  const shape: ClusterShape = {
    nodes: 3,
    podsPerNode: 2,
    services: [{ endpointNodes: [0, 1, 2] }, { endpointNodes: [1, 1] }],
    families: [4],
    classes: [{ origin: 'pod' }],
    packets: 3_000,
    packetsPerConnection: { kind: 'fixed', packets: 3 },
    seed: 'test',
    shuffled: true,
    detailNodes: [0],
    ...more,
  }
  const endpointOfDnat: MadeCluster['endpointOfDnat'] = { 4: [], 6: [] }
  const family = (f: IpFamily): FamilyPlan | null =>
    shape.families.includes(f) ? familyPlan(shape, f, endpointOfDnat[f]) : null
  return {
    plan: {
      mode: 'iptables',
      traffic: orThrow(planTraffic(trafficRequest(shape))),
      ruleSeed: streamSeed(shape.seed, 'rules'),
      orderKeyOfNode: Uint32Array.from({ length: shape.nodes }, (_, n) => (shape.shuffled ? 1_000 + n : 0)),
      families: { 4: family(4), 6: family(6) },
      detailNodes: shape.detailNodes,
    },
    endpointOfDnat,
  }
}

/** `nodes` nodes and `services` Services whose endpoints are dealt out to the nodes in turn. */
export const makeServices = (services: number, endpoints: number, nodes: number): ServiceShape[] =>
  Array.from({ length: services }, (_, s) => ({
    endpointNodes: Array.from({ length: endpoints }, (_, e) => (s * endpoints + e) % nodes),
  }))

const nodeAddress = (f: IpFamily, n: number): string =>
  f === 4 ? `10.128.${n >> 8}.${n & 255}` : `fd00::${hex(n + 1)}`

const podPrefix = (f: IpFamily, n: number): string =>
  f === 4 ? `10.${64 + (n >> 8)}.${n & 255}.0/24` : `fd01:0:0:${hex(n)}::/64`

const podAddress = (f: IpFamily, n: number, p: number): string =>
  podPrefix(f, n).replace(/0\/24|\/64/, f === 4 ? `${p + 1}` : `${hex(p + 1)}`)

const clusterIp = (f: IpFamily, s: number): string => (f === 4 ? `172.16.${s >> 8}.${s & 255}` : `fd02::${hex(s + 1)}`)

const hex = (n: number): string => n.toString(16)

function endpointAddress(f: IpFamily, node: number, s: number, e: number): string {
  if (node <= -2) return nodeAddress(f, -2 - node)
  if (node === -1) return f === 4 ? `198.51.100.${e}` : `2001:db8:5::${hex(e + 1)}`
  return podAddress(f, node, (s * 7 + e) % 250)
}

function trafficRequest(shape: ClusterShape): TrafficRequest {
  const everyNode = Array.from({ length: shape.nodes }, (_, n) => n)
  const destinations: TrafficDestination[] = []
  const inside: number[] = []
  const outside: number[] = []
  for (const family of shape.families)
    shape.services.forEach(({ nodePort = 0, local = false, endpointNodes }, s) => {
      const own = { family, protocol: 6 }
      inside.push(destinations.push({ ...own, address: clusterIp(family, s), port: PORT }) - 1)
      const ingressNodes = local ? [...new Set(endpointNodes)].filter(n => n >= 0) : everyNode
      if (nodePort > 0) outside.push(destinations.push({ ...own, port: nodePort, ingressNodes }) - 1)
    })
  return {
    seed: shape.seed,
    packets: shape.packets,
    packetsPerConnection: shape.packetsPerConnection,
    nodes: everyNode.map(n => ({
      addresses: shape.families.map(f => nodeAddress(f, n)),
      pods: shape.families.flatMap(f => Array.from({ length: shape.podsPerNode }, (_, p) => podAddress(f, n, p))),
    })),
    destinations,
    classes: shape.classes.map(c => {
      const all = c.origin === 'outside' ? outside : inside
      return { weight: 1, destinations: all, weights: (c.destinations ?? all).map(() => 1), ...c }
    }),
  }
}

function familyPlan(shape: ClusterShape, f: IpFamily, endpointOfDnat: [number, number][]): FamilyPlan {
  const endpoints = new Map<string, [number, number]>()
  shape.services.forEach(({ endpointNodes }, s) => {
    endpointNodes.forEach((node, e) => {
      endpoints.set(endpointAddress(f, node, s, e), [s, e])
    })
  })
  const hasLocal = shape.services.some(s => s.local)
  const shared = sharedChains(shape, f)
  const views = Array.from({ length: hasLocal ? shape.nodes : 1 }, (_, n) => rulesetOfNode(shape, f, n, shared))
  const { program, interned } = orThrow(compileInterned(views))
  const backendNode = new Int32Array(new SharedArrayBuffer(4 * program.dnatCount))
  for (let d = 0; d < program.dnatCount; d++) {
    const [s, e] = shared.endpointOfRule.get(dnatText(program, d, f))!
    endpointOfDnat.push([s, e])
    const node = shape.services[s].endpointNodes[e]
    backendNode[d] = node <= -2 ? -2 - node : node
  }
  const hosts = Array.from({ length: shape.nodes }, (_, n) =>
    hostView(
      {
        localAddresses: [nodeAddress(f, n)],
        podPrefixes: [podPrefix(f, n)],
        uplinkName: 'eth0',
        podInterfaceName: 'veth0',
      },
      f,
    ),
  )
  return {
    program,
    prices: programPrices(program, interned, makeProfiles(), program.dnatCount),
    viewOfNode: Int32Array.from({ length: shape.nodes }, (_, n) => (hasLocal ? n : 0)),
    hosts: hostTable(f, hosts),
    backendNode,
  }
}

/** Address words and port of a DNAT rule: the endpoints of a made cluster differ in them. */
function dnatText(program: Program, d: number, f: IpFamily): string {
  const words = program.dnatAddress.subarray(4 * d, 4 * d + 4)
  return `${f} ${words.join(' ')} ${program.dnatPort[d]}`
}

interface SharedChains {
  readonly nat: Map<string, Chain>
  readonly filter: Table
  readonly endpointOfRule: Map<string, [number, number]>
}

function sharedChains(shape: ClusterShape, f: IpFamily): SharedChains {
  const nat = new Map<string, Chain>()
  const endpointOfRule = new Map<string, [number, number]>()
  const cluster = parsePrefix(f === 4 ? '10.64.0.0/11' : 'fd01::/32')!
  const services: Rule[] = []
  const rejects: Rule[] = []
  shape.services.forEach(({ endpointNodes }, s) => {
    const toService: Match[] = [destination(clusterIp(f, s)), ...port(PORT)]
    if (endpointNodes.length === 0) {
      rejects.push({
        matches: toService,
        verdict: { kind: 'reject', with: f === 4 ? 'icmp-port-unreachable' : 'icmp6-port-unreachable' },
      })
      return
    }
    services.push({ matches: toService, verdict: jump(`SVC-${s}`) })
    endpointNodes.forEach((node, e) => {
      const address = parseIp(endpointAddress(f, node, s, e))!
      // Host-network endpoints share an address: the port tells them apart.
      const to = POD_PORT + (node < 0 ? 100 * s + e : 0)
      const words = [96n, 64n, 32n, 0n].map(shift => (address.value >> shift) & 0xffff_ffffn)
      endpointOfRule.set(`${f} ${words.join(' ')} ${to}`, [s, e])
      put(nat, `SEP-${s}-${e}`, [
        { matches: [{ kind: 'source', prefix: hostPrefix(address), negated: false }], verdict: jump('MARK-MASQ') },
        { matches: port(), verdict: { kind: 'dnat', address, port: to } },
      ])
    })
    put(nat, `SVC-${s}`, [
      {
        matches: [{ kind: 'source', prefix: cluster, negated: true }, ...toService],
        verdict: jump('MARK-MASQ'),
      },
      ...choice(endpointNodes.map((_, e) => `SEP-${s}-${e}`)),
    ])
  })
  const toSelf: Match = { kind: 'addrtype', destination: { types: ['LOCAL'], negated: false } }
  put(nat, 'SERVICES', [...services, { matches: [toSelf], verdict: jump('NODEPORTS') }])
  put(nat, 'MARK-MASQ', [{ matches: [], verdict: { kind: 'mark', value: MARK, mask: MARK } }])
  put(nat, 'MASQ', [
    { matches: [{ kind: 'mark', value: MARK, mask: MARK, negated: true }], verdict: { kind: 'return' } },
    { matches: [], verdict: { kind: 'mark', value: MARK, mask: 0 } },
    { matches: [], verdict: { kind: 'masquerade', randomFully: true } },
  ])
  const filter = table('filter', new Map())
  const chains = filter.chains as Map<string, Chain>
  builtin(chains, 'INPUT', [])
  builtin(chains, 'FORWARD', [
    { matches: [{ kind: 'conntrack', states: ['NEW'], negated: false }], verdict: jump('SERVICES') },
    {
      matches: [{ kind: 'conntrack', states: ['RELATED', 'ESTABLISHED'], negated: false }],
      verdict: { kind: 'accept' },
    },
  ])
  builtin(chains, 'OUTPUT', [
    { matches: [{ kind: 'conntrack', states: ['NEW'], negated: false }], verdict: jump('SERVICES') },
  ])
  put(chains, 'SERVICES', rejects)
  return { nat, filter, endpointOfRule }
}

function rulesetOfNode(shape: ClusterShape, f: IpFamily, node: number, shared: SharedChains): Ruleset {
  const nat = new Map<string, Chain>()
  const toServices: Rule[] = [{ matches: [], verdict: jump('SERVICES') }]
  builtin(nat, 'PREROUTING', toServices)
  builtin(nat, 'INPUT', [])
  builtin(nat, 'OUTPUT', toServices)
  builtin(nat, 'POSTROUTING', [{ matches: [], verdict: jump('MASQ') }])
  for (const [name, chain] of shared.nat) nat.set(name, chain)
  const nodePorts: Rule[] = []
  shape.services.forEach(({ endpointNodes, nodePort = 0, local = false }, s) => {
    const own = endpointNodes.flatMap((n, e) => (n === node || !local ? [e] : []))
    if (nodePort === 0 || own.length === 0) return
    nodePorts.push({ matches: port(nodePort), verdict: jump(`EXT-${s}`) })
    put(
      nat,
      `EXT-${s}`,
      local
        ? choice(own.map(e => `SEP-${s}-${e}`))
        : [
            { matches: [], verdict: jump('MARK-MASQ') },
            { matches: [], verdict: jump(`SVC-${s}`) },
          ],
    )
  })
  put(nat, 'NODEPORTS', nodePorts)
  return { family: f, tables: [table('nat', nat), shared.filter] }
}

const choice = (chains: readonly string[]): Rule[] =>
  chains.map((chain, i) => ({
    matches:
      i === chains.length - 1
        ? []
        : [{ kind: 'statistic', threshold: statisticThreshold(1 / (chains.length - i)), negated: false }],
    verdict: jump(chain),
  }))

const table = (name: TableName, chains: Map<string, Chain>): Table => ({ name, chains })

const put = (chains: Map<string, Chain>, name: string, rules: readonly Rule[]): void => {
  chains.set(name, { name, rules })
}

const builtin = (chains: Map<string, Chain>, name: string, rules: readonly Rule[]): void => {
  chains.set(name, { name, policy: 'ACCEPT', rules })
}

const jump = (chain: string): Verdict => ({ kind: 'jump', chain })

const destination = (address: string): Match => ({
  kind: 'destination',
  prefix: hostPrefix(parseIp(address)!),
  negated: false,
})

function port(number?: number): Match[] {
  const tcp: Match = { kind: 'protocol', protocol: 'tcp', negated: false }
  const ports: Match =
    number === undefined
      ? { kind: 'ports', protocol: 'tcp' }
      : { kind: 'ports', protocol: 'tcp', destination: { from: number, to: number, negated: false } }
  return [tcp, ports]
}

function orThrow<A>(result: E.Either<Problem, A>): A {
  if (E.isLeft(result)) throw new Error(describeProblem(result.left))
  return result.right
}
