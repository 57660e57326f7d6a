/**
 * The kernel as judge of sets: random sets of every type that is modelled, rules that ask them in every direction and only count, and random
 * flows past them, here and in this machine's kernel. Every counter must be equal, and what ipset saves reads back as the same sets.
 */
import * as E from 'fp-ts/lib/Either.js'
import { expect, it } from 'vitest'
import { type KernelBackend, type KernelCounters, kernelFlow } from '../src/app/kernel-replay.ts'
import type { Flow } from '../src/net/flow.ts'
import { type IpFamily, parseIp } from '../src/net/ip.ts'
import { ORIGIN } from '../src/net/packet.ts'
import { giveIpSets } from '../src/netfilter/ipset/give-ip-sets.ts'
import { describeProblem, type Problem } from '../src/problem/problem.ts'
import type { NodeRules } from '../src/replay/flows/node-rules.ts'
import { replayRuleset } from '../src/replay/flows/replay-ruleset.ts'
import { completeTables } from '../src/ruleset/complete-tables.ts'
import { parseIpSets } from '../src/ruleset/parse-ip-sets.ts'
import { parseIptables } from '../src/ruleset/parse-iptables.ts'
import { printIpSets } from '../src/ruleset/print-ip-sets.ts'
import { type RandomStream, randomStream } from '../src/sim/random.ts'
import { describeKernel } from './describe-kernel.ts'
import { inKernel, SMALL_WORLD } from './in-kernel.ts'

const CASES = Number(process.env['SVCSIM_KERNEL_CASES'] ?? 2)
const BACKENDS: readonly KernelBackend[] = ['iptables-legacy', 'iptables-nft']

const ADDRESSES: Readonly<Record<IpFamily, readonly string[]>> = {
  4: ['198.51.100.1', '198.51.100.2', '198.51.101.9', '10.244.1.5', '10.244.1.6', '10.244.2.77'],
  6: ['2001:db8:5::1', '2001:db8:5::2', '2001:db8:6::9', 'fd00:244::5', 'fd00:244::6', 'fd00:244:0:1::77'],
}
const LENGTHS: Readonly<Record<IpFamily, readonly number[]>> = {
  4: [8, 16, 23, 24, 31, 32],
  6: [16, 32, 48, 64, 127, 128],
}
const PAIRS = ['tcp:80', '81', 'udp:80', 'udp:53', 'sctp:80', 'tcp:10000', 'udp:10001', 'ICMP', 'vrrp:0']

class Draw {
  readonly #stream: RandomStream

  constructor(seed: number, family: IpFamily) {
    this.#stream = randomStream(`${seed}`, `sets ${family}`)
  }

  of<T>(options: readonly T[]): T {
    return options[this.#stream.below(options.length)]
  }

  address = (family: IpFamily): string => this.of(ADDRESSES[family])
  net = (family: IpFamily): string => `${this.address(family)}/${this.of(LENGTHS[family])}`
}

/** `add` lines of one set: what they add, made by `element`, with options now and then. */
function adds(draw: Draw, name: string, options: readonly string[], element: () => string): string[] {
  return Array.from({ length: draw.of([1, 3, 6]) }, () => `add ${name} ${element()} ${draw.of(options)} -exist`)
}

function randomSets(seed: number, family: IpFamily): string {
  const draw = new Draw(seed, family)
  const inet = `family ${family === 4 ? 'inet' : 'inet6'}`
  const ip = (): string => draw.address(family)
  const net = (): string => draw.net(family)
  const pair = (): string => draw.of(PAIRS).replace('ICMP', family === 4 ? 'icmp:8/0' : 'icmpv6:128/0')
  const nomatch = ['', '', 'nomatch']
  const mask =
    family === 4 ? draw.of(['netmask 24', 'bitmask 255.0.255.1']) : draw.of(['netmask 64', 'bitmask ffff:0:ff::1'])
  const sets = [
    [`create ip hash:ip ${inet} timeout 0`, ...adds(draw, 'ip', ['', 'timeout 9999'], ip)],
    [`create masked hash:ip ${inet} ${mask}`, ...adds(draw, 'masked', [''], ip)],
    [`create net hash:net ${inet} comment`, ...adds(draw, 'net', nomatch, net)],
    [`create ipport hash:ip,port ${inet}`, ...adds(draw, 'ipport', [''], () => `${ip()},${pair()}`)],
    [`create netport hash:net,port ${inet}`, ...adds(draw, 'netport', nomatch, () => `${net()},${pair()}`)],
    [`create three hash:ip,port,ip ${inet}`, ...adds(draw, 'three', [''], () => `${ip()},${pair()},${ip()}`)],
    [`create near hash:ip,port,net ${inet}`, ...adds(draw, 'near', nomatch, () => `${ip()},${pair()},${net()}`)],
    [
      'create ports bitmap:port range 0-20000',
      ...adds(draw, 'ports', [''], () => draw.of(['80', '81-83', '10000-10004'])),
    ],
    ...(family === 4
      ? [
          [
            'create bits bitmap:ip range 198.51.100.0/22',
            ...adds(draw, 'bits', [''], () => draw.of(ADDRESSES[4].slice(0, 3))),
          ],
          [
            'create coarse bitmap:ip range 10.244.0.0/16 netmask 24',
            ...adds(draw, 'coarse', [''], () => draw.of(ADDRESSES[4].slice(3))),
          ],
          ['create spread hash:ip,port', 'add spread 198.51.100.0/30,80-82', 'add spread 10.244.1.4-10.244.1.5,udp:53'],
        ]
      : []),
    ['create list list:set size 8', 'add list three', 'add list net', 'add list ports', 'add list ipport'],
    ['create empty hash:net', 'create nothing list:set size 4', `create odd hash:ip ${inet}`],
  ]
  return `${sets.flat().join('\n')}\n`
}

const NAMES = ['ip', 'masked', 'net', 'ipport', 'netport', 'three', 'near', 'ports', 'list', 'nothing', 'odd']
const NAMES4 = [...NAMES, 'bits', 'coarse', 'spread', 'empty']
const DIRECTIONS = [
  'src',
  'dst',
  'src,src',
  'src,dst',
  'dst,src',
  'dst,dst',
  'src,src,dst',
  'dst,dst,src',
  'src,dst,dst',
  'dst,src,dst',
]

/** Every set in every direction, as it is and negated; of networks also what is marked nomatch. */
const rulesText = (family: IpFamily): string => {
  const rules = (family === 4 ? NAMES4 : NAMES).flatMap(name =>
    DIRECTIONS.flatMap(directions => [
      `-A FORWARD -m set --match-set ${name} ${directions}`,
      `-A FORWARD -m set ! --match-set ${name} ${directions}`,
      `-A FORWARD -m set --match-set ${name} ${directions} --return-nomatch`,
    ]),
  )
  return `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules.join('\n')}\nCOMMIT\n`
}

function randomFlows(seed: number, family: IpFamily): Flow[] {
  const draw = new Draw(seed + 1_000, family)
  const [clients, pods] = [ADDRESSES[family].slice(0, 3), ADDRESSES[family].slice(3)]
  return Array.from({ length: 30 }, (_, id) => ({
    id,
    origin: ORIGIN.uplink,
    source: parseIp(draw.of(clients))!,
    destination: parseIp(draw.of(pods))!,
    protocol: draw.of(['TCP', 'UDP', 'SCTP'] as const),
    destinationPort: draw.of([80, 81, 53, 443]),
    connectionCount: draw.of([1, 3]),
    firstSourcePort: 10_000 + draw.of([0, 1, 500]),
    sourceCount: 1,
    packetCount: 1,
    reply: draw.of([true, false]),
    delayUs: 0,
    gapUs: 0,
  }))
}

for (const backend of BACKENDS)
  await describeKernel(
    backend,
    () => {
      it.each(Array.from({ length: 2 * CASES }, (_, n) => [n, n % 2 === 0 ? 4 : 6] as [number, IpFamily]))(
        'has the same in its sets: seed %i, IPv%i',
        async (seed, family) => {
          const sets = right(parseIpSets(randomSets(seed, family)))
          const printed = printIpSets(sets.values())
          expect(right(parseIpSets(printed))).toEqual(sets)
          const text = rulesText(family)
          const ruleset = giveIpSets(completeTables(right(parseIptables(text, { family })).ruleset), sets)
          const rules: NodeRules = { mode: 'iptables', ruleset }
          const flows = randomFlows(seed, family)
          const { chains } = right(
            replayRuleset(rules, { topology: SMALL_WORLD, flows }, { seed: { low: 1, high: 2 } }),
          )
          const answer = await inKernel({
            backend,
            // The kernel spreads ranges and drops doubles itself; what is printed was spread here.
            steps: [
              { sets: seed % 4 < 2 ? randomSets(seed, family) : printed },
              { load: [{ family, text }] },
              { send: flows.map(kernelFlow) },
              { count: true },
            ],
          })
          const { rules: counted } = answer.steps[3] as KernelCounters
          const forward = chains.find(c => c.table === 'filter' && c.chain === 'FORWARD')!
          expect(counted.map(r => `${forward.rules[r.index].packets} ${r.rule}`)).toEqual(
            counted.map(r => `${r.matched} ${r.rule}`),
          )
          expect(counted.filter(r => r.matched > 0 && r.matched < r.evaluated).length).toBeGreaterThan(20)
        },
        60_000,
      )
    },
    { sets: true },
  )

function right<A>(either: E.Either<Problem, A>): A {
  if (E.isLeft(either)) throw new Error(describeProblem(either.left))
  return either.right
}
