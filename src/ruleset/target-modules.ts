/**
 * The targets a ruleset holds as data, one row each: their options, and how these become a Verdict. A target that is no row here, or is
 * used with an option no row has, is held verbatim instead.
 */
import type { IpFamily } from '../net/ip.ts'
import type { Module } from './match-modules.ts'
import { find, module } from './match-modules.ts'
import type { GivenOption, OptionValues } from './option-values.ts'
import type { NatTarget, PortSpan, Verdict } from './ruleset.ts'

const FLAG = { args: 0 }
const ARG = { args: 1 }

const plain = (kind: 'accept' | 'drop' | 'return'): Module<Verdict> => module({}, () => ({ kind }))

/** Old and short names of what REJECT answers with; all others stand as they are. */
const REJECT_NAMES: Readonly<Record<string, string>> = {
  'net-unreach': 'icmp-net-unreachable',
  'host-unreach': 'icmp-host-unreachable',
  'proto-unreach': 'icmp-proto-unreachable',
  'port-unreach': 'icmp-port-unreachable',
  'net-prohib': 'icmp-net-prohibited',
  'host-prohib': 'icmp-host-prohibited',
  'admin-prohib': 'icmp-admin-prohibited',
  'tcp-rst': 'tcp-reset',
}

const REJECT_ANSWERS: ReadonlySet<string> = new Set([
  ...Object.values(REJECT_NAMES),
  'icmp6-no-route',
  'icmp6-adm-prohibited',
  'icmp6-addr-unreachable',
  'icmp6-port-unreachable',
  'icmp6-policy-fail',
  'icmp6-reject-route',
])

const PORT_UNREACHABLE: Readonly<Record<IpFamily, string>> = { 4: 'icmp-port-unreachable', 6: 'icmp6-port-unreachable' }

const reject = module<Verdict>({ '--reject-with': ARG }, ([given], values) => {
  if (given === undefined) return { kind: 'reject', with: PORT_UNREACHABLE[values.assumeFamily()] }
  const text = values.text(given.word)
  const answer = Object.hasOwn(REJECT_NAMES, text) ? REJECT_NAMES[text] : text
  return REJECT_ANSWERS.has(answer) ? { kind: 'reject', with: answer } : undefined
})

const dnat = module<Verdict>({ '--to-destination': ARG, '--random': FLAG, '--persistent': FLAG }, (given, values) => {
  const target = readNatTarget(find(given, '--to-destination'), values)
  return target === undefined
    ? undefined
    : { kind: 'dnat', ...target, port: target.port ?? 0, ...readFlags(given, ['random', 'persistent']) }
})

const snat = module<Verdict>(
  { '--to-source': ARG, '--random': FLAG, '--random-fully': FLAG, '--persistent': FLAG },
  (given, values) => {
    const target = readNatTarget(find(given, '--to-source'), values)
    return target === undefined
      ? undefined
      : { kind: 'snat', ...target, ...readFlags(given, ['random', 'randomFully', 'persistent']) }
  },
)

const masquerade = module<Verdict>(
  { '--to-ports': ARG, '--random': FLAG, '--random-fully': FLAG },
  (given, values) => ({
    kind: 'masquerade',
    ...readToPorts(given, values),
    ...readFlags(given, ['random']),
    randomFully: find(given, '--random-fully') !== undefined,
  }),
)

const redirect = module<Verdict>({ '--to-ports': ARG, '--random': FLAG }, (given, values) => ({
  kind: 'redirect',
  ...readToPorts(given, values),
  ...readFlags(given, ['random']),
}))

type NatFlag = 'random' | 'randomFully' | 'persistent'

const NAT_FLAG_OPTION: Readonly<Record<NatFlag, string>> = {
  random: '--random',
  randomFully: '--random-fully',
  persistent: '--persistent',
}

const readFlags = (given: readonly GivenOption[], flags: readonly NatFlag[]): Partial<Record<NatFlag, true>> =>
  Object.fromEntries(flags.filter(f => find(given, NAT_FLAG_OPTION[f]) !== undefined).map(f => [f, true]))

function readToPorts(given: readonly GivenOption[], values: OptionValues): { readonly ports?: PortSpan } {
  const option = find(given, '--to-ports')
  return option === undefined ? {} : { ports: values.ports(option.word, '-') }
}

/** `10.0.0.1`, `10.0.0.1:80`, `10.0.0.1-10.0.0.9:80-90`, `[fd00::1]:80`. undefined when there is no address in it, or a base port. */
function readNatTarget(option: GivenOption | undefined, values: OptionValues): NatTarget | undefined {
  if (option === undefined) return undefined
  const { word } = option
  const text = values.text(word)
  const parts =
    /^\[([^\]]*)\](?::(.*))?$/.exec(text) ?? (text.split(':').length === 2 ? /^([^:]*):(.*)$/.exec(text) : null)
  const [, addresses, portText] = parts ?? [text, text, undefined]
  if (addresses === '' || portText?.includes('/')) return undefined
  const [first, last] = addresses.split('-', 2)
  const span = portText === undefined ? undefined : values.ports(word, '-', portText)
  return {
    address: values.address(word, first),
    ...(last === undefined ? {} : { lastAddress: values.address(word, last) }),
    ...(span === undefined ? {} : { port: span.from }),
    ...(span === undefined || span.from === span.to ? {} : { lastPort: span.to }),
  }
}

const mark = module<Verdict>(
  { '--set-xmark': ARG, '--set-mark': ARG, '--and-mark': ARG, '--or-mark': ARG, '--xor-mark': ARG },
  ([given, ...more], values) => {
    if (given === undefined || more.length > 0) return undefined
    const { name, word } = given
    const { value, mask } = values.mark(word)
    switch (name) {
      case '--set-xmark':
        return { kind: 'mark', value, mask }
      case '--set-mark':
        return { kind: 'mark', value, mask: (mask | value) >>> 0, written: 'set-mark' }
      case '--and-mark':
        return { kind: 'mark', value: 0, mask: ~value >>> 0, written: 'and-mark' }
      case '--or-mark':
        return { kind: 'mark', value, mask: value, written: 'or-mark' }
      default:
        return { kind: 'mark', value, mask: 0 }
    }
  },
)

const connmark = module<Verdict>(
  {
    '--set-xmark': ARG,
    '--set-mark': ARG,
    '--save-mark': FLAG,
    '--restore-mark': FLAG,
    '--nfmask': ARG,
    '--ctmask': ARG,
    '--mask': ARG,
  },
  (given, values) => {
    const set = find(given, '--set-xmark') ?? find(given, '--set-mark')
    const save = find(given, '--save-mark')
    const restore = find(given, '--restore-mark')
    if ([set, save, restore].filter(o => o !== undefined).length !== 1) return undefined
    if (set !== undefined) {
      const { value, mask } = values.mark(set.word)
      if (given.length > 1) return undefined
      return {
        kind: 'connmark',
        operation: 'set',
        value,
        mask: set.name === '--set-mark' ? (mask | value) >>> 0 : mask,
      }
    }
    const both = maskOf(find(given, '--mask'), 0xffff_ffff, values)
    return {
      kind: 'connmark',
      operation: save === undefined ? 'restore' : 'save',
      packetMask: maskOf(find(given, '--nfmask'), both, values),
      entryMask: maskOf(find(given, '--ctmask'), both, values),
    }
  },
)

const maskOf = (option: GivenOption | undefined, otherwise: number, values: OptionValues): number =>
  option === undefined ? otherwise : values.whole(option.word, 0xffff_ffff)

const ct = module<Verdict>({ '--notrack': FLAG }, given => (given.length === 0 ? undefined : { kind: 'notrack' }))

const notrack = module<Verdict>({}, () => ({ kind: 'notrack', written: 'NOTRACK' }))

export const TARGET_MODULES: ReadonlyMap<string, Module<Verdict>> = new Map([
  ['ACCEPT', plain('accept')],
  ['DROP', plain('drop')],
  ['RETURN', plain('return')],
  ['REJECT', reject],
  ['DNAT', dnat],
  ['SNAT', snat],
  ['MASQUERADE', masquerade],
  ['REDIRECT', redirect],
  ['MARK', mark],
  ['CONNMARK', connmark],
  ['CT', ct],
  ['NOTRACK', notrack],
])

/** Targets whose options are kept verbatim though their effect is known: evaluation goes on. */
export const LOGGING_TARGETS: ReadonlyMap<string, 'log' | 'nflog'> = new Map([
  ['LOG', 'log'],
  ['NFLOG', 'nflog'],
])

/** Targets of iptables-extensions(8) that may stand without options: one of these names is no chain's, unless a chain has it. */
export const OTHER_TARGETS: ReadonlySet<string> = new Set([
  'AUDIT',
  'CHECKSUM',
  'CLASSIFY',
  'CLUSTERIP',
  'CONNSECMARK',
  'DNPT',
  'DSCP',
  'ECN',
  'HL',
  'HMARK',
  'IDLETIMER',
  'LED',
  'MIRROR',
  'NETMAP',
  'NFQUEUE',
  'QUEUE',
  'RATEEST',
  'SECMARK',
  'SET',
  'SNPT',
  'SYNPROXY',
  'TARPIT',
  'TCPMSS',
  'TCPOPTSTRIP',
  'TEE',
  'TOS',
  'TPROXY',
  'TRACE',
  'TTL',
  'ULOG',
])
