/**
 * Rows that only a kernel's clock, limits and own addresses can judge: session affinity that ends, lists of clients that overflow, node ports
 * on 127.0.0.1, hairpins, traffic policies. Each with the rules of both modes, in three backends; every counter is equal, and what the row
 * is about is seen to have happened.
 */
import * as E from 'fp-ts/lib/Either.js'
import { expect, it } from 'vitest'
import { KERNEL_BACKENDS } from '../src/app/kernel-replay.ts'
import type { ComparedFlow } from '../src/app/verify/compare-flows.ts'
import { differenceCount, verifyRules } from '../src/app/verify/verification.ts'
import type { ClusterState } from '../src/cluster/cluster-state.ts'
import type { Service } from '../src/cluster/objects.ts'
import type { Flow } from '../src/net/flow.ts'
import { ORIGIN, type Origin } from '../src/net/packet.ts'
import { describeProblem } from '../src/problem/problem.ts'
import { iptablesRuleset } from '../src/proxier/iptables-proxier.ts'
import { nftablesRuleset } from '../src/proxier/nftables-proxier.ts'
import { DEFAULT_PROXIER_CONFIG } from '../src/proxier/proxier-config.ts'
import { makePort } from '../src/proxier/testing/make-objects.ts'
import type { NodeRules } from '../src/replay/flows/node-rules.ts'
import { completeTables } from '../src/ruleset/complete-tables.ts'
import { streamSeed } from '../src/sim/random.ts'
import { describeKernel } from './describe-kernel.ts'
import { ADDRESSES, flowOf, TOPOLOGY, webCluster } from './semantics-world.ts'

const CONFIG = { ...DEFAULT_PROXIER_CONFIG, clusterCidrs: [ADDRESSES[4].podPrefix] }

/** Service `web` at 10.96.0.10:80 and node port 30080, with pods 10.244.0.1 (of this node) to 10.244.0.5 (of others). */
const cluster = (service: Partial<Service>): ClusterState => webCluster(4, 5, service)

/** 40 connections. */
const flow = (origin: Origin, source: string, destination: string, changes: Partial<Flow> = {}): Flow => ({
  ...flowOf(4, { id: `${source} to ${destination}`, origin, source, destination, connectionCount: 40 }),
  ...changes,
})

const CLIENT = '192.0.2.1'
const SERVICE = ADDRESSES[4].service
const visit = (changes: Partial<Flow>): Flow =>
  flow(ORIGIN.uplink, CLIENT, SERVICE, { connectionCount: 90, sourceCount: 90, ...changes })
const backendsOf = ({ kernel }: ComparedFlow): string[] => Object.keys(kernel.backends)
const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0)

interface Row {
  readonly name: string
  readonly state: ClusterState
  readonly flows: readonly Flow[]
  /** What the row is about. */
  readonly happened: (flows: readonly ComparedFlow[]) => void
}

const ROWS: readonly Row[] = [
  {
    name: 'a client keeps its endpoint while it comes back in time, and not afterwards',
    state: cluster({ sessionAffinity: 'ClientIP', affinityTimeoutSeconds: 3 }),
    flows: [
      visit({ id: 'first' }),
      visit({ id: 'in time', firstSourcePort: 11_000, delayUs: 500_000 }),
      visit({ id: 'late', firstSourcePort: 12_000, delayUs: 6_000_000 }),
    ],
    happened: ([first, inTime, late]) => {
      expect(inTime.kernel.backends).toEqual(first.kernel.backends)
      expect(late.kernel.backends).not.toEqual(first.kernel.backends)
    },
  },
  {
    name: '400 clients with affinity: the lists of iptables hold 100',
    state: cluster({ sessionAffinity: 'ClientIP' }),
    flows: [0, 1, 2].map(i =>
      flow(ORIGIN.uplink, '192.0.2.0', SERVICE, {
        connectionCount: 400,
        sourceCount: 400,
        firstSourcePort: 20_000 + i,
      }),
    ),
    happened: flows => {
      for (const { kernel } of flows) expect(sum(kernel.backends)).toBe(400)
    },
  },
  {
    name: 'the node itself: ClusterIP, node port on its address and on 127.0.0.1',
    state: cluster({}),
    flows: [
      flow(ORIGIN.node, '172.16.0.1', SERVICE, { protocol: 'TCP' }),
      flow(ORIGIN.node, '172.16.0.1', '172.16.0.1', { destinationPort: 30_080, firstSourcePort: 11_000 }),
      flow(ORIGIN.node, '127.0.0.1', '127.0.0.1', { destinationPort: 30_080, firstSourcePort: 12_000 }),
    ],
    happened: ([clusterIp, nodePort]) => {
      expect(clusterIp.kernel.source).toEqual({ kept: 40 })
      expect(nodePort.kernel.outcome).toEqual({ delivered: 40 })
    },
  },
  {
    name: 'a pod that reaches itself through its Service is masqueraded, others are not; answers find back',
    state: cluster({}),
    flows: [flow(ORIGIN.pod, '10.244.0.1', SERVICE, { connectionCount: 100, packetCount: 2, reply: true })],
    happened: ([hairpin]) => {
      expect(Object.keys(hairpin.kernel.source).sort()).toEqual(['kept', 'masq:172.16.0.1'])
      expect(hairpin.kernel.source['masq:172.16.0.1']).toBe(hairpin.kernel.backends['10.244.0.1:8080'])
      expect(hairpin.kernel.answerCount).toBe(200)
    },
  },
  {
    name: 'externalTrafficPolicy Local: outside to the local endpoint with its source kept, the node and pods to all',
    state: cluster({ externalTrafficPolicy: 'Local' }),
    flows: [
      flow(ORIGIN.uplink, CLIENT, '172.16.0.1', { destinationPort: 30_080 }),
      flow(ORIGIN.pod, '10.244.9.9', '172.16.0.1', { destinationPort: 30_080 }),
      flow(ORIGIN.node, '172.16.0.1', '172.16.0.1', { destinationPort: 30_080 }),
    ],
    happened: ([outside, pod, node]) => {
      expect(outside.kernel.backends).toEqual({ '10.244.0.1:8080': 40 })
      expect(outside.kernel.source).toEqual({ kept: 40 })
      expect(backendsOf(pod).length).toBeGreaterThan(2)
      expect(backendsOf(node).length).toBeGreaterThan(2)
    },
  },
  {
    name: 'UDP without answers is translated once, and stays NEW',
    state: cluster({ ports: [makePort({ protocol: 'UDP', nodePort: 30_080 })] }),
    flows: [flow(ORIGIN.uplink, CLIENT, SERVICE, { protocol: 'UDP', packetCount: 10 })],
    happened: ([udp]) => {
      expect(udp.kernel.splitCount).toBe(0)
    },
  },
]

for (const backend of KERNEL_BACKENDS)
  await describeKernel(backend, () => {
    it.each(ROWS.map(row => [row.name, row] as const))('%s', async (_name, { state, flows, happened }) => {
      const rules: NodeRules =
        backend === 'nft'
          ? { mode: 'nftables', ruleset: nftablesRuleset(state, 'a', CONFIG, 4) }
          : { mode: 'iptables', ruleset: completeTables(iptablesRuleset(state, 'a', CONFIG, 4)) }
      const flowFile = { topology: TOPOLOGY[4], flows }
      const verified = await verifyRules(
        { shown: rules, evaluated: rules },
        flowFile,
        backend,
        streamSeed('kernel-rows', backend),
      )()
      if (E.isLeft(verified)) throw new Error(describeProblem(verified.left))
      const { flows: compared, rules: counted, policies } = verified.right
      expect([...compared, ...counted, ...policies].filter(row => !row.equal)).toEqual([])
      expect(differenceCount(verified.right)).toBe(0)
      happened(compared)
    })
  })
