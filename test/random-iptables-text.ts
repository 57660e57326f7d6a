/**
 * Random iptables rules that the kernel loads, as text: every table, user chains with jumps and gotos, every match and target that is
 * modelled and does not depend on chance. And random flows that meet them. Functions of a seed.
 */
import type { Flow } from '../src/net/flow.ts'
import { type IpFamily, parseIp } from '../src/net/ip.ts'
import { ORIGIN } from '../src/net/packet.ts'
import { type RandomStream, randomStream } from '../src/sim/random.ts'

interface World {
  readonly clients: readonly string[]
  readonly services: readonly string[]
  readonly pods: readonly string[]
  readonly node: string
  readonly elsewhere: string
  readonly prefixes: readonly string[]
  readonly fullMask: string
  readonly rejects: readonly string[]
}

const WORLD: Readonly<Record<IpFamily, World>> = {
  4: {
    clients: ['198.51.100.1', '198.51.100.2'],
    services: ['10.96.0.1', '10.96.0.2', '10.96.0.3'],
    pods: ['10.244.1.5', '10.244.1.6', '10.244.1.99'],
    node: '192.168.10.1',
    elsewhere: '203.0.113.9',
    prefixes: ['10.96.0.0/16', '10.244.0.0/16', '198.51.100.0/24', '10.96.0.1/32', '192.168.10.1/32'],
    fullMask: '255.255.255.255',
    rejects: ['icmp-port-unreachable', 'icmp-admin-prohibited', 'icmp-host-unreachable'],
  },
  6: {
    clients: ['2001:db8:5::1', '2001:db8:5::2'],
    services: ['fd00:96::1', 'fd00:96::2', 'fd00:96::3'],
    pods: ['fd00:244::5', 'fd00:244::6', 'fd00:244::99'],
    node: 'fd00:10::1',
    elsewhere: '2001:db8:9::9',
    prefixes: ['fd00:96::/64', 'fd00:244::/32', '2001:db8:5::/64', 'fd00:96::1/128', 'fd00:10::1/128'],
    fullMask: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    rejects: ['icmp6-port-unreachable', 'icmp6-adm-prohibited'],
  },
}

const HOOKS = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
} as const
type Table = keyof typeof HOOKS

export function randomIptablesText(seed: number, family: IpFamily): string {
  const draw = new Draw(randomStream(`${seed}`, `rules ${family}`))
  const lines: string[] = []
  for (const table of Object.keys(HOOKS) as Table[]) {
    if (table !== 'filter' && draw.chance(0.2)) continue
    const heads: string[] = []
    const rules: string[] = []
    for (const hook of HOOKS[table]) {
      const users = [0, 1, 2].map(n => `${table[0]}${hook}${n}`)
      heads.push(`:${hook} ${table === 'filter' && draw.chance(0.1) ? 'DROP' : 'ACCEPT'} [0:0]`)
      heads.push(...users.map(name => `:${name} - [0:0]`))
      const count = draw.of([1, 3, 5])
      for (let i = 0; i < count; i++) rules.push(randomRule(draw, family, table, hook, hook, users))
      users.forEach((name, n) => {
        for (let i = draw.of([1, 2, 3]); i > 0; i--)
          rules.push(randomRule(draw, family, table, hook, name, users.slice(n + 1)))
      })
    }
    lines.push(`*${table}`, ...heads, ...rules, 'COMMIT')
  }
  return `${lines.join('\n')}\n`
}

export function randomFlows(seed: number, family: IpFamily): Flow[] {
  const draw = new Draw(randomStream(`${seed}`, `flows ${family}`))
  const { clients, services, pods, node, elsewhere } = WORLD[family]
  return Array.from({ length: 14 }, (_, id) => {
    const origin = draw.of([ORIGIN.uplink, ORIGIN.uplink, ORIGIN.pod, ORIGIN.node])
    const source = origin === ORIGIN.node ? node : draw.of(origin === ORIGIN.pod ? pods : clients)
    const destination = draw.of([...services, ...services, ...pods, node, elsewhere])
    return {
      id,
      origin,
      source: parseIp(source)!,
      destination: parseIp(destination === source && origin === ORIGIN.pod ? services[0] : destination)!,
      protocol: draw.of(['TCP', 'UDP']),
      destinationPort: draw.of([80, 81, 8080, 443]),
      connectionCount: draw.of([1, 3, 6]),
      // Some flows go on with the connections of others.
      firstSourcePort: 10_000 + draw.of([0, 10, 20]) + (draw.chance(0.7) ? 1_000 * id : 0),
      sourceCount: 1,
      packetCount: draw.of([1, 2, 4]),
      reply: draw.chance(0.5),
      delayUs: 0,
      gapUs: 0,
    }
  })
}

class Draw {
  readonly #stream: RandomStream

  constructor(stream: RandomStream) {
    this.#stream = stream
  }

  of<T>(options: readonly T[]): T {
    return options[this.#stream.below(options.length)]
  }

  chance(p: number): boolean {
    return this.#stream.next() < p
  }

  not(): string {
    return this.chance(0.3) ? '! ' : ''
  }
}

/** A rule in iptables' order: addresses and interfaces, protocol, other matches, target. */
function randomRule(
  draw: Draw,
  family: IpFamily,
  table: Table,
  hook: string,
  chain: string,
  targets: readonly string[],
): string {
  const heads = new Map<string, string>()
  let protocol = ''
  const matches: string[] = []
  for (let i = draw.of([0, 1, 1, 2]); i > 0; i--) {
    const [head, wanted, match] = randomMatch(draw, family, hook)
    if (head !== '') heads.set(head.replace('! ', '').slice(0, 2), head)
    if (wanted !== '' && protocol !== '' && protocol !== wanted) continue
    if (wanted !== '') protocol = wanted
    if (match !== '') matches.push(match)
  }
  const target = draw.of(targetsOf(draw, family, table, hook, protocol, targets))
  return [`-A ${chain}`, ...heads.values(), protocol, ...matches, target].filter(part => part !== '').join(' ')
}

type MatchText = readonly [head: string, protocol: string, match: string]

function randomMatch(draw: Draw, family: IpFamily, hook: string): MatchText {
  const { prefixes, services, fullMask } = WORLD[family]
  const not = draw.not()
  const p = draw.of(['tcp', 'udp'])
  const kinds: readonly (() => MatchText)[] = [
    () => [`${not}-s ${draw.of(prefixes)}`, '', ''],
    () => [`${not}-d ${draw.of(prefixes)}`, '', ''],
    () => [
      ['PREROUTING', 'INPUT', 'FORWARD'].includes(hook) ? `${not}-i ${draw.of(['e0', 'p0', 'lo', 'e+'])}` : '',
      '',
      '',
    ],
    () => [
      ['FORWARD', 'OUTPUT', 'POSTROUTING'].includes(hook) ? `${not}-o ${draw.of(['e0', 'p0', 'lo', 'p+'])}` : '',
      '',
      '',
    ],
    () => ['', `${not}-p ${p}`, ''],
    () => ['', `-p ${p}`, `-m ${p} ${not}--dport ${draw.of(['80', '81', '80:90', '8080', '1000:'])}`],
    () => ['', `-p ${p}`, `-m ${p} ${not}--sport ${draw.of(['10000', '10001:10002', ':10003'])}`],
    () => [
      '',
      `-p ${p}`,
      `-m multiport ${not}--${draw.of(['dports', 'sports', 'ports'])} ${draw.of(['80,81', '8080,10000:10002'])}`,
    ],
    () => ['', '', `-m iprange ${not}--${draw.of(['dst', 'src'])}-range ${services[0]}-${services[1]}`],
    () => ['', '', `-m addrtype ${not}--${draw.of(['dst', 'src'])}-type ${draw.of(['LOCAL', 'UNICAST', 'MULTICAST'])}`],
    () => ['', '', `-m conntrack ${not}--ctstate ${draw.of(CT_STATES)}`],
    () => ['', '', `-m conntrack ${not}--ctstate ${draw.of(CT_STATES)}`],
    () => ['', '', `-m mark ${not}--mark ${draw.of(['0x1', '0x4000/0x4000', '0x0', '0x2/0x3'])}`],
    () => ['', '', `-m connmark ${not}--mark ${draw.of(['0x1', '0x0', '0x4000/0x4000'])}`],
    () => ['', '', `-m statistic --mode nth ${not}--every 3 --packet ${draw.of([0, 1, 2])}`],
    () => ['', '', `-m recent ${not}--${draw.of(RECENT)} --name ${draw.of(['A', 'B'])} --mask ${fullMask} --rsource`],
    () => [
      '',
      '-p tcp',
      `-m tcp ${not}--tcp-flags ${draw.of(['SYN,ACK SYN', 'RST RST', 'FIN,SYN,RST,ACK SYN', 'PSH PSH'])}`,
    ],
    () => ['', '', `-m limit --limit 1/hour --limit-burst ${draw.of([1, 3, 10])}`],
  ]
  return draw.of(kinds)()
}

const CT_STATES = ['NEW', 'ESTABLISHED', 'RELATED,ESTABLISHED', 'INVALID', 'UNTRACKED', 'SNAT', 'DNAT', 'NEW,DNAT']

const RECENT = [
  'set',
  'rcheck --seconds 600',
  'update --seconds 600',
  'rcheck --seconds 600 --hitcount 3',
  'rcheck',
  'update --seconds 600 --reap',
  'remove',
]

function targetsOf(
  draw: Draw,
  family: IpFamily,
  table: Table,
  hook: string,
  protocol: string,
  chains: readonly string[],
): string[] {
  const { pods, node, services, clients, rejects } = WORLD[family]
  const isPorted = protocol === '-p tcp' || protocol === '-p udp'
  const at = (ip: string, port: number): string => (family === 6 ? `[${ip}]:${port}` : `${ip}:${port}`)
  const targets = ['', '-j RETURN', ...chains.flatMap(name => [`-j ${name}`, `-g ${name}`])]
  if (table === 'mangle')
    targets.push(
      ...['0x4000/0x4000', '0x1/0xffffffff', '0x3/0x3', '0x4000/0x0'].map(mark => `-j MARK --set-xmark ${mark}`),
      '-j CONNMARK --set-xmark 0x4001/0xffff',
      '-j CONNMARK --save-mark --nfmask 0xffff --ctmask 0xff',
      '-j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xffff',
    )
  if (draw.chance(0.25)) targets.push('-j ACCEPT')
  if (table !== 'nat' && draw.chance(0.08)) targets.push('-j DROP', '-j DROP')
  if (table === 'raw' && draw.chance(0.2)) targets.push('-j CT --notrack')
  if (table === 'filter' && draw.chance(0.2))
    targets.push(...rejects.map(answer => `-j REJECT --reject-with ${answer}`))
  if (table === 'filter' && protocol === '-p tcp' && draw.chance(0.2)) targets.push('-j REJECT --reject-with tcp-reset')
  if (table === 'nat' && (hook === 'PREROUTING' || hook === 'OUTPUT') && isPorted)
    for (const to of [at(pods[0], 8080), at(pods[1], 80), pods[0], node, at(services[2], 80)])
      targets.push(`-j DNAT --to-destination ${to}`)
  if (table === 'nat' && hook === 'POSTROUTING')
    targets.push('-j MASQUERADE', '-j MASQUERADE --random-fully', `-j SNAT --to-source ${draw.of([node, clients[1]])}`)
  return targets
}
