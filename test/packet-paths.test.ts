/**
 * The page's walk over the few rules it holds, against trace over all rules of the node: every rule looked at, every count and every
 * nanosecond the same.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { explainNftables } from '../src/app/trace/explain-nftables.ts'
import type { ExplainedTrace } from '../src/app/trace/explained-trace.ts'
import { formatIp, readIpWords } from '../src/net/ip.ts'
import { CT, newPacket, ORIGIN, type Packet } from '../src/net/packet.ts'
import { PlainConntrack } from '../src/netfilter/conntrack/plain-conntrack.ts'
import { itemsNs, spreadItems } from '../src/netfilter/cost/cost-profile.ts'
import { nftWayTerms, tracedNftWay } from '../src/netfilter/cost/nft-way-terms.ts'
import { rulesetSizes, traceTerms } from '../src/netfilter/cost/trace-terms.ts'
import { newTraceMemory } from '../src/netfilter/memory/trace-memory.ts'
import { newNftMemory } from '../src/netfilter/nft/nft-memory.ts'
import { traceNft } from '../src/netfilter/nft/trace-nft.ts'
import { orderedRuleset } from '../src/netfilter/ordered-ruleset.ts'
import { trace } from '../src/netfilter/trace.ts'
import type { PacketPaths } from '../src/output/paths/packet-paths.ts'
import type { HopStep, HopWalk } from '../src/page/hop-rules.ts'
import { type PathChoice, type PathWalk, PathWalker } from '../src/page/walk-path.ts'
import { nftablesRuleset } from '../src/proxier/nftables-proxier.ts'
import { hostViews } from '../src/replay/host-table.ts'
import { streamSeed } from '../src/sim/random.ts'
import { inIptables } from './in-mode.ts'
import { makePathWorld, type PathWorld, right } from './make-packet-paths.ts'

const service = (more: object): object => ({ ports: [{ name: 'http', port: 80, targetPort: 8080 }], ...more })

/** Every kind of Service, some without endpoints, some on the same address. */
const EVERY_KIND = {
  nodes: 5,
  zones: 2,
  workloads: [
    { name: 'plain', count: 12, replicas: 3, service: service({}) },
    { name: 'port', count: 5, replicas: 2, service: service({ type: 'NodePort' }) },
    { name: 'edge', count: 3, replicas: 2, service: service({ type: 'LoadBalancer', externalTrafficPolicy: 'Local' }) },
    { name: 'empty', count: 3, replicas: 0, service: service({}) },
    {
      name: 'dns',
      count: 2,
      replicas: 2,
      service: {
        ports: [
          { name: 'dns', port: 53, protocol: 'UDP' },
          { name: 'dns-tcp', port: 53 },
          { name: 'metrics', port: 9153 },
        ],
      },
    },
  ],
}

const DUAL_STACK = {
  ...EVERY_KIND,
  serviceCidrs: ['10.96.0.0/16', 'fd00:10:96::/112'],
  clusterCidrs: ['10.244.0.0/16', 'fd00:10:244::/56'],
  nodeCidrs: ['172.18.0.0/16', 'fc00:f853:ccd::/64'],
  workloads: EVERY_KIND.workloads.map(w => ({ ...w, service: { ...w.service, ipFamilyPolicy: 'RequireDualStack' } })),
}

/** ClientIP affinity, an address of its own from outside, and only some may come. */
const STICKY = `
apiVersion: v1
kind: Service
metadata: { name: sticky, namespace: default }
spec:
  type: LoadBalancer
  clusterIP: 10.96.77.7
  clusterIPs: [10.96.77.7]
  selector: { app: plain-0 }
  sessionAffinity: ClientIP
  externalIPs: [203.0.113.9]
  loadBalancerSourceRanges: [198.51.100.0/24]
  ports: [{ port: 80, targetPort: 8080, nodePort: 31777 }]
status: { loadBalancer: { ingress: [{ ip: 203.0.113.7 }] } }
`

/** Endpoints that are pods of the host network: at addresses of nodes, and behind a node port too. */
const HOST_NETWORK = [
  `apiVersion: v1
kind: Service
metadata: { name: proxy, namespace: default }
spec:
  type: NodePort
  clusterIP: 10.96.77.8
  clusterIPs: [10.96.77.8]
  selector: { app: proxy }
  ports: [{ port: 80, targetPort: 30080, nodePort: 31778 }]
`,
  ...[0, 1, 2, 3, 4].map(
    n => `apiVersion: v1
kind: Pod
metadata: { name: proxy-${n}, namespace: default, labels: { app: proxy } }
spec: { nodeName: node-${n}, hostNetwork: true, containers: [{ name: proxy, image: proxy }] }
status:
  phase: Running
  hostIP: 172.18.0.${n + 2}
  podIP: 172.18.0.${n + 2}
  podIPs: [{ ip: 172.18.0.${n + 2} }]
  conditions: [{ type: Ready, status: 'True' }]
`,
  ),
].join('---\n')

/** What is compared: where each rule that was looked at stands and whether it matched, how the packet left, what it cost. */
interface Judged {
  readonly steps: readonly string[]
  readonly end: readonly (string | number)[]
  readonly ns: readonly number[]
  /** Of nftables mode, in a hop without a choice: what is said of each rule, as whether a set has the packet. */
  readonly words?: readonly string[]
}

/** The same packet over all rules, with the draws that the walk took. */
function judge(world: PathWorld, { hops, forks }: PathWalk): readonly Judged[] {
  return hops.map((hop, h) => {
    const node = world.run.nodes.findIndex(n => n.name === hop.node.name)
    const draws = forks.filter(f => f.hop === h).map(f => f.options[f.taken].bound)
    const packet = packetOf(hop.packet, hops[h - 1], hop.explain().packet)
    return JUDGES[world.paths.mode](world, node, packet, draws)
  })
}

type Judge = (world: PathWorld, node: number, packet: Packet, draws: readonly number[]) => Judged

const judgeIptables: Judge = ({ run, profiles }, node, packet, draws) => {
  const { plan: all, families } = inIptables(run)
  const { plan, views } = families[packet.family]!
  const ruleset = orderedRuleset(views.views[plan.viewOfNode[node]], all.orderKeyOfNode[node])
  const memory = newTraceMemory(ruleset, new PlainConntrack(streamSeed('path', 'page')))
  const traced = right(trace(ruleset, hostViews(plan.hosts)[node], packet, n => draws[n], { memory }))
  return {
    steps: traced.steps.map(stepText),
    end: endOf(traced),
    ns: Object.values(profiles).map(profile =>
      itemsNs(profile, traceTerms(profile.backend, rulesetSizes(ruleset), traced, plan.program.dnatCount)),
    ),
  }
}

const judgeNftables: Judge = ({ state, run, profiles }, node, packet, draws) => {
  const { plan } = run.families[packet.family]!
  const ruleset = nftablesRuleset(state, run.nodes[node].name, run.config, packet.family)
  const host = hostViews(plan.hosts)[node]
  const memory = newNftMemory(ruleset, new PlainConntrack(streamSeed('path', 'page')))
  const traced = traceNft(ruleset, host, packet, n => draws[n], { memory })
  const way = tracedNftWay(traced, host)
  const spread = way.isTranslated ? spreadItems(plan.program.dnatCount) : []
  return {
    steps: traced.steps.map(step =>
      stepText({
        ...step,
        table: step.table.name,
        chain: step.chain.name,
        matched: step.stoppedAt === undefined,
      }),
    ),
    end: endOf(traced),
    ns: [itemsNs(profiles.nftables, [...nftWayTerms(way), ...spread])],
    ...(draws.length > 0 ? {} : { words: wordsOf(explainNftables(ruleset, packet, traced, new Map())) }),
  }
}

const wordsOf = ({ hooks }: ExplainedTrace): readonly string[] => hooks.flatMap(h => h.steps.map(s => s.words))

const JUDGES = { iptables: judgeIptables, nftables: judgeNftables }

/** As it came to the hop. */
function packetOf(
  left: Packet,
  before: HopWalk | undefined,
  came: { sourcePort: number; destinationPort: number },
): Packet {
  const packet = newPacket(left.family)
  packet.source.set(left.originalSource)
  packet.destination.set(left.originalDestination)
  return Object.assign(packet, {
    ...came,
    source: packet.source,
    destination: packet.destination,
    mark: 0,
    protocol: left.protocol,
    ctState: CT.NEW,
    origin: before === undefined ? left.origin : ORIGIN.uplink,
  })
}

const endOf = ({ outcome, packet }: Pick<HopWalk, 'outcome' | 'packet'>) => [
  outcome,
  formatIp({ family: packet.family, value: readIpWords(packet.destination, 0) }),
  packet.destinationPort,
  formatIp({ family: packet.family, value: readIpWords(packet.source, 0) }),
]

const stepText = (s: Pick<HopStep, 'hook' | 'table' | 'chain' | 'index' | 'matched'>): string =>
  `${s.hook} ${s.table} ${s.chain} ${s.index} ${s.matched}`

function everyChoice({ nodes, destinations }: PacketPaths): PathChoice[] {
  return nodes.flatMap((node, n) =>
    node.why === ''
      ? []
      : ['node', 'outside', ...node.pods.map(p => p.address)].flatMap(sender =>
          destinations.flatMap(({ family }, destination) =>
            ['node', 'outside'].includes(sender) || sender.includes(':') === (family === 6)
              ? [0, 99].map(taken => ({ node: n, sender, destination, taken: [taken, taken, taken] }))
              : [],
          ),
        ),
  )
}

describe('the path of a packet on the page', () => {
  it.each([
    ['a small cluster, all of its Services', EVERY_KIND, undefined, {}],
    ['the same, few of its Services', EVERY_KIND, 150, {}],
    ['one Service of it', EVERY_KIND, 1, {}],
    ['services in the order written', EVERY_KIND, 150, { proxy: { serviceOrder: 'sorted' } }],
    ['two families', DUAL_STACK, 150, {}],
    ['one node', { ...EVERY_KIND, nodes: 1, zones: 1 }, 150, {}],
    ['nftables mode', EVERY_KIND, undefined, { proxy: { mode: 'nftables' } }],
    ['nftables mode, few of its Services', EVERY_KIND, 150, { proxy: { mode: 'nftables' } }],
    ['nftables mode, one Service', EVERY_KIND, 1, { proxy: { mode: 'nftables' } }],
    ['nftables mode, two families', DUAL_STACK, 150, { proxy: { mode: 'nftables' } }],
    ['pods of the host network', EVERY_KIND, undefined, {}, HOST_NETWORK],
    ['nftables mode, pods of the host network', EVERY_KIND, undefined, { proxy: { mode: 'nftables' } }, HOST_NETWORK],
  ])('is the one over all rules: %s', async (_, cluster, rules, more, objects = STICKY) => {
    const world = await makePathWorld({ cluster, ...(rules === undefined ? {} : { rules }), more, objects })
    const walker = new PathWalker(world.paths)
    const choices = everyChoice(world.paths)
    const outcomes = new Set<string>()
    const secondAt = new Set<unknown>()
    let twoHops = 0
    for (const choice of choices) {
      const walk = right(walker.walk(choice))
      const judged = judge(world, walk)
      expect(walk.hops.map(h => h.steps.map(stepText))).toEqual(judged.map(j => j.steps))
      expect(walk.hops.map(endOf)).toEqual(judged.map(j => j.end))
      judged.forEach(({ words }, h) => {
        if (words !== undefined) expect(wordsOf(walk.hops[h].explain())).toEqual(words)
      })
      walk.modelled.forEach(({ ns }, lane) => {
        expect(ns).toBeCloseTo(
          judged.reduce((sum, j) => sum + j.ns[lane], 0),
          6,
        )
      })
      twoHops += walk.hops.length - 1
      for (const hop of walk.hops.slice(1)) secondAt.add(endOf(hop)[1])
      outcomes.add(walk.hops[0].explain().outcome)
    }
    expect(choices.length).toBeGreaterThan(20)
    expect(outcomes.size).toBeGreaterThan(1)
    expect(twoHops > 0).toBe(world.run.nodes.length > 1)
    expect([...secondAt].some(to => String(to).startsWith('172.18.'))).toBe(objects === HOST_NETWORK)
  })

  describe('of a cluster of 400 Services', () => {
    let world: PathWorld
    beforeAll(async () => {
      world = await makePathWorld({
        cluster: { nodes: 40, zones: 2, workloads: [{ name: 'web', count: 400, replicas: 10, service: {} }] },
        rules: 300,
      })
    })

    it('holds a few rules, each in its place', () => {
      const { chains, rulesets, nodes, destinations } = world.paths
      expect(destinations.length).toBe(8)
      expect(JSON.stringify(world.paths).length).toBeLessThan(200_000)
      for (const place of nodes[0].sent.filter(p => p >= 0)) {
        const own = rulesets[place].tables.find(t => t.name === 'nat')!.chains.map(c => chains[c])
        const services = own.find(c => c.name === 'KUBE-SERVICES')!
        const count = services.rules.reduce<number>((sum, rule) => sum + (typeof rule === 'string' ? 1 : rule[0]), 0)
        expect(count).toBe(401)
        expect(services.rules.length).toBeLessThan(20)
        expect(rulesets[place].rules['nat']).toBe(
          inIptables(world.run)
            .families[4]!.views.views[0].tables.find(t => t.name === 'nat')!
            .chains.values()
            .reduce((sum, c) => sum + c.rules.length, 0),
        )
      }
    })

    it('holds a few elements of the maps of nftables mode, and the chains they lead to', async () => {
      const { paths } = await makePathWorld({
        cluster: { nodes: 40, zones: 2, workloads: [{ name: 'web', count: 400, replicas: 10, service: {} }] },
        more: { proxy: { mode: 'nftables' } },
        rules: 300,
      })
      expect(JSON.stringify(paths).length).toBeLessThan(200_000)
      const textOf = (place: number): string => paths.rulesets[place].texts.map(t => paths.texts[t]).join('\n')
      const sent = textOf(paths.nodes[0].sent[0])
      expect(sent.match(/ : goto service-/g)?.length).toBe(8)
      expect(sent.match(/chain endpoint-/g)?.length).toBe(80)
      expect(textOf(paths.nodes[0].translated[0])).not.toMatch(/chain (endpoint|service)-[A-Z2-7]{8}-/)
      expect(paths.rulesets[0].rules['kube-proxy']).toBeGreaterThan(8_000)
    })

    it('shares what translated packets meet among all nodes', () => {
      expect(new Set(world.paths.nodes.map(n => n.translated[0])).size).toBe(1)
    })

    it('says the chance of every branch, and each leads to an endpoint of its own', () => {
      const walker = new PathWalker(world.paths)
      const ends = Array.from({ length: 10 }, (_, i) =>
        right(walker.walk({ node: 0, sender: 'node', destination: 0, taken: [i] })),
      )
      expect(new Set(ends.map(w => w.end)).size).toBe(10)
      const { options } = ends[0].forks[0]
      expect(options.length).toBe(10)
      for (const { chance } of options) expect(chance).toBeCloseTo(0.1, 6)
      // The kernel asks one chance after another: the last endpoint costs nine more rules than the first.
      expect(ends[9].rulesEvaluated - ends[0].rulesEvaluated).toBe(9)
    })
  })
})
