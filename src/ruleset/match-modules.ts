/**
 * The match modules a ruleset holds as data, one row each: their options, and how these become a Match. A module that is no row here,
 * or is used with an option no row has, is held verbatim instead.
 */
import type { IpFamily } from '../net/ip.ts'
import { quoted } from '../problem/problem.ts'
import { parseIcmpType } from './icmp-types.ts'
import type { GivenOption, OptionValues } from './option-values.ts'
import { isWholeMask, kept } from './option-values.ts'
import { DEFAULT_BURST } from './print-match.ts'
import type { CtState, Match, PhysdevOption, PortProtocol, PortSpan, RateUnit, Side, TcpFlags } from './ruleset.ts'
import { ADDRESS_TYPES, CT_STATES, statisticThreshold, TCP_FLAG } from './ruleset.ts'

export interface OptionSpec {
  readonly args: number
  readonly negatable?: boolean
  /** The option this is another name of. */
  readonly as?: string
}

export interface Module<T> {
  readonly options: ReadonlyMap<string, OptionSpec>
  /** `given` has no option twice. undefined: not to be held as data, but verbatim. */
  readonly build: (given: readonly GivenOption[], values: OptionValues) => T | undefined
}

const FLAG: OptionSpec = { args: 0 }
const FLAG_NOT: OptionSpec = { args: 0, negatable: true }
const ARG: OptionSpec = { args: 1 }
const ARG_NOT: OptionSpec = { args: 1, negatable: true }
const TWO_NOT: OptionSpec = { args: 2, negatable: true }
const alias = (spec: OptionSpec, as: string): OptionSpec => ({ ...spec, as })

export const module = <T>(options: Readonly<Record<string, OptionSpec>>, build: Module<T>['build']): Module<T> => ({
  options: new Map(Object.entries(options)),
  build,
})

export const find = (given: readonly GivenOption[], name: string): GivenOption | undefined =>
  given.find(o => o.name === name)

const PORT_OPTIONS = {
  '--sport': ARG_NOT,
  '--source-port': alias(ARG_NOT, '--sport'),
  '--dport': ARG_NOT,
  '--destination-port': alias(ARG_NOT, '--dport'),
}

const portsModule = (protocol: PortProtocol): Module<Match> =>
  module(PORT_OPTIONS, (given, values) => readPorts(protocol, given, values))

function readPorts(protocol: PortProtocol, given: readonly GivenOption[], values: OptionValues): Match {
  const source = find(given, '--sport')
  const destination = find(given, '--dport')
  return {
    kind: 'ports',
    protocol,
    ...(source === undefined ? {} : { source: values.portRange(source) }),
    ...(destination === undefined ? {} : { destination: values.portRange(destination) }),
  }
}

const tcp = module<Match>({ ...PORT_OPTIONS, '--tcp-flags': TWO_NOT, '--syn': FLAG_NOT }, (given, values) => {
  const ports = readPorts('tcp', given, values)
  const flags = find(given, '--tcp-flags')
  const syn = find(given, '--syn')
  if (flags === undefined && syn === undefined) return ports
  if (flags !== undefined && syn !== undefined) return undefined
  return {
    ...ports,
    flags: flags === undefined ? { ...SYN, negated: syn!.negated } : readFlags(flags, values),
  } as Match
})

const SYN = { mask: TCP_FLAG.FIN | TCP_FLAG.SYN | TCP_FLAG.RST | TCP_FLAG.ACK, set: TCP_FLAG.SYN }

const readFlags = ({ word, negated }: GivenOption, values: OptionValues): TcpFlags => ({
  mask: flagBits(word, values),
  set: flagBits(word + 1, values),
  negated,
})

function flagBits(word: number, values: OptionValues): number {
  const text = values.text(word)
  if (text === 'NONE') return 0
  if (text === 'ALL') return Object.values(TCP_FLAG).reduce((bits, bit) => bits | bit, 0)
  const names = values.list(word, Object.keys(TCP_FLAG) as (keyof typeof TCP_FLAG)[], 'TCP flag')
  return names.reduce((bits, name) => bits | TCP_FLAG[name], 0)
}

const MULTIPORT_SIDE: Readonly<Record<string, Side | 'either'>> = {
  '--sports': 'source',
  '--dports': 'destination',
  '--ports': 'either',
}

const multiport = module<Match>(
  {
    '--sports': ARG_NOT,
    '--source-ports': alias(ARG_NOT, '--sports'),
    '--dports': ARG_NOT,
    '--destination-ports': alias(ARG_NOT, '--dports'),
    '--ports': ARG_NOT,
  },
  (given, values) => {
    if (given.length !== 1) return undefined
    const [{ name, word, negated }] = given
    const ports: PortSpan[] = values
      .text(word)
      .split(',')
      .map(text => values.ports(word, ':', text))
    const slots = ports.reduce((sum, span) => sum + (span.from === span.to ? 1 : 2), 0)
    if (slots > 15)
      values.fail(word, 'a multiport match holds at most 15 ports (a range counts twice)', 'split the rule')
    return { kind: 'multiport', side: MULTIPORT_SIDE[name], ports, negated }
  },
)

const icmp = (version: IpFamily, option: string): Module<Match> =>
  module({ [option]: ARG_NOT }, ([given], values) => {
    if (given === undefined) return { kind: 'icmp', version, negated: false }
    const { word, negated } = given
    const type = parseIcmpType(version, values.text(word))
    if (type === undefined)
      values.fail(word, `ICMP type ${quoted(values.text(word))} is not known`, 'write it as TYPE or TYPE/CODE')
    return { kind: 'icmp', version, ...type, negated }
  })

const iprange = module<Match>({ '--src-range': ARG_NOT, '--dst-range': ARG_NOT }, (given, values) => {
  const source = find(given, '--src-range')
  const destination = find(given, '--dst-range')
  if (given.length === 0) return undefined
  return {
    kind: 'iprange',
    ...(source === undefined ? {} : { source: values.addressRange(source) }),
    ...(destination === undefined ? {} : { destination: values.addressRange(destination) }),
  }
})

const addrtype = module<Match>(
  { '--src-type': ARG_NOT, '--dst-type': ARG_NOT, '--limit-iface-in': FLAG, '--limit-iface-out': FLAG },
  (given, values) => {
    const source = find(given, '--src-type')
    const destination = find(given, '--dst-type')
    const limits = given.filter(o => o.name.startsWith('--limit'))
    if ((source === undefined && destination === undefined) || limits.length > 1) return undefined
    const types = ({ word, negated }: GivenOption) => ({
      types: values.list(word, ADDRESS_TYPES, 'address type'),
      negated,
    })
    return {
      kind: 'addrtype',
      ...(source === undefined ? {} : { source: types(source) }),
      ...(destination === undefined ? {} : { destination: types(destination) }),
      ...(limits.length === 0 ? {} : { limitInterface: limits[0].name === '--limit-iface-in' ? 'in' : 'out' }),
    }
  },
)

const conntrack = module<Match>({ '--ctstate': ARG_NOT }, ([given], values) =>
  given === undefined
    ? undefined
    : {
        kind: 'conntrack',
        states: values.list<CtState>(given.word, CT_STATES, 'connection state'),
        negated: given.negated,
      },
)

const STATES = CT_STATES.filter(s => s !== 'SNAT' && s !== 'DNAT')

const state = module<Match>({ '--state': ARG_NOT }, ([given], values) =>
  given === undefined
    ? undefined
    : {
        kind: 'conntrack',
        states: values.list<CtState>(given.word, STATES, 'connection state'),
        negated: given.negated,
        module: 'state',
      },
)

const mark = (kind: 'mark' | 'connmark'): Module<Match> =>
  module({ '--mark': ARG_NOT }, ([given], values) =>
    given === undefined ? undefined : { kind, ...values.mark(given.word), negated: given.negated },
  )

const statistic = module<Match>(
  { '--mode': ARG, '--probability': ARG_NOT, '--every': ARG_NOT, '--packet': ARG },
  (given, values) => {
    const mode = find(given, '--mode')
    const probability = find(given, '--probability')
    const every = find(given, '--every')
    const packet = find(given, '--packet')
    switch (mode === undefined ? undefined : values.text(mode.word)) {
      case 'random':
        return probability === undefined || given.length > 2 ? undefined : readProbability(probability, values)
      case 'nth': {
        if (every === undefined || probability !== undefined) return undefined
        const period = values.whole(every.word, 0xffff_ffff)
        const place = packet === undefined ? 0 : values.whole(packet.word, 0xffff_ffff)
        if (period === 0) values.fail(every.word, '--every 0 is no period', 'write 1 or more')
        else if (place >= period)
          values.fail(packet!.word, `packet ${place} is not one of ${period} numbered from 0`, 'write a lower --packet')
        return { kind: 'nth', every: period, packet: place, negated: every.negated }
      }
      default:
        return undefined
    }
  },
)

function readProbability({ word, negated }: GivenOption, values: OptionValues): Match {
  const text = values.text(word)
  const probability = /^(\d+\.?\d*|\.\d+)(e-?\d{1,3})?$/i.test(text) ? Number(text) : Number.NaN
  if (!(probability <= 1)) values.fail(word, `${quoted(text)} is no probability`, 'write a number from 0 to 1')
  const threshold = statisticThreshold(probability)
  return /\.\d{6}$/.test(text)
    ? { kind: 'statistic', threshold, negated, decimals: 6 }
    : { kind: 'statistic', threshold, negated }
}

const RECENT_OPERATIONS = ['set', 'rcheck', 'update', 'remove'] as const

const recent = module<Match>(
  {
    ...Object.fromEntries(RECENT_OPERATIONS.map(o => [`--${o}`, FLAG_NOT])),
    '--seconds': ARG,
    '--reap': FLAG,
    '--hitcount': ARG,
    '--rttl': FLAG,
    '--name': ARG,
    '--mask': ARG,
    '--rsource': FLAG,
    '--rdest': FLAG,
  },
  (given, values) => {
    const [operation, ...more] = RECENT_OPERATIONS.filter(o => find(given, `--${o}`) !== undefined)
    if (operation === undefined || more.length > 0) return undefined
    const seconds = find(given, '--seconds')
    const hitcount = find(given, '--hitcount')
    const name = find(given, '--name')
    const maskOption = find(given, '--mask')
    const mask = maskOption === undefined ? undefined : values.address(maskOption.word)
    return {
      kind: 'recent',
      operation,
      name: name === undefined ? 'DEFAULT' : kept(values.name(name.word)),
      side: find(given, '--rdest') === undefined ? 'source' : 'destination',
      ...(seconds === undefined ? {} : { seconds: values.whole(seconds.word, 0xffff_ffff) }),
      ...(find(given, '--reap') === undefined ? {} : { reap: true }),
      ...(hitcount === undefined ? {} : { hitcount: values.whole(hitcount.word, 0xffff_ffff) }),
      ...(find(given, '--rttl') === undefined ? {} : { rttl: true }),
      ...(mask === undefined ? { withoutMask: true } : isWholeMask(mask) ? {} : { mask }),
      negated: find(given, `--${operation}`)!.negated,
    }
  },
)

const RATE_UNITS: readonly (readonly [RateUnit, string])[] = [
  ['sec', 'second'],
  ['min', 'minute'],
  ['hour', 'hour'],
  ['day', 'day'],
]

const limit = module<Match>({ '--limit': ARG, '--limit-burst': ARG }, (given, values) => {
  const rate = find(given, '--limit')
  const burst = find(given, '--limit-burst')
  return {
    kind: 'limit',
    ...(rate === undefined ? { rate: 3, per: 'hour' } : readRate(rate.word, values)),
    burst: burst === undefined ? DEFAULT_BURST : values.whole(burst.word, 10_000),
  }
})

function readRate(word: number, values: OptionValues): { readonly rate: number; readonly per: RateUnit } {
  const parts = /^([1-9]\d{0,8})(?:\/([a-z]+))?$/i.exec(values.text(word))
  const unit = parts?.[2]?.toLowerCase() ?? 'second'
  const per = RATE_UNITS.find(([, name]) => name.startsWith(unit))?.[0]
  if (parts !== null && per !== undefined) return { rate: Number(parts[1]), per }
  values.fail(word, `${quoted(values.text(word))} is no rate`, 'write it as 10/sec, 10/min, 10/hour or 10/day')
  return { rate: 1, per: 'sec' }
}

const MAC_ADDRESS = /^(?:[\da-f]{2}|xx)(?::(?:[\da-f]{2}|xx)){5}$/i

const mac = module<Match>({ '--mac-source': ARG_NOT }, ([given], values) => {
  if (given === undefined) return undefined
  const address = values.kept(given.word)
  if (!MAC_ADDRESS.test(address))
    values.fail(given.word, `${quoted(address)} is no MAC address`, 'write six pairs of hexadecimal digits')
  return { kind: 'mac', address, negated: given.negated }
})

const set = module<Match>({ '--match-set': TWO_NOT, '--return-nomatch': FLAG }, (all, values) => {
  const given = find(all, '--match-set')
  if (given === undefined) return undefined
  const directions = values.list(given.word + 1, ['src', 'dst'] as const, 'direction')
  if (directions.length > MOST_DIRECTIONS)
    values.fail(given.word + 1, `${directions.length} directions are too many`, `give at most ${MOST_DIRECTIONS}`)
  return {
    kind: 'set',
    name: kept(values.name(given.word)),
    directions,
    negated: given.negated,
    ...(find(all, '--return-nomatch') === undefined ? {} : { returnNomatch: true }),
  }
})

const MOST_DIRECTIONS = 6

const PHYSDEV_OPTIONS = {
  '--physdev-in': ARG_NOT,
  '--physdev-out': ARG_NOT,
  '--physdev-is-in': FLAG_NOT,
  '--physdev-is-out': FLAG_NOT,
  '--physdev-is-bridged': FLAG_NOT,
}

const physdev = module<Match>(PHYSDEV_OPTIONS, (given, values) => ({
  kind: 'physdev',
  options: given.map(({ name, word, negated }): PhysdevOption => {
    const option = name.slice('--physdev-'.length) as PhysdevOption['option']
    return option === 'in' || option === 'out'
      ? { option, name: kept(values.name(word)), negated }
      : { option, negated }
  }),
}))

const nfacct = module<Match>({ '--nfacct-name': ARG }, ([given], values) =>
  given === undefined ? undefined : { kind: 'nfacct', name: values.kept(given.word) },
)

const comment = module<Match>({ '--comment': ARG }, ([given], values) =>
  given === undefined ? undefined : { kind: 'comment', text: values.kept(given.word) },
)

export const MATCH_MODULES: ReadonlyMap<string, Module<Match>> = new Map([
  ['tcp', tcp],
  ['udp', portsModule('udp')],
  ['sctp', portsModule('sctp')],
  ['dccp', portsModule('dccp')],
  ['multiport', multiport],
  ['icmp', icmp(4, '--icmp-type')],
  ['icmp6', icmp(6, '--icmpv6-type')],
  ['iprange', iprange],
  ['addrtype', addrtype],
  ['conntrack', conntrack],
  ['state', state],
  ['mark', mark('mark')],
  ['connmark', mark('connmark')],
  ['statistic', statistic],
  ['recent', recent],
  ['limit', limit],
  ['mac', mac],
  ['set', set],
  ['physdev', physdev],
  ['nfacct', nfacct],
  ['comment', comment],
])
