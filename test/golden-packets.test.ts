/**
 * Connections that were really made through a real kube-proxy's rules (testdata/golden/README.md: packets-*.json), against the trace of
 * the same packet: whether it is let through, which endpoints it can reach, as whom, and what conntrack remembers.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { formatIp, parseIp, readIpWords, writeIpWords } from '../src/net/ip.ts'
import { newPacket, ORIGIN, type Packet } from '../src/net/packet.ts'
import { PROTOCOL_NUMBER, type Protocol } from '../src/net/protocol.ts'
import { PlainConntrack } from '../src/netfilter/conntrack/plain-conntrack.ts'
import { type Host, hostView } from '../src/netfilter/host.ts'
import { newTraceMemory } from '../src/netfilter/memory/trace-memory.ts'
import { refuseNft } from '../src/netfilter/nft/check-nft.ts'
import { newNftMemory } from '../src/netfilter/nft/nft-memory.ts'
import { traceNft } from '../src/netfilter/nft/trace-nft.ts'
import { OUTCOME, type Outcome } from '../src/netfilter/outcome.ts'
import { trace } from '../src/netfilter/trace.ts'
import { describeProblem } from '../src/problem/problem.ts'
import { iptablesRuleset } from '../src/proxier/iptables-proxier.ts'
import { nftablesRuleset } from '../src/proxier/nftables-proxier.ts'
import { PROXY_MODES, type ProxyMode } from '../src/proxier/proxier-config.ts'
import { streamSeed } from '../src/sim/random.ts'
import { GOLDEN, goldenConfig, goldenState } from './golden-case.ts'

interface Row {
  readonly from: string
  readonly src: string
  readonly to: string
  readonly dst: string
  readonly dport: number
  readonly proto: 'tcp' | 'udp'
  readonly outcomes: Readonly<Partial<Record<'ok' | 'timeout' | 'ECONNREFUSED', number>>>
  readonly endpoints: readonly string[]
  readonly sourceSeenByEndpoint: readonly string[]
  readonly conntrack: readonly {
    readonly dnat: string | null
    readonly snat: string | null
    readonly unreplied: boolean
  }[]
}

/** One way a packet can go. */
interface Branch {
  readonly outcome: Outcome
  readonly dnat: string | null
  readonly source: string
  /** Whether conntrack keeps an entry: the packet left the node or was delivered. */
  readonly confirmed: boolean
}

const NODE: Host = {
  localAddresses: ['172.18.0.2', 'fd00:172:18::2'],
  podPrefixes: ['10.244.1.0/24'],
  uplinkName: 'eth0',
  podInterfaceName: 'veth1',
}
const FROM_POD = new Set(['local-pod', 'local-endpoint-pod'])
/** Rows in which chance alone is less likely than this to have left a way untried. */
const LEAST_CHANCE = 1e-6
/** Evenly spread first draws: more than there are ways in any case. */
const DRAWS = 24

/** One endpoint a client, as long as it is remembered. */
const STICKY = new Set(['21-session-affinity', '22-session-affinity-etp-local'])

const cases = readdirSync(GOLDEN).filter(name => existsSync(join(GOLDEN, name, 'packets-iptables.json')))

const rowsOf = (name: string, mode: ProxyMode): Row[] =>
  JSON.parse(readFileSync(join(GOLDEN, name, `packets-${mode}.json`), 'utf8'))

describe('connections through the rules of a real kube-proxy', () => {
  it('are there: 43 cases, 882 rows a mode, 6 of them UDP; the captures have none of IPv6 or SCTP', () => {
    expect(cases).toHaveLength(43)
    for (const mode of PROXY_MODES) {
      const rows = cases.flatMap(name => rowsOf(name, mode))
      const ofKind = (kind: string): number =>
        rows.filter(row => `${row.proto} ${parseIp(row.dst)!.family}` === kind).length
      expect([rows.length, ofKind('tcp 4'), ofKind('udp 4')]).toEqual([882, 876, 6])
    }
  })

  describe.each(cases.flatMap(name => PROXY_MODES.map(mode => [name, mode] as const)))(
    '%s in %s mode',
    (name, mode) => {
      const newNode = nodeMaker(name, mode)
      it.each(
        rowsOf(name, mode).map(
          row => [`${row.from} -> ${row.to} (${row.dst}:${row.dport}/${row.proto})`, row] as const,
        ),
      )('%s', (_title, row) => {
        const ways = waysOf(newNode, row)
        expectRow(
          row,
          ways.map(way => way.branch),
          STICKY.has(name),
        )
        if (STICKY.has(name)) for (const { branch, again } of ways) expect(again).toEqual(branch)
      })
    },
  )
})

function expectRow(row: Row, branches: readonly Branch[], sticky: boolean): void {
  const entry = (dnat: string | null, snat: string | null): string => `${dnat ?? '-'} ${snat ?? '-'}`
  const sender = row.from === 'node' ? localSource(row.dst) : row.src
  const possible = new Set(
    branches.filter(b => b.confirmed).map(b => entry(b.dnat, b.source === sender ? null : b.source)),
  )
  const seen = new Set(row.conntrack.map(c => entry(c.dnat, c.snat)))
  expect(
    [...seen].filter(e => !possible.has(e)),
    'entries in conntrack that should not be',
  ).toEqual([])
  const tries = Object.values(row.outcomes).reduce((sum, n) => sum + n, 0)
  const unseen = possible.size - seen.size
  if (sticky) expect(seen.size).toBe(Math.min(1, possible.size))
  else if (unseen > 0)
    expect(
      ((possible.size - unseen) / possible.size) ** tries,
      `${unseen} of ${possible.size} ways untried`,
    ).toBeGreaterThan(LEAST_CHANCE)

  // An endpoint that answered is one whose entry is not unreplied; whether it can is not for the node to say.
  const answered = new Set(row.conntrack.filter(c => !c.unreplied).map(c => c.dnat))
  const taken = branches.filter(b => !b.confirmed || seen.has(entry(b.dnat, b.source === sender ? null : b.source)))
  const replying = taken.filter(b => b.dnat !== null && answered.has(b.dnat))
  expect([...row.endpoints].sort()).toEqual(unique(replying.map(b => b.dnat!)))
  expect([...row.sourceSeenByEndpoint].sort()).toEqual(unique(replying.map(b => b.source)))
  expect(Object.keys(row.outcomes).sort()).toEqual(unique(taken.map(b => outcomeWord(b, answered))))
}

function outcomeWord(branch: Branch, answered: ReadonlySet<string | null>): string {
  if (branch.outcome === OUTCOME.rejected) return 'ECONNREFUSED'
  if (branch.outcome === OUTCOME.dropped) return 'timeout'
  if (branch.dnat !== null) return answered.has(branch.dnat) ? 'ok' : 'timeout'
  // Nothing listens on the node itself.
  return branch.outcome === OUTCOME.toNode ? 'ECONNREFUSED' : 'timeout'
}

/** A node that remembers nothing yet: what becomes of a packet when every draw is `word`. */
type NewNode = () => (packet: Packet, word: number) => Traced

interface Traced {
  readonly outcome: Outcome
  readonly isTranslated: boolean
  readonly packet: Packet
  readonly reachedPostrouting: boolean
}

function nodeMaker(name: string, mode: ProxyMode): NewNode {
  const host = hostView(NODE, 4)
  const seed = streamSeed('golden-packets', name)
  if (mode === 'nftables') {
    const ruleset = nftablesRuleset(goldenState(name), 'node-a', goldenConfig(name, 'nftables'), 4)
    expect(refuseNft(ruleset)).toBeUndefined()
    return () => {
      const memory = newNftMemory(ruleset, new PlainConntrack(seed))
      return (packet, word) => {
        const { outcome, dnat, packet: after, hooks } = traceNft(ruleset, host, packet, () => word, { memory })
        const reachedPostrouting = hooks.some(visit => visit.hook === 'POSTROUTING')
        return { outcome, isTranslated: dnat !== undefined, packet: after, reachedPostrouting }
      }
    }
  }
  const ruleset = iptablesRuleset(goldenState(name), 'node-a', goldenConfig(name), 4)
  return () => {
    const memory = newTraceMemory(ruleset, new PlainConntrack(seed))
    return (packet, word) => {
      const traced = trace(ruleset, host, packet, () => word, { memory })
      if (E.isLeft(traced)) throw new Error(describeProblem(traced.left))
      const { outcome, dnat, packet: after, hooks } = traced.right
      const reachedPostrouting = hooks.some(visit => visit.hook === 'POSTROUTING')
      return { outcome, isTranslated: dnat !== undefined, packet: after, reachedPostrouting }
    }
  }
}

/** The different ways of the row's connections, each with what becomes of the client's next one. */
function waysOf(newNode: NewNode, row: Row): { readonly branch: Branch; readonly again: Branch }[] {
  const ways = new Map<string, { readonly branch: Branch; readonly again: Branch }>()
  for (let i = 0; i < DRAWS; i++) {
    const word = Math.floor(((i + 0.5) / DRAWS) * 2 ** 32)
    const walk = newNode()
    const branch = branchOf(row, walk(packetOf(row, 40_000), word))
    const again = branchOf(row, walk(packetOf(row, 40_001), 2 ** 32 - 1 - word))
    ways.set(JSON.stringify(branch), { branch, again })
  }
  return [...ways.values()]
}

function branchOf(row: Row, { outcome, isTranslated, packet, reachedPostrouting }: Traced): Branch {
  const addressOf = (words: Uint32Array): string => formatIp({ family: 4, value: readIpWords(words, 0) })
  // The reset that answers a SYN nobody listens for takes the entry along.
  const isReset = outcome === OUTCOME.toNode && row.proto === 'tcp'
  return {
    outcome,
    dnat: isTranslated ? `${addressOf(packet.destination)}:${packet.destinationPort}` : null,
    source: addressOf(packet.source),
    confirmed: outcome < OUTCOME.dropped ? !isReset : reachedPostrouting,
  }
}

function packetOf(row: Row, sourcePort: number): Packet {
  const packet = newPacket(4)
  const isNode = row.from === 'node'
  writeIpWords(parseIp(isNode ? localSource(row.dst) : row.src)!.value, packet.source, 0)
  writeIpWords(parseIp(row.dst)!.value, packet.destination, 0)
  packet.protocol = PROTOCOL_NUMBER[row.proto.toUpperCase() as Protocol]
  packet.sourcePort = sourcePort
  packet.destinationPort = row.dport
  packet.origin = isNode ? ORIGIN.node : FROM_POD.has(row.from) ? ORIGIN.pod : ORIGIN.uplink
  return packet
}

/** The address the node itself sends from. */
const localSource = (destination: string): string => (destination.startsWith('127.') ? '127.0.0.1' : '172.18.0.2')

const unique = (texts: readonly string[]): string[] => [...new Set(texts)].sort()
