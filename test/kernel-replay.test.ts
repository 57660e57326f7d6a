/** The injector itself: what it says came of a packet, on rules whose answer is known beforehand; and that it leaves nothing behind. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  KERNEL_BACKENDS,
  type KernelBackend,
  type KernelCounters,
  type KernelStep,
  type SentConnection,
  type SentFlow,
} from '../src/app/kernel-replay.ts'
import { describeKernel } from './describe-kernel.ts'
import { inKernel, makeKernelFlow } from './in-kernel.ts'

const IPTABLES = (v6: boolean): string => {
  const [service, other, pod] = v6
    ? ['fd00:96::', 'fd00:96::', '[fd00:244::5]']
    : ['10.96.0.', '10.96.0.', '10.244.0.5']
  return `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
${['PREROUTING', 'OUTPUT']
  .flatMap(chain =>
    ['tcp', 'udp', 'sctp'].map(
      p => `-A ${chain} -d ${service}1 -p ${p} --dport 80 -j DNAT --to-destination ${pod}:8080`,
    ),
  )
  .join('\n')}
-A POSTROUTING -s ${v6 ? '2001:db8::/32' : '198.51.100.0/24'} -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -d ${other}2 -j REJECT
-A FORWARD -d ${other}3 -p tcp -j REJECT --reject-with tcp-reset
-A FORWARD -d ${other}4 -j DROP
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -m conntrack --ctstate NEW,RELATED,ESTABLISHED -j ACCEPT
COMMIT
`
}

const NFT = (v6: boolean): string => {
  const ip = v6 ? 'ip6' : 'ip'
  const [service, pod, source] = v6
    ? ['fd00:96::', '[fd00:244::5]', '2001:db8::/32']
    : ['10.96.0.', '10.244.0.5', '198.51.100.0/24']
  return `table ${ip} t {
  chain nat-prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ${['tcp', 'udp', 'sctp'].map(p => `${ip} daddr ${service}1 ${p} dport 80 dnat to ${pod}:8080`).join('\n    ')}
  }
  chain nat-output {
    type nat hook output priority -100; policy accept;
    ${['tcp', 'udp', 'sctp'].map(p => `${ip} daddr ${service}1 ${p} dport 80 dnat to ${pod}:8080`).join('\n    ')}
  }
  chain nat-postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ${ip} saddr ${source} masquerade
  }
  chain filter-forward {
    type filter hook forward priority filter; policy drop;
    ${ip} daddr ${service}2 reject
    ${ip} daddr ${service}3 meta l4proto tcp reject with tcp reset
    ${ip} daddr ${service}4 drop
    ct state invalid drop
    ct state new,related,established accept
  }
}
`
}

const rulesOf = (backend: KernelBackend): KernelStep => ({
  load: [false, true].map(v6 => ({
    family: v6 ? (6 as const) : (4 as const),
    text: backend === 'nft' ? NFT(v6) : IPTABLES(v6),
  })),
})

const FAMILIES = [
  { client: '198.51.100.1', service: '10.96.0.', pod: '10.244.0.', node: '192.168.10.1', unreachable: [3, 3] },
  { client: '2001:db8::1', service: 'fd00:96::', pod: 'fd00:244::', node: 'fd00:10::1', unreachable: [1, 4] },
] as const

for (const backend of KERNEL_BACKENDS)
  await describeKernel(backend, () => {
    it('tells what came of every packet', async () => {
      for (const { client, service, pod, node, unreachable } of FAMILIES) {
        const to = (host: number, protocol: number) =>
          makeKernelFlow({ source: client, destination: `${service}${host}`, protocol, reply: true, packets: 3 })
        const answer = await inKernel({
          backend,
          steps: [
            rulesOf(backend),
            {
              send: [
                ...[6, 17, 132].map(protocol => to(1, protocol)),
                { ...to(1, 17), origin: 'pod', source: `${pod}9`, connections: 2 },
                { ...to(1, 17), origin: 'node', source: node },
                ...[to(2, 17), to(3, 6), to(4, 6), { ...to(0, 17), destination: node, packets: 1, reply: false }],
              ],
            },
          ],
        })
        const flows = (answer.steps[1] as readonly SentFlow[]).map(f => f.connections)
        const arrived = (c: SentConnection) =>
          c.arrivals.map(([n, place, ip, port, source]) => [n, place, ip, port, source])
        const ways = (source: string) => [0, 1, 2].map(n => [n, 'pod', `${pod}5`, 8080, source])
        for (const [connection] of flows.slice(0, 3)) {
          expect(arrived(connection)).toEqual(ways(node))
          expect(connection.answers).toEqual([0, 1, 2].map(n => ['answer', n, true]))
        }
        expect(flows[3].map(c => c.source_port)).toEqual([10_000, 10_001])
        for (const connection of flows[3]) expect(arrived(connection)).toEqual(ways(`${pod}9`))
        expect(arrived(flows[4][0])).toEqual(ways(node))
        expect(flows[4][0].answers).toHaveLength(3)
        expect(flows[5][0]).toMatchObject({
          arrivals: [],
          answers: [0, 1, 2].map(n => ['icmp', n, ...unreachable, node]),
        })
        expect(flows[6][0]).toMatchObject({ arrivals: [], answers: [['reset'], ['reset'], ['reset']] })
        expect(flows[7][0]).toEqual({ source: client, source_port: 10_000, arrivals: [] })
        expect(flows[8][0]).toMatchObject({ answers: [['icmp', 0, ...unreachable, node]] })
        expect(arrived(flows[8][0])).toEqual([[0, 'node', node, 80, client]])
      }
    })

    it('counts what reaches a rule and what it matches', async () => {
      const answer = await inKernel({
        backend,
        steps: [
          rulesOf(backend),
          {
            send: [
              makeKernelFlow({ connections: 5, sources: 2 }),
              makeKernelFlow({ destination: '10.96.0.2', connections: 3 }),
            ],
          },
          { count: true },
        ],
      })
      const { rules, chains } = answer.steps[2] as KernelCounters
      const counts = (chain: RegExp) =>
        rules.filter(r => r.family === 4 && chain.test(r.chain)).map(r => `${r.evaluated} ${r.matched}`)
      expect(counts(/^(nat-prerouting|PREROUTING)$/)).toEqual(['8 0', '8 5', '3 0'])
      expect(counts(/^(nat-postrouting|POSTROUTING)$/)).toEqual(['5 5'])
      expect(counts(/^(filter-forward|FORWARD)$/)).toEqual(['8 3', '5 0', '5 0', '5 0', '5 5'])
      const policies = chains.filter(c => c.family === 4 && c.policy !== null && c.packets > 0)
      expect(policies.map(c => `${c.table} ${c.chain} ${c.packets}`).sort()).toEqual(
        backend === 'nft' ? [] : ['filter OUTPUT 3', 'nat PREROUTING 3'],
      )
    })

    it('keeps a flow on what it was translated to when rules are replaced, until it is forgotten', async () => {
      const moved = {
        load: (rulesOf(backend) as Extract<KernelStep, { load: unknown }>).load.map(r => ({
          ...r,
          text: r.text.replaceAll('10.244.0.5', '10.244.0.6'),
        })),
      }
      const flow = makeKernelFlow({ origin: 'pod', source: '10.244.0.9' })
      const tcp = makeKernelFlow({ origin: 'pod', source: '10.244.0.9', protocol: 6, reply: true, flags: ['S', 'A'] })
      const later = { send: [flow, { ...tcp, packets: 1, flags: ['PA'] }] }
      const answer = await inKernel({
        backend,
        steps: [
          rulesOf(backend),
          { send: [flow, tcp] },
          moved,
          later,
          { send: [{ ...flow, source_port: 7 }] },
          { forget: true },
          later,
        ],
      })
      const backends = answer.steps.flatMap(step =>
        Array.isArray(step) ? [(step as SentFlow[]).map(f => f.connections[0].arrivals.map(a => a[2]))] : [],
      )
      const [old, now] = ['10.244.0.5', '10.244.0.6']
      expect(backends).toEqual([[[old], [old, old]], [[old], [old]], [[now]], [[now], [now]]])
    })

    it('sends the TCP flags it is told to', async () => {
      const flags = (letters: string, source_port: number) =>
        makeKernelFlow({ protocol: 6, origin: 'pod', source: '10.244.0.9', flags: [letters], source_port })
      const all = ['S', 'A', 'PA', 'SA', 'R', 'FA']
      const send = { send: all.map((letters, i) => flags(letters, 2000 + i)) }
      const arrivals = async (loose: number): Promise<number[]> => {
        const sysctls = { 'net.netfilter.nf_conntrack_tcp_loose': loose }
        const answer = await inKernel({ backend, sysctls, steps: [rulesOf(backend), send] })
        return (answer.steps[1] as readonly SentFlow[]).map(f => f.connections[0].arrivals.length)
      }
      expect(await arrivals(1)).toEqual([1, 1, 1, 0, 0, 0])
      expect(await arrivals(0)).toEqual([1, 0, 0, 0, 0, 0])
    })

    it('says which rules the kernel does not take', async () => {
      const text =
        backend === 'nft'
          ? 'table ip t { chain c { jump nowhere; } }'
          : '*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -j NOWHERE\nCOMMIT\n'
      await expect(inKernel({ backend, steps: [{ load: [{ family: 4, text }] }] })).rejects.toThrow(
        /does not take the rules.*(nowhere|NOWHERE)/,
      )
    })

    it('stops when its time is over', async () => {
      const flow = makeKernelFlow({ connections: 100, packets: 1000, delay_ms: 1100 })
      await expect(inKernel({ backend, mostSeconds: 1, steps: [{ send: [flow] }] })).rejects.toThrow(
        /takes longer than it may/,
      )
    })
  })

describe('the injector', () => {
  it('leaves no namespace and no interface', () => {
    const named = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout ?? ''
    expect(named).not.toMatch(/kernel-replay/)
    expect(readdirSync('/sys/class/net').filter(name => /^(c0|b0|e0|p0)$/.test(name))).toEqual([])
  })
})
