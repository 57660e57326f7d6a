/**
 * What experiments with Linux 6.18 (iptables-legacy, iptables-nft, nft) found out, finding by finding: each row cites the words of its
 * finding, and every evaluator that the words speak of must agree, in every family they speak of. kernel-rows.test.ts and its kin ask the
 * kernel itself; here nothing but the project's own code is needed, so these rows are run every day.
 */
import { describe, expect, it } from 'vitest'
import type { Flow } from '../src/net/flow.ts'
import { type IpFamily, parseIp } from '../src/net/ip.ts'
import { ORIGIN } from '../src/net/packet.ts'
import { makePort } from '../src/proxier/testing/make-objects.ts'
import type { NodeRules } from '../src/replay/flows/node-rules.ts'
import type { NftRuleset } from '../src/ruleset/nft-ruleset.ts'
import { printRuleset } from '../src/ruleset/print-iptables.ts'
import { printNftRuleset } from '../src/ruleset/print-nftables.ts'
import { TCP_FLAG } from '../src/ruleset/ruleset.ts'
import {
  ADDRESSES,
  atPort,
  chainCalled,
  EVALUATORS,
  type EvaluatorName,
  evaluated,
  flowOf,
  iptablesOf,
  manyServices,
  matched,
  modeOf,
  nftOf,
  podAddress,
  type Replayed,
  type ReplayedWith,
  replayWith,
  rulesOf,
  serviceAddress,
  webCluster,
} from './semantics-world.ts'

/** One evaluator in one family. */
interface Judge {
  readonly name: EvaluatorName
  readonly family: IpFamily
  readonly isNft: boolean
  readonly replay: (rules: NodeRules, flows: readonly Flow[], options?: ReplayedWith) => Replayed
  /** The rules of the evaluator's mode for webCluster. */
  readonly web: (endpoints: number, service?: Parameters<typeof webCluster>[2]) => NodeRules
}

interface Row {
  readonly finding: number
  readonly words: string
  readonly evaluators?: readonly EvaluatorName[]
  readonly families?: readonly IpFamily[]
  readonly holds: (judge: Judge) => void
}

const IPTABLES: readonly EvaluatorName[] = ['trace', 'evaluate']
const NFT: readonly EvaluatorName[] = ['trace-nft', 'evaluate-nft']
const { SYN, ACK, RST, PSH, FIN } = TCP_FLAG

const counts = (map: ReadonlyMap<string, number>): Record<string, number> => Object.fromEntries(map)
const total = (map: ReadonlyMap<string, number>): number => [...map.values()].reduce((a, b) => a + b, 0)
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)
const udpWeb = { ports: [makePort({ protocol: 'UDP', nodePort: 30_080 })] } as const

/** Chi-square of counts against even shares, as a number of standard deviations above its mean. */
function chiSquareDeviations(seen: readonly number[], kinds: number): number {
  const expected = sum(seen) / kinds
  const chiSquare = sum(Array.from({ length: kinds }, (_, i) => ((seen[i] ?? 0) - expected) ** 2 / expected))
  return (chiSquare - (kinds - 1)) / Math.sqrt(2 * (kinds - 1))
}

/** `%.11f` of units/2^31, ties to even as C prints an exact binary fraction. */
function printedProbability(units: bigint): string {
  const scaled = units * 10n ** 11n
  const rest = scaled % 2n ** 31n
  const floor = scaled / 2n ** 31n
  const up = rest > 2n ** 30n || (rest === 2n ** 30n && floor % 2n === 1n)
  const digits = `${up ? floor + 1n : floor}`.padStart(12, '0')
  return `${digits.slice(0, -11)}.${digits.slice(-11)}`
}

/** The probabilities of these rules as iptables-save prints them. */
function savedProbabilities(asked: readonly string[]): string[] {
  const rules = asked.map(p => `-A INPUT -m statistic --mode random --probability ${p}\n`)
  const { ruleset } = iptablesOf(`*filter\n${rules.join('')}COMMIT\n`)
  return [...printRuleset(ruleset).matchAll(/--probability (\S+)/g)].map(found => found[1])
}

const ROWS: readonly Row[] = [
  {
    finding: 1,
    words: 'stored integer = floor(p*2^31 + 0.5); iptables-save prints "%.11f" % (int/2^31)',
    evaluators: ['trace'],
    families: [4],
    holds: () => {
      const known = {
        '0.3333333333': '0.33333333349',
        '0.1428571429': '0.14285714272',
        '0.0002000000': '0.00020000013',
        '0.0000000002': '0.00000000000',
        '0.0000000003': '0.00000000047',
        '0.9999999999': '1.00000000000',
      }
      expect(savedProbabilities(Object.keys(known))).toEqual(Object.values(known))
      const shares = Array.from({ length: 4_999 }, (_, i) => (1 / (i + 2)).toFixed(10))
      const expected = shares.map(p => {
        const tenDigits = BigInt(p.replace('.', ''))
        return printedProbability((2n * tenDigits * 2n ** 31n + 10n ** 10n) / (2n * 10n ** 10n))
      })
      expect(savedProbabilities(shares)).toEqual(expected)
    },
  },
  {
    finding: 1,
    words: '0.0000000002 -> 0 (never matches), 0.9999999999 -> 1.00000000000 (always: 40000/40000)',
    evaluators: IPTABLES,
    holds: ({ name, family, replay }) => {
      const chance = (p: string): string => `-A FORWARD -m statistic --mode random --probability ${p}`
      const rules = iptablesOf(`*filter\n${chance('0.0000000002')}\n${chance('0.9999999999')}\nCOMMIT\n`, family)
      const connectionCount = name === 'trace' ? 4_000 : 40_000
      const done = replay(rules, [flowOf(family, { connectionCount, sourceCount: 4_000 })])
      expect(matched(done, 'FORWARD', 'filter')).toEqual([0, connectionCount])
    },
  },
  {
    finding: 2,
    words:
      "the k-th service's packet evaluates exactly k rules of KUBE-SERVICES; POSTROUTING 1, KUBE-POSTROUTING 1 or 3 (marked)",
    evaluators: IPTABLES,
    holds: ({ family, replay }) => {
      for (const k of [1, 2, 30]) {
        const rules = rulesOf(manyServices(family, 30), 'iptables', family)
        for (const origin of [ORIGIN.pod, ORIGIN.uplink] as const) {
          const done = replay(rules, [flowOf(family, { origin, destination: serviceAddress(family, k) })])
          const isMarked = origin === ORIGIN.uplink
          expect(sum(evaluated(done, 'KUBE-SERVICES', 'nat'))).toBe(k)
          expect(evaluated(done, 'POSTROUTING', 'nat')).toEqual([1])
          expect(evaluated(done, 'KUBE-POSTROUTING')).toEqual(isMarked ? [1, 1, 1] : [1, 0, 0])
          expect(evaluated(done, 'KUBE-MARK-MASQ')).toEqual([isMarked ? 1 : 0])
          // FORWARD and KUBE-FORWARD: 2 + 2 when the mark is accepted, else 4 + 3.
          expect(sum(evaluated(done, 'FORWARD', 'filter'))).toBe(isMarked ? 2 : 4)
          expect(sum(evaluated(done, 'KUBE-FORWARD'))).toBe(isMarked ? 2 : 3)
        }
      }
    },
  },
  {
    finding: 2,
    words:
      'then 1 (mark-masq rule) + j statistic rules in KUBE-SVC, 2 in KUBE-SEP; mean j = (n+1)/2; counters count MATCHES only',
    evaluators: IPTABLES,
    holds: ({ family, replay, web }) => {
      const n = 7
      const connections = 1_000
      const done = replay(web(n), [flowOf(family, { connectionCount: connections, sourceCount: 100 })])
      const [masq, ...statistic] = evaluated(done, /^KUBE-SVC-/)
      expect(masq).toBe(connections)
      const taken = matched(done, /^KUBE-SVC-/).slice(1)
      expect(sum(taken)).toBe(connections)
      // Who takes rule j has been asked rules 1 to j.
      expect(sum(statistic)).toBe(sum(taken.map((count, j) => count * (j + 1))))
      // The mean of 1,000 uniform ranks lies within five of its standard deviations, 2 / sqrt(1,000).
      expect(Math.abs(sum(statistic) / connections - (n + 1) / 2)).toBeLessThan((5 * 2) / Math.sqrt(connections))
      const endpoints = done.chains.filter(c => c.chain.startsWith('KUBE-SEP-'))
      expect(endpoints).toHaveLength(n)
      for (const { rules } of endpoints) {
        const [own, translate] = rules
        expect([own.packets, translate.packets, own.evaluatedCount]).toEqual([0, own.evaluatedCount, translate.packets])
      }
    },
  },
  {
    finding: 2,
    words: 'nft: 1 vmap rule whatever N',
    evaluators: NFT,
    holds: ({ family, replay }) => {
      for (const N of [1, 30]) {
        const flow = flowOf(family, { destination: serviceAddress(family, N), connectionCount: 20 })
        const done = replay(rulesOf(manyServices(family, N), 'nftables', family), [flow])
        expect(evaluated(done, 'services')).toEqual([20, 0])
      }
    },
  },
  {
    finding: 3,
    words:
      '50 conns x 10 packets = 50 nat hits; UDP without replies is still NEW (500 hits) but keeps its DNAT (0 of 50 conns split)',
    holds: ({ family, isNft, replay, web }) => {
      const flow = flowOf(family, { protocol: 'UDP', connectionCount: 50, packetCount: 10 })
      const done = replay(web(5, udpWeb), [flow])
      expect(evaluated(done, isNft ? 'nat-prerouting' : 'PREROUTING', isNft ? undefined : 'nat')).toEqual([50])
      expect(evaluated(done, isNft ? 'nat-postrouting' : 'POSTROUTING', isNft ? undefined : 'nat')).toEqual([50])
      // Both ask of NEW packets what stands first in their forward chain.
      expect(matched(done, isNft ? 'filter-forward' : 'FORWARD', isNft ? undefined : 'filter')[0]).toBe(500)
      expect([done.flows[0].splitCount, done.flows[0].arrivalCount]).toEqual([0, 500])
    },
  },
  {
    finding: 3,
    words: 'with replies: --ctstate NEW hits 50; the rest is ESTABLISHED (1000 packets through FORWARD incl. replies)',
    holds: ({ family, isNft, replay, web }) => {
      const flow = flowOf(family, { protocol: 'UDP', connectionCount: 50, packetCount: 10, reply: true })
      const done = replay(web(5, udpWeb), [flow])
      const [table, chain] = isNft ? [undefined, 'filter-forward'] : ['filter', 'FORWARD']
      expect([matched(done, chain, table)[0], evaluated(done, chain, table)[0]]).toEqual([50, 1_000])
      if (!isNft) expect(sum(matched(done, 'KUBE-FORWARD'))).toBe(50 + 950)
      expect([done.flows[0].answerCount, done.flows[0].strayAnswerCount]).toEqual([500, 0])
    },
  },
  {
    finding: 4,
    words: 'KUBE-POSTROUTING returns the unmarked (70/170), the rest is xor-cleared and masqueraded (100/170)',
    holds: ({ family, isNft, replay, web }) => {
      const flows = [
        flowOf(family, { connectionCount: 100 }),
        flowOf(family, { origin: ORIGIN.pod, connectionCount: 70 }),
      ]
      const done = replay(web(5), flows)
      expect(matched(done, isNft ? 'masquerading' : 'KUBE-POSTROUTING')).toEqual([70, 100, 100])
      expect(done.flows.map(f => counts(f.source))).toEqual([{ [`masq:${ADDRESSES[family].node}`]: 100 }, { kept: 70 }])
    },
  },
  {
    finding: 4,
    words: 'mark present at postrouting priority 50, gone at 300',
    evaluators: NFT,
    families: [4],
    holds: ({ replay }) => {
      const watch = (priority: number): string =>
        `chain at${priority} { type filter hook postrouting priority ${priority}; policy accept; meta mark & 0x00004000 == 0x00004000 counter; }`
      const done = replay(
        nftOf(`table ip t {
          chain pre { type nat hook prerouting priority -100; policy accept; meta mark set meta mark | 0x00004000 }
          chain post { type nat hook postrouting priority 100; policy accept; meta mark set meta mark ^ 0x00004000; masquerade fully-random; }
          ${watch(50)}
          ${watch(300)}
        }`),
        [flowOf(4, { connectionCount: 100 })],
      )
      expect([matched(done, 'at50'), matched(done, 'at300')]).toEqual([[100], [0]])
    },
  },
  {
    finding: 4,
    words: "the mark belongs to the packet: KUBE-FORWARD's mark ACCEPT counts 50 of 500 (first packets only)",
    evaluators: IPTABLES,
    holds: ({ family, replay, web }) => {
      const flow = flowOf(family, { protocol: 'UDP', connectionCount: 50, packetCount: 10 })
      const done = replay(web(5, udpWeb), [flow])
      expect(matched(done, 'KUBE-FORWARD')).toEqual([0, 50, 0])
      expect(evaluated(done, 'KUBE-FORWARD')).toEqual([500, 500, 450])
    },
  },
  {
    finding: 5,
    words:
      "MASQUERADE: source = address of the output device, or (device without address) the node's primary global address",
    holds: ({ family, replay, web }) => {
      const podSide = podAddress(family, 254)
      const flow = flowOf(family, { connectionCount: 10 })
      const [without, beside] = [{}, { podSideIp: parseIp(podSide)! }].map(topology =>
        replay(web(1), [flow], { topology }),
      )
      expect(counts(without.flows[0].source)).toEqual({ [`masq:${ADDRESSES[family].node}`]: 10 })
      expect(counts(beside.flows[0].source)).toEqual({ [`masq:${podSide}`]: 10 })
    },
  },
  {
    finding: 5,
    words: "a node-originated flow's source IP stays the node's but --random-fully still changes the port (100/100)",
    holds: ({ family, replay, web }) => {
      const done = replay(web(5), [flowOf(family, { origin: ORIGIN.node, connectionCount: 100 })])
      expect(counts(done.flows[0].source)).toEqual({ kept: 100 })
      // One random port in 64,000 is the old one.
      expect(done.flows[0].sourcePortChangedCount).toBeGreaterThan(97)
    },
  },
  {
    finding: 6,
    words: 'sliding window: clients return within --seconds -> same endpoint; after expiry re-pick',
    holds: ({ family, replay, web }) => {
      const visit = (delayUs: number, firstSourcePort: number): Flow =>
        flowOf(family, { connectionCount: 40, sourceCount: 40, delayUs, firstSourcePort })
      const flows = [visit(0, 10_000), visit(7_000_000, 11_000), visit(7_000_000, 12_000), visit(11_000_000, 13_000)]
      const done = replay(web(5, { sessionAffinity: 'ClientIP', affinityTimeoutSeconds: 10 }), flows)
      const [first, second, third, late] = done.flows.map(f => counts(f.backends))
      expect([second, third]).toEqual([first, first])
      expect(late).not.toEqual(first)
    },
  },
  {
    finding: 6,
    words: 'rcheck rules of all endpoints are evaluated before any statistic rule',
    evaluators: IPTABLES,
    holds: ({ family, replay, web }) => {
      const done = replay(web(5, { sessionAffinity: 'ClientIP' }), [flowOf(family)])
      const [masq, ...asked] = evaluated(done, /^KUBE-SVC-/)
      expect([masq, ...asked.slice(0, 6)]).toEqual([1, 1, 1, 1, 1, 1, 1])
      expect(matched(done, /^KUBE-SVC-/).slice(1, 6)).toEqual([0, 0, 0, 0, 0])
    },
  },
  {
    finding: 6,
    words:
      'ip_list_tot=100 clients per list: 2 endpoints, 100/150/250/400 clients -> 100/150/128/197 kept; nft set affinity kept 400/400',
    holds: ({ family, isNft, replay, web }) => {
      const kept = [100, 150, 250, 400].map(clients => {
        const visits = [10_000, 11_000].map(firstSourcePort =>
          flowOf(family, { connectionCount: clients, sourceCount: clients, firstSourcePort }),
        )
        const done = replay(web(2, { sessionAffinity: 'ClientIP' }), visits)
        // Who is remembered is sent on by one of the rules (or sets) of affinity, not by chance.
        const asked = isNft ? matched(done, /^service-.*\//) : matched(done, /^KUBE-SVC-/)
        return sum(asked.slice(1, 3))
      })
      if (isNft) expect(kept).toEqual([100, 150, 250, 400])
      else {
        expect(kept.slice(0, 2)).toEqual([100, 150])
        // Two full lists of 100 each, whose oldest go while the second visit comes in the same order.
        expect(kept[2]).toBeLessThan(250)
        expect(kept[3]).toBeLessThan(250)
      }
    },
  },
  {
    finding: 7,
    words: 'REJECT (no endpoints): ICMP 3/3, for tcp and udp, from external, pod and node; nft `reject` identical',
    holds: ({ family, replay, web }) => {
      const refused = { [family === 4 ? 'rejected icmp 3/3' : 'rejected icmp 1/4']: 3 }
      for (const protocol of ['TCP', 'UDP', 'SCTP'] as const) {
        const rules = web(0, { ports: [makePort({ protocol, nodePort: 30_080 })] })
        for (const origin of [ORIGIN.uplink, ORIGIN.pod, ORIGIN.node] as const) {
          const done = replay(rules, [flowOf(family, { origin, protocol, connectionCount: 3 })])
          expect([protocol, origin, counts(done.flows[0].outcome)]).toEqual([protocol, origin, refused])
        }
      }
    },
  },
  {
    finding: 7,
    words: 'NodePort via INPUT/KUBE-EXTERNAL-SERVICES',
    holds: ({ family, isNft, replay, web }) => {
      const flow = flowOf(family, { destination: ADDRESSES[family].node, destinationPort: 30_080, connectionCount: 3 })
      const done = replay(web(0), [flow])
      expect(counts(done.flows[0].outcome)).toEqual({ [family === 4 ? 'rejected icmp 3/3' : 'rejected icmp 1/4']: 3 })
      expect(matched(done, isNft ? 'nodeport-endpoints-check' : 'KUBE-EXTERNAL-SERVICES')).toEqual([3])
    },
  },
  {
    finding: 7,
    words:
      'ClusterIP without any rule: NOT rejected, routed out by the default route. Unused nodePort: delivered to the node',
    holds: ({ family, replay, web }) => {
      const done = replay(web(1), [
        flowOf(family, { origin: ORIGIN.pod, destination: serviceAddress(family, 99) }),
        flowOf(family, { destination: ADDRESSES[family].node, destinationPort: 30_081 }),
      ])
      expect(done.flows.map(f => counts(f.outcome))).toEqual([{ routed_out_uplink: 1 }, { local: 1 }])
    },
  },
  {
    finding: 8,
    words:
      'hairpin: pod -> own service; to itself -> source masqueraded, to another pod -> source kept; replies correct 200/200',
    holds: ({ family, replay, web }) => {
      const own = podAddress(family, 1)
      const flow = flowOf(family, { origin: ORIGIN.pod, source: own, connectionCount: 200, reply: true })
      const { backends, source, answerCount, strayAnswerCount } = replay(web(5), [flow]).flows[0]
      const toItself = backends.get(atPort(own, 8080))!
      expect(toItself).toBeGreaterThan(0)
      expect(counts(source)).toEqual({ [`masq:${ADDRESSES[family].node}`]: toItself, kept: 200 - toItself })
      expect([answerCount, strayAnswerCount]).toEqual([200, 0])
    },
  },
  {
    finding: 9,
    words: 'NodePort from the node itself: nat OUTPUT, works, reply ok',
    holds: ({ family, isNft, replay, web }) => {
      const destination = ADDRESSES[family].node
      const flow = flowOf(family, {
        origin: ORIGIN.node,
        destination,
        destinationPort: 30_080,
        protocol: 'UDP',
        reply: true,
        connectionCount: 20,
      })
      const done = replay(web(2, udpWeb), [flow])
      expect(matched(done, isNft ? 'nat-output' : 'OUTPUT', isNft ? undefined : 'nat')).toEqual([20])
      expect(total(done.flows[0].backends)).toBe(20)
      expect([done.flows[0].answerCount, done.flows[0].strayAnswerCount]).toEqual([20, 0])
    },
  },
  {
    finding: 9,
    words:
      '127.0.0.1:nodePort: delivered, source masqueraded to the node IP (nft: only if 127.0.0.1 is in nodeport-ips, else local delivery)',
    families: [4],
    holds: ({ isNft, replay, web }) => {
      const here = { source: '127.0.0.1', destination: '127.0.0.1' } as const
      const flow = flowOf(4, { origin: ORIGIN.node, ...here, destinationPort: 30_080, connectionCount: 8 })
      const rules = web(1)
      const [mine] = replay(rules, [flow]).flows
      if (isNft) {
        expect(counts(mine.outcome)).toEqual({ local: 8 })
        const written = printNftRuleset(rules.ruleset as NftRuleset)
        const [opened] = replay(nftOf(written.replace('{ 172.16.0.1 }', '{ 127.0.0.1, 172.16.0.1 }')), [flow]).flows
        expect(counts(opened.source)).toEqual({ [`masq:${ADDRESSES[4].node}`]: 8 })
        return
      }
      expect(counts(mine.outcome)).toEqual({ delivered: 8 })
      expect(counts(mine.source)).toEqual({ [`masq:${ADDRESSES[4].node}`]: 8 })
    },
  },
  {
    finding: 10,
    words:
      'externalTrafficPolicy Local: external -> only the local endpoint, source kept; pod -> all, source kept; node -> all + masquerade',
    holds: ({ family, replay, web }) => {
      const [node, local] = [ADDRESSES[family].node, atPort(podAddress(family, 1), 8080)]
      const port = { destination: node, destinationPort: 30_080, connectionCount: 60 }
      const rules = web(5, { externalTrafficPolicy: 'Local' })
      const [outside, pod, own] = [ORIGIN.uplink, ORIGIN.pod, ORIGIN.node].map(
        origin => replay(rules, [flowOf(family, { origin, ...port })]).flows[0],
      )
      expect([counts(outside.backends), counts(outside.source)]).toEqual([{ [local]: 60 }, { kept: 60 }])
      expect([pod.backends.size, counts(pod.source)]).toEqual([5, { kept: 60 }])
      expect(own.backends.size).toBe(5)
      // The node's own address is what a masquerade writes: the port says that there was one.
      expect(own.sourcePortChangedCount).toBeGreaterThan(55)
    },
  },
  {
    finding: 11,
    words: "A -j B: after B's end evaluation continues in A's next rule; A -g B: after the rule that called A",
    evaluators: IPTABLES,
    holds: ({ family, replay }) => {
      const walk = (verb: string, last: string): Replayed =>
        replay(
          iptablesOf(
            `*filter\n:A - [0:0]\n:B - [0:0]\n-A FORWARD -j A\n-A FORWARD\n-A A ${verb} B\n-A A\n-A B\n${last}COMMIT\n`,
            family,
          ),
          [flowOf(family, { connectionCount: 10 })],
        )
      for (const last of ['', '-A B -j RETURN\n']) {
        const [jumped, gone] = [walk('-j', last), walk('-g', last)]
        expect([matched(jumped, 'A'), matched(jumped, 'FORWARD', 'filter')]).toEqual([
          [10, 10],
          [10, 10],
        ])
        expect([matched(gone, 'A'), matched(gone, 'FORWARD', 'filter')]).toEqual([
          [10, 0],
          [10, 10],
        ])
      }
    },
  },
  {
    finding: 12,
    words: 'uniformity: n=50, n=10, n=3; nft numgen random mod N, n=2,3,7,50',
    holds: ({ name, family, replay, web }) => {
      for (const n of [2, 3, 7, 50]) {
        const connectionCount = name.startsWith('trace') ? 500 : 3_000
        const [{ backends }] = replay(web(n), [flowOf(family, { connectionCount, sourceCount: 100 })]).flows
        expect(total(backends)).toBe(connectionCount)
        // Six standard deviations of chi-square; the streams are fixed, so this never fails by chance.
        expect(chiSquareDeviations([...backends.values()], n)).toBeLessThan(6)
      }
    },
  },
  {
    finding: 14,
    words: 'without entry: SYN -> nat; ACK, PSH|ACK -> NEW, DNATed too when tcp_loose=1, INVALID when 0',
    holds: ({ family, replay, web }) => {
      const to = atPort(podAddress(family, 1), 8080)
      for (const flags of [SYN, ACK, PSH | ACK])
        for (const tcpLoose of [true, false]) {
          const done = replay(web(1), [flowOf(family, { tcpFlags: [flags] })], { tcpLoose })
          const isNew = flags === SYN || tcpLoose
          expect([flags, tcpLoose, counts(done.flows[0].backends)]).toEqual([flags, tcpLoose, isNew ? { [to]: 1 } : {}])
        }
    },
  },
  {
    finding: 14,
    words: 'SYN|ACK, RST, FIN|ACK -> INVALID: nat skipped, dropped by KUBE-FORWARD INVALID rule',
    evaluators: IPTABLES,
    holds: ({ family, replay, web }) => {
      for (const flags of [SYN | ACK, RST, FIN | ACK]) {
        const done = replay(web(1), [flowOf(family, { tcpFlags: [flags] })])
        expect(counts(done.flows[0].outcome)).toEqual({ dropped: 1 })
        expect([evaluated(done, 'PREROUTING', 'nat'), matched(done, 'KUBE-FORWARD')[0]]).toEqual([[0], 1])
      }
    },
  },
  {
    finding: 14,
    words: 'SYN|ACK, RST, FIN|ACK -> INVALID: nat skipped',
    evaluators: NFT,
    holds: ({ family, replay, web }) => {
      for (const flags of [SYN | ACK, RST, FIN | ACK]) {
        const done = replay(web(1), [flowOf(family, { tcpFlags: [flags] })])
        // No rule of nftables mode drops it: it goes where its destination is routed to.
        expect([counts(done.flows[0].outcome), evaluated(done, 'nat-prerouting')]).toEqual([
          { routed_out_uplink: 1 },
          [0],
        ])
      }
    },
  },
  {
    finding: 15,
    words: 'legacy always counts policy packets',
    evaluators: IPTABLES,
    holds: ({ family, replay }) => {
      const done = replay(iptablesOf('*filter\n:FORWARD DROP [0:0]\n-A FORWARD -p udp -j ACCEPT\nCOMMIT\n', family), [
        flowOf(family, { origin: ORIGIN.pod, connectionCount: 7 }),
        flowOf(family, { protocol: 'UDP', connectionCount: 2 }),
      ])
      expect(chainCalled(done, 'FORWARD', 'filter').policy?.packets).toBe(7)
      expect(done.flows.map(f => counts(f.outcome))).toEqual([{ dropped: 7 }, { routed_out_uplink: 2 }])
    },
  },
  {
    finding: 16,
    words: 'ordinary sockets (TCP connect + echo, UDP echo) gave the same backends/sources as raw injection',
    holds: ({ family, replay, web }) => {
      for (const [protocol, rules] of [
        ['TCP', web(5)],
        ['UDP', web(5, udpWeb)],
        ['SCTP', web(5, { ports: [makePort({ protocol: 'SCTP', nodePort: 30_080 })] })],
      ] as const) {
        const raw = flowOf(family, { protocol, connectionCount: 40 })
        const conversation = {
          ...raw,
          packetCount: 3,
          reply: true,
          ...(protocol === 'TCP' ? { tcpFlags: [SYN, ACK, PSH | ACK] } : {}),
        }
        const [alone, talked] = [raw, conversation].map(flow => replay(rules, [flow]).flows[0])
        expect([counts(talked.backends), counts(talked.source)]).toEqual([counts(alone.backends), counts(alone.source)])
        expect([talked.splitCount, talked.strayAnswerCount]).toEqual([0, 0])
      }
    },
  },
]

describe.each(ROWS.map(row => [row.finding, row.words, row] as const))('%i: %s', (_finding, _words, row) => {
  const { evaluators = EVALUATORS, families = [4, 6], holds } = row
  it.each(evaluators.flatMap(name => families.map(family => [name, family] as const)))('%s, IPv%i', (name, family) => {
    const mode = modeOf(name)
    holds({
      name,
      family,
      isNft: mode === 'nftables',
      replay: (rules, flows, options) => replayWith(name, rules, flows, options),
      web: (endpoints, service) => rulesOf(webCluster(family, endpoints, service), mode, family),
    })
  })
})

it('there is a row for each of the 16 findings; 13 is in rules-replaced.test.ts', () => {
  expect(new Set([...ROWS.map(row => row.finding), 13])).toEqual(new Set(Array.from({ length: 16 }, (_, i) => i + 1)))
})
