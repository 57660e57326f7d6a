/**
 * The kernel as judge of nat beyond single addresses: ranges of addresses and ports, --persistent, --random, REDIRECT, connections of one
 * source that leave alike. Which address of a range a connection gets is no chance: every backend, source and counter is equal.
 */
import * as E from 'fp-ts/lib/Either.js'
import { expect, it } from 'vitest'
import { differenceCount, verifyRules } from '../src/app/verify/verification.ts'
import type { Flow } from '../src/net/flow.ts'
import { type IpFamily, parseIp } from '../src/net/ip.ts'
import { ORIGIN } from '../src/net/packet.ts'
import { describeProblem } from '../src/problem/problem.ts'
import type { NodeRules } from '../src/replay/flows/node-rules.ts'
import { completeTables } from '../src/ruleset/complete-tables.ts'
import { parseIptables } from '../src/ruleset/parse-iptables.ts'
import { streamSeed } from '../src/sim/random.ts'
import { describeKernel } from './describe-kernel.ts'
import { SMALL_WORLD } from './in-kernel.ts'

interface World {
  readonly client: string
  readonly node: string
  readonly pod: string
  readonly service: (n: number) => string
  readonly backend: (n: number) => string
  readonly outer: (n: number) => string
  readonly at: (addresses: string, ports: string) => string
}

const WORLDS: Readonly<Record<IpFamily, World>> = {
  4: {
    client: '198.51.100.1',
    node: '192.168.10.1',
    pod: '10.244.9.9',
    service: n => `10.96.0.${n}`,
    backend: n => `10.244.1.${n}`,
    outer: n => `192.0.2.${n}`,
    at: (addresses, ports) => `${addresses}:${ports}`,
  },
  6: {
    client: '2001:db8:5::1',
    node: 'fd00:10::1',
    pod: 'fd00:244::99',
    service: n => `fd00:96::${n}`,
    backend: n => `fd00:244::1:${n}`,
    outer: n => `2001:db8:2:${n}::${n}`,
    at: (addresses, ports) => `[${addresses}]:${ports}`,
  },
}

function rulesText({ service, backend, outer, client, at }: World): string {
  const backends = `${backend(5)}-${backend(20)}`
  const sources = `${outer(1)}-${outer(7)}`
  const to = (n: number, target: string): string => `-A PREROUTING -d ${service(n)} -p udp ${target}`
  const by = (n: number, target: string): string => `-A POSTROUTING -d ${backend(n)} -p udp ${target}`
  return `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
${to(1, `-j DNAT --to-destination ${backends}`)}
${to(2, `-j DNAT --to-destination ${backends} --persistent`)}
${to(3, `-j DNAT --to-destination ${at(backend(30), '100-103')}`)}
${to(4, `-j DNAT --to-destination ${at(backends, '79-82')}`)}
${to(5, `-j DNAT --to-destination ${at(backend(30), '1000-9000')} --random`)}
${to(6, '-j REDIRECT')}
${to(7, '-j REDIRECT --to-ports 9000-9010')}
${to(8, '-j REDIRECT --to-ports 70-90 --random')}
${to(9, `-m statistic --mode random --probability 0.5 -j DNAT --to-destination ${backends}`)}
${to(9, `-j DNAT --to-destination ${backend(30)}-${backend(33)}`)}
-A OUTPUT -d ${service(6)} -j REDIRECT
-A OUTPUT -d ${service(7)} -p udp -j REDIRECT --to-ports 9000
${by(41, `-j SNAT --to-source ${sources}`)}
${by(42, `-j SNAT --to-source ${sources}`)}
${by(43, `-j SNAT --to-source ${sources} --persistent`)}
${by(44, `-j SNAT --to-source ${at(sources, '5000-5003')}`)}
${by(45, `-j SNAT --to-source ${client}-${client.slice(0, -1)}5`)}
${by(46, `-j SNAT --to-source ${client}-${client.slice(0, -1)}5 --random-fully`)}
${by(47, `-j SNAT --to-source ${at(outer(9), '6000-6999')}`)}
${by(48, `-j SNAT --to-source ${at(outer(9), '6000-6999')}`)}
COMMIT
`
}

function flowsOf({ client, node, pod, service, backend }: World): Flow[] {
  const flow = (destination: string, changes: Partial<Flow> = {}): Flow => ({
    id: destination,
    origin: ORIGIN.uplink,
    source: parseIp(client)!,
    destination: parseIp(destination)!,
    protocol: 'UDP',
    destinationPort: 80,
    connectionCount: 60,
    firstSourcePort: 10_000,
    sourceCount: 20,
    packetCount: 2,
    reply: true,
    delayUs: 0,
    gapUs: 0,
    ...changes,
  })
  const from = { origin: ORIGIN.pod, source: parseIp(pod)!, sourceCount: 1 }
  const own = { origin: ORIGIN.node, source: parseIp(node)!, sourceCount: 1 }
  return [
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map(n => flow(service(n))),
    // The same sources to one place after the other: what they became they become again.
    ...[41, 42, 43, 44, 45, 46, 47, 48].map(n => flow(backend(n))),
    ...[42, 41, 44].map(n => flow(backend(n), { destinationPort: 81 })),
    flow(service(1), { firstSourcePort: 20_000, destinationPort: 81 }),
    flow(service(6), { ...from, id: 'a pod, whose interface has no address' }),
    flow(service(6), { ...own, id: 'the node' }),
    flow(service(7), { ...own, id: 'the node, to a port', firstSourcePort: 12_000 }),
  ]
}

for (const backend of ['iptables-legacy', 'iptables-nft'] as const)
  await describeKernel(backend, () => {
    it.each([4, 6] as const)('translates to ranges and to itself as svcsim does, IPv%i', async family => {
      const world = WORLDS[family]
      const ruleset = completeTables(right(parseIptables(rulesText(world), { family })).ruleset)
      const rules: NodeRules = { mode: 'iptables', ruleset }
      const flowFile = { topology: SMALL_WORLD, flows: flowsOf(world) }
      const verified = right(
        await verifyRules({ shown: rules, evaluated: rules }, flowFile, backend, streamSeed('nat', backend))(),
      )
      const { flows, rules: counted, policies } = verified
      expect([...flows, ...counted, ...policies].filter(row => !row.equal)).toEqual([])
      expect(differenceCount(verified)).toBe(0)
      expect(verified.untoldChoiceCount).toBe(0)
      const backends = (n: number): number => Object.keys(flows[n].kernel.backends).length
      expect(backends(0)).toBeGreaterThan(4)
      expect(backends(4)).toBeGreaterThan(30)
      expect(Object.keys(flows[9].kernel.source).length).toBeGreaterThan(3)
      expect(flows.filter(f => f.kernel.outcome['local'] === 60).length).toBe(5)
    })
  })

function right<A>(either: E.Either<Parameters<typeof describeProblem>[0], A>): A {
  if (E.isLeft(either)) throw new Error(describeProblem(either.left))
  return either.right
}
