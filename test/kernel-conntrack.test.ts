/**
 * The kernel's connection table as judge: TCP flags in every order up to two packets and in many up to five, UDP, SCTP's INIT, with answers and
 * without, tcp_loose on and off. Entries are equal in state, direction, translation, assurance and remaining time.
 */
import * as E from 'fp-ts/lib/Either.js'
import { expect, it } from 'vitest'
import { type KernelConnection, kernelFlow } from '../src/app/kernel-replay.ts'
import type { Flow } from '../src/net/flow.ts'
import { formatIp, type IpFamily, parseIp } from '../src/net/ip.ts'
import { ORIGIN } from '../src/net/packet.ts'
import type { RememberedEntry } from '../src/netfilter/conntrack/conntrack-entry.ts'
import { SCTP_STATE } from '../src/netfilter/conntrack/sctp-states.ts'
import { TCP_STATE } from '../src/netfilter/conntrack/tcp-states.ts'
import { describeProblem, type Problem } from '../src/problem/problem.ts'
import { iptablesEvaluator } from '../src/replay/flows/iptables-evaluator.ts'
import { replayFlows } from '../src/replay/flows/replay-flows.ts'
import { FLOW_INTERFACES, topologyHost } from '../src/replay/flows/topology-host.ts'
import { completeTables } from '../src/ruleset/complete-tables.ts'
import { parseIptables } from '../src/ruleset/parse-iptables.ts'
import { TCP_FLAG } from '../src/ruleset/ruleset.ts'
import { describeKernel } from './describe-kernel.ts'
import { inKernel, SMALL_WORLD } from './in-kernel.ts'

const WORLD = {
  4: { client: '198.51.100.1', service: '10.96.0.1', pod: '10.244.1.5', other: '10.244.1.6' },
  6: { client: '2001:db8:5::1', service: 'fd00:96::1', pod: 'fd00:244::5', other: 'fd00:244::6' },
} as const

function rulesText(family: IpFamily): string {
  const { service, pod } = WORLD[family]
  const states = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED', 'DNAT', 'SNAT']
  return `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d ${service} -j DNAT --to-destination ${pod}
-A POSTROUTING -d ${pod} -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
${states.map(state => `-A FORWARD -m conntrack --ctstate ${state}`).join('\n')}
COMMIT
`
}

const LETTERS = { F: TCP_FLAG.FIN, S: TCP_FLAG.SYN, R: TCP_FLAG.RST, P: TCP_FLAG.PSH, A: TCP_FLAG.ACK } as const
const SEGMENTS = ['S', 'SA', 'A', 'PA', 'FA', 'R', 'RA'] as const
const LONGER = [
  'S A PA',
  'S A FA',
  'S A R',
  'S A RA',
  'S S A',
  'S A FA A',
  'S A FA FA',
  'S A PA FA A',
  'S PA FA R',
  'S A FA R S',
  'S A R S',
  'S A RA S A',
  'A PA FA',
  'A FA A',
  'PA PA R',
  'S FA A',
]
const SEQUENCES = [...SEGMENTS, ...SEGMENTS.flatMap(first => SEGMENTS.map(second => `${first} ${second}`)), ...LONGER]

/**
 * A segment after one that conntrack took for invalid lies out of the window, and so does what answers a reset; svcsim knows no windows.
 */
const OUT_OF_WINDOW: readonly ReadonlySet<string>[] = [new Set(['S A R', 'S A RA', 'S PA FA R']), new Set(['S A R S'])]

/** Each flow is one connection, known by its source port. */
function makeFlows(family: IpFamily): Flow[] {
  const { client, service, other } = WORLD[family]
  const flow = (port: number, changes: Partial<Flow>): Flow => ({
    id: port,
    origin: ORIGIN.uplink,
    source: parseIp(client)!,
    destination: parseIp(port % 3 === 0 ? other : service)!,
    protocol: 'TCP',
    destinationPort: 80,
    connectionCount: 1,
    firstSourcePort: port,
    sourceCount: 1,
    packetCount: 1,
    reply: false,
    delayUs: 0,
    gapUs: 0,
    ...changes,
  })
  const bits = (text: string): number => [...text].reduce((sum, letter) => sum | LETTERS[letter as 'S'], 0)
  return [false, true].flatMap((reply, r) => [
    ...SEQUENCES.flatMap((text, i) => {
      const tcpFlags = text.split(' ').map(bits)
      const made = flow(10_000 + 2 * i + r, { tcpFlags, packetCount: tcpFlags.length, reply })
      return OUT_OF_WINDOW[r].has(text) ? [] : [made]
    }),
    flow(20_000 + r, { protocol: 'UDP', reply }),
    flow(20_002 + r, { protocol: 'UDP', packetCount: 3, reply }),
    flow(20_004 + r, { protocol: 'UDP', packetCount: 3, gapUs: 1_200_000, reply }),
    flow(20_006 + r, { protocol: 'SCTP', reply }),
    flow(20_008 + r, { protocol: 'SCTP', packetCount: 2, reply }),
  ])
}

/** So few that those remembered for 10 seconds are still there when the table is read. */
const CHUNK = 40
/** Entries grow old while the rest of a chunk is sent. */
const AGED_S = 9

await describeKernel('iptables-legacy', () => {
  it.each([
    [4, true],
    [6, true],
    [4, false],
  ] as const)(
    'remembers connections as svcsim does: IPv%i, tcp_loose %s',
    async (family, tcpLoose) => {
      const flows = makeFlows(family)
      const chunks = Array.from({ length: Math.ceil(flows.length / CHUNK) }, (_, i) =>
        flows.slice(i * CHUNK, (i + 1) * CHUNK),
      )
      const text = rulesText(family)
      const ruleset = completeTables(right(parseIptables(text, { family })).ruleset)
      const host = topologyHost(SMALL_WORLD, [], FLOW_INTERFACES, family)
      const evaluator = right(iptablesEvaluator(ruleset, host, { low: 1, high: 2 }, { tcpLoose }))
      const answer = await inKernel({
        backend: 'iptables-legacy',
        sysctls: { 'net.netfilter.nf_conntrack_tcp_loose': tcpLoose ? 1 : 0 },
        steps: [
          { load: [{ family, text }] },
          ...chunks.flatMap(chunk => [{ send: chunk.map(kernelFlow) }, { connections: true } as const]),
        ],
      })
      const differences: string[] = []
      for (const [i, chunk] of chunks.entries()) {
        replayFlows(evaluator, host, { topology: SMALL_WORLD, flows: chunk })
        const theirs = bySourcePort(answer.steps[2 + 2 * i] as readonly KernelConnection[], c => c.original[1])
        const ours = bySourcePort(evaluator.conntrack.entries(), c => c.original.sourcePort)
        for (const { firstSourcePort: port, tcpFlags = [], reply } of chunk) {
          const about = `${port} ${tcpFlags} ${reply ? 'answered' : ''}`
          const [kernel, own] = [theirs.get(port), ours.get(port)]
          const told = kernel === undefined ? 'none' : kernelWords(kernel)
          const said = own === undefined ? 'none' : ownWords(own)
          if (told !== said) differences.push(`${about}: kernel ${told}, svcsim ${said}`)
          if (kernel === undefined || own === undefined) continue
          const leftS = (own.expiresUs - evaluator.conntrack.nowUs) / 1_000_000
          if (kernel.timeout_s > leftS || kernel.timeout_s < leftS - AGED_S)
            differences.push(`${about}: kernel ${kernel.timeout_s} s, svcsim ${leftS} s`)
        }
      }
      expect(differences).toEqual([])
    },
    120_000,
  )
})

const bySourcePort = <T>(entries: readonly T[], portOf: (entry: T) => number): ReadonlyMap<number, T> =>
  new Map(entries.map(entry => [portOf(entry), entry]))

const words = (state: string, reply: readonly unknown[], seenReply: boolean, assured: boolean): string =>
  `${state} ${reply.join(' ')}${seenReply ? ' replied' : ''}${assured ? ' assured' : ''}`

const kernelWords = ({ state, reply, seen_reply, assured }: KernelConnection): string =>
  words(state ?? '-', reply, seen_reply, assured)

function ownWords({ protocol, state, reply, seenReply, assured }: RememberedEntry): string {
  const { source, sourcePort, destination, destinationPort } = reply
  const name = protocol === 6 ? stateName(TCP_STATE, state) : protocol === 132 ? stateName(SCTP_STATE, state) : '-'
  return words(name, [formatIp(source), sourcePort, formatIp(destination), destinationPort], seenReply, assured)
}

/** `synSent` -> `SYN_SENT`. */
const stateName = (states: Readonly<Record<string, number>>, state: number): string =>
  Object.entries(states)
    .find(([, n]) => n === state)![0]
    .replace(/[A-Z]/g, '_$&')
    .toUpperCase()

function right<A>(either: E.Either<Problem, A>): A {
  if (E.isLeft(either)) throw new Error(describeProblem(either.left))
  return either.right
}
