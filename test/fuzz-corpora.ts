/**
 * Texts to start fuzzing from, by format, and how what was read of them prints: what a real kube-proxy left in the kernel, what a real nft
 * listed, rulesets with every kind of match, flow files in JSON and YAML.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { FlowFile } from '../src/net/flow.ts'
import { formatIp, formatPrefix } from '../src/net/ip.ts'
import { ORIGIN } from '../src/net/packet.ts'
import { parseIptables } from '../src/ruleset/parse-iptables.ts'
import { parseNftables } from '../src/ruleset/parse-nftables.ts'
import { printNftRuleset } from '../src/ruleset/print-nftables.ts'
import { printSavedRuleset } from '../src/ruleset/print-saved-ruleset.ts'
import { randomSavedRuleset } from '../src/ruleset/testing/random-saved-ruleset.ts'
import { decodeFlowFile } from '../src/workload/decode-flow-file.ts'
import type { Reprint } from './fuzz-text.ts'
import { GOLDEN } from './golden-case.ts'

const files = readdirSync(GOLDEN, { recursive: true, encoding: 'utf8' }).sort()
const texts = (names: readonly string[]): string[] => names.map(name => readFileSync(join(GOLDEN, name), 'utf8'))

/** Paths of the goldens' iptables-save texts, of both families and all steps. */
export const goldenSaves: readonly string[] = files
  .filter(name => /ip6?tables-save\.txt$/.test(name))
  .map(name => join(GOLDEN, name))

/** The goldens' listings by nft, and transactions that kube-proxy wrote. */
export const goldenListings: readonly string[] = files.filter(name => /\/nft6?\.txt$/.test(name))
export const goldenTransactions: readonly string[] = files.filter(name => /^[^/]*\/nft6?-transactions\.txt$/.test(name))

const reprintFlows: Reprint = text =>
  pipe(decodeFlowFile({ name: 'f', bytes: Buffer.from(text) }), E.map(printFlowFile))

export const FUZZED = {
  iptables: {
    corpus: () => [
      ...goldenSaves.map(file => readFileSync(file, 'utf8')),
      ...([4, 6] as const).flatMap(family =>
        fc.sample(randomSavedRuleset(family), { numRuns: 30, seed: 1 }).map(printSavedRuleset),
      ),
    ],
    reprint: (text: string) => pipe(parseIptables(text), E.map(printSavedRuleset)),
  },
  nftables: {
    corpus: () => texts([...goldenListings, ...goldenTransactions]),
    reprint: (text: string) =>
      pipe(
        parseNftables(text),
        E.map(rulesets => rulesets.map(printNftRuleset).join('')),
      ),
  },
  flows: {
    corpus: () => [
      '{"flows":[{"id":"a","src":"198.51.100.1","dst":"10.96.0.100","dport":80}]}',
      '{"topology":{"node_ips":["192.168.10.1","fd00:10::1"],"pod_cidrs":["10.244.0.0/16","fd00:244::/64"],"local_ips":["169.254.20.10"],"node_iface_ip_on_pod_side":"10.244.0.1"},"flows":[{"id":"pod","from":"pod","src":"fd00:244::9","dst":"fd00:96::1","proto":"tcp","dport":443,"conns":200,"sport":1024,"srcs":3,"pkts":5,"reply":true,"delay_ms":1.5,"then_ms":0.001}]}',
      'topology:\n  node_ips: [172.18.0.2]\nflows:\n  - src: 198.51.100.1\n    dst: 172.18.0.2\n    proto: sctp\n    dport: 30080\n  - {from: node, src: 172.18.0.2, dst: 10.96.0.1, dport: 53, conns: 0}\n',
      '{"flows":[]}',
    ],
    reprint: reprintFlows,
  },
} as const satisfies Record<string, { corpus: () => string[]; reprint: Reprint }>
export type FuzzedFormat = keyof typeof FUZZED

const ORIGIN_NAMES = { [ORIGIN.uplink]: 'external', [ORIGIN.pod]: 'pod', [ORIGIN.node]: 'node' }

/** A flow file that says all of this. */
const printFlowFile = ({ topology, flows }: FlowFile): string =>
  JSON.stringify({
    topology: {
      node_ips: topology.nodeIps.map(formatIp),
      pod_cidrs: topology.podPrefixes.map(formatPrefix),
      local_ips: topology.localIps.map(formatIp),
      ...(topology.podSideIp === undefined ? {} : { node_iface_ip_on_pod_side: formatIp(topology.podSideIp) }),
    },
    flows: flows.map(flow => ({
      id: flow.id,
      from: ORIGIN_NAMES[flow.origin],
      src: formatIp(flow.source),
      dst: formatIp(flow.destination),
      proto: flow.protocol.toLowerCase(),
      dport: flow.destinationPort,
      conns: flow.connectionCount,
      sport: flow.firstSourcePort,
      srcs: flow.sourceCount,
      pkts: flow.packetCount,
      reply: flow.reply,
      delay_ms: flow.delayUs / 1000,
      then_ms: flow.gapUs / 1000,
    })),
  })
