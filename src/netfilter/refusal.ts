/**
 * What a ruleset may not contain: what this simulator does not model, and what iptables or the kernel would not load.
 * Trace and compile refuse alike, with a Problem that names table, chain, rule and match.
 */
import type { IpFamily } from '../net/ip.ts'
import type { Problem } from '../problem/problem.ts'
import { badInput, quoted } from '../problem/problem.ts'
import { unmodelledSet } from '../ruleset/ip-set.ts'
import { protocolNumber } from '../ruleset/protocol-number.ts'
import type {
  AddressType,
  AddressTypes,
  Chain,
  L4Protocol,
  Match,
  PortRange,
  Rule,
  TableName,
  Verdict,
} from '../ruleset/ruleset.ts'
import { limitCost } from './memory/limit-cost.ts'
import { rejectKind } from './reject-kind.ts'

/** undefined when the rule may stand in a chain of this table. `index` counts from 0, the Problem from 1. */
export function refuseRule(
  family: IpFamily,
  table: TableName,
  chain: Chain,
  index: number,
  rule: Rule,
): Problem | undefined {
  const refused = refusalOf(family, table, rule)
  return refused && badInput({ field: rulePlace(table, chain.name, index) }, refused.what, refused.mend)
}

function refusalOf(family: IpFamily, table: TableName, rule: Rule): Refusal | undefined {
  for (const match of rule.matches) {
    const refused = refuseMatch(family, rule, match)
    if (refused !== undefined) return refused
  }
  const { verdict } = rule
  if (verdict === undefined) return undefined
  const unmodelled = refuseVerdict(family, verdict)
  if (unmodelled !== undefined) return unmodelled
  const home = VERDICT_HOMES[verdict.kind]
  if (home !== undefined && home.table !== table)
    return {
      what: `verdict ${verdict.kind} does not work in table ${table}`,
      mend: `move the rule to table ${home.table}`,
    }
  if ((verdict.kind === 'dnat' || verdict.kind === 'snat') && verdict.address.family !== family)
    return {
      what: `verdict ${verdict.kind} has an IPv${verdict.address.family} address in an IPv${family} ruleset`,
      mend: 'use an address of the family',
    }
  return undefined
}

export const rulePlace = (table: string, chain: string, index: number): string => `${table} ${chain} rule ${index + 1}`

/** Verdicts that the kernel allows in one table only, below these built-in chains. */
export const VERDICT_HOMES: Readonly<
  Partial<Record<Verdict['kind'], { readonly table: TableName; readonly hooks: readonly string[] }>>
> = {
  dnat: { table: 'nat', hooks: ['PREROUTING', 'OUTPUT'] },
  snat: { table: 'nat', hooks: ['INPUT', 'POSTROUTING'] },
  masquerade: { table: 'nat', hooks: ['POSTROUTING'] },
  reject: { table: 'filter', hooks: ['INPUT', 'FORWARD', 'OUTPUT'] },
  redirect: { table: 'nat', hooks: ['PREROUTING', 'OUTPUT'] },
  notrack: { table: 'raw', hooks: ['PREROUTING', 'OUTPUT'] },
}

export const refuseVerdictBelow = (verdict: Verdict['kind'], table: TableName, hook: string): Problem =>
  badInput(
    { field: `${table} ${hook}` },
    `a rule below this chain has verdict ${verdict}, which the kernel does not allow there`,
    `call that rule from ${VERDICT_HOMES[verdict]?.hooks.join(' or ')} only`,
  )

export const refuseMissingChain = (table: TableName, chain: string, index: number, target: string): Problem =>
  badInput(
    { field: rulePlace(table, chain, index) },
    `there is no chain ${quoted(target)} to go to`,
    'declare the chain in this table or mend its name',
  )

/** `asks`: the match or verdict that needs a memory where there is none. */
export const refuseForgetting = (table: TableName, chain: string, index: number, asks: string): Problem =>
  badInput(
    { field: rulePlace(table, chain, index) },
    `${asks} depends on earlier packets, which a run does not remember`,
    'leave the rule out of this run',
  )

/** `path`: the chains of the loop, the first again at its end. */
export const refuseLoop = (table: TableName, path: readonly string[]): Problem =>
  badInput(
    { field: `table ${table}` },
    `chains call each other in a loop: ${path.length > 12 ? `${path.slice(0, 6).join(' -> ')} -> … -> ${path.slice(-5).join(' -> ')}` : path.join(' -> ')}`,
    'remove one of the jumps',
  )

interface Refusal {
  readonly what: string
  readonly mend: string
}

function refuseMatch(family: IpFamily, rule: Rule, match: Match): Refusal | undefined {
  switch (match.kind) {
    case 'source':
    case 'destination':
      return match.prefix.family === family
        ? undefined
        : {
            what: `match ${match.kind} has an IPv${match.prefix.family} prefix in an IPv${family} ruleset`,
            mend: 'use a prefix of the family',
          }
    case 'ports':
      if (!demandsProtocol(rule, match.protocol))
        return { what: `match ${match.protocol} stands without -p ${match.protocol}`, mend: 'add the protocol' }
      return refuseRange(match.source) ?? refuseRange(match.destination)
    case 'multiport':
      return MULTIPORT_PROTOCOLS.some(p => demandsProtocol(rule, p))
        ? undefined
        : { what: 'match multiport stands without -p', mend: `add the protocol: ${MULTIPORT_PROTOCOLS.join(', ')}` }
    case 'icmp':
      return demandsProtocol(rule, match.version === 4 ? 'icmp' : 'ipv6-icmp')
        ? undefined
        : { what: 'match icmp stands without its protocol', mend: 'add the protocol' }
    case 'addrtype':
      return match.limitInterface === undefined
        ? (refuseAddressTypes(family, match.source) ?? refuseAddressTypes(family, match.destination))
        : notModelled('match addrtype limited to an interface')
    case 'statistic':
      return Number.isInteger(match.threshold) && match.threshold >= 0 && match.threshold <= 0x8000_0000
        ? undefined
        : {
            what: `match statistic has threshold ${quoted(match.threshold)}`,
            mend: 'use a whole number from 0 to 2147483648 (probability times 2^31)',
          }
    case 'nth':
      return match.every >= 1 && match.packet >= 0 && match.packet < match.every
        ? undefined
        : { what: `match nth takes packet ${match.packet} of ${match.every}`, mend: 'count packets from 0' }
    case 'recent':
      return refuseRecent(match)
    case 'limit':
      return match.rate >= 1 && match.burst >= 1 && limitCost(match).capUs >= limitCost(match).costUs
        ? undefined
        : {
            what: 'match limit overflows, or lets nothing through',
            mend: 'use a rate and burst of at least 1, and a lower burst for long intervals',
          }
    case 'set':
      return refuseSet(family, match)
    case 'unknown':
      return unknownMatch(`match ${match.module}`)
    default:
      return undefined
  }
}

function refuseVerdict(family: IpFamily, verdict: Verdict): Refusal | undefined {
  switch (verdict.kind) {
    case 'dnat':
    case 'snat':
      return verdict.lastAddress === undefined || verdict.lastAddress.value >= verdict.address.value
        ? undefined
        : { what: `verdict ${verdict.kind} has a range that runs backwards`, mend: 'write the lower address first' }
    case 'reject':
      return rejectKind(verdict.with, family) >= 0
        ? undefined
        : {
            what: `verdict reject sends ${quoted(verdict.with)}, which IPv${family} does not know`,
            mend: 'use another --reject-with',
          }
    case 'unknown':
      return notModelled(`target ${verdict.target}`)
    default:
      return undefined
  }
}

function refuseSet(family: IpFamily, { name, set }: Match & { kind: 'set' }): Refusal | undefined {
  const what = `match set (${quoted(name)})`
  if (set === undefined)
    return {
      what: `${what} asks a set whose members the ruleset does not say`,
      mend: 'give the text of ipset save with --sets, or say whether it holds: --unknown-matches never or always',
    }
  const unmodelled = unmodelledSet(set)
  if (unmodelled !== undefined)
    return unknownMatch(
      `${what} of type ${unmodelled.type}${unmodelled === set ? '' : ` (${quoted(unmodelled.name)})`}`,
    )
  if (set.kind === 'filled' && set.family !== undefined && set.family !== family)
    return {
      what: `${what} asks a set of IPv${set.family} in an IPv${family} ruleset, which iptables does not load`,
      mend: 'use a set of the family',
    }
  return undefined
}

const unknownMatch = (what: string): Refusal => ({
  what: `${what} is not modelled`,
  mend: 'leave the rule out, or say whether it holds: --unknown-matches never or always',
})

const notModelled = (what: string): Refusal => ({
  what: `${what} is not modelled`,
  mend: 'leave the rule out of this run',
})

const MULTIPORT_PROTOCOLS = ['tcp', 'udp', 'udplite', 'sctp', 'dccp'] as const

const demandsProtocol = (rule: Rule, protocol: L4Protocol): boolean =>
  rule.matches.some(m => m.kind === 'protocol' && !m.negated && protocolNumber(m.protocol) === protocolNumber(protocol))

/** What recent_mt_check does not load. */
function refuseRecent({
  name,
  operation,
  seconds = 0,
  hitcount = 0,
  reap = false,
}: Match & { kind: 'recent' }): Refusal | undefined {
  const wrong = (what: string, mend: string): Refusal => ({ what: `match recent (list ${quoted(name)}) ${what}`, mend })
  if ((operation === 'set' || operation === 'remove') && (seconds > 0 || hitcount > 0 || reap))
    return wrong(`has --${operation} with a condition`, 'use --rcheck or --update')
  if (reap && seconds === 0) return wrong('has --reap without --seconds', 'add --seconds')
  return hitcount < 256 ? undefined : wrong(`counts ${hitcount} hits`, 'use a --hitcount below 256')
}

/** addrtype_mt_checkentry_v1: IPv6 routes know no such kinds. */
const NOT_IN_IPV6: ReadonlySet<AddressType> = new Set([
  'BROADCAST',
  'BLACKHOLE',
  'PROHIBIT',
  'THROW',
  'NAT',
  'XRESOLVE',
])

function refuseAddressTypes(family: IpFamily, types: AddressTypes | undefined): Refusal | undefined {
  const unknown = family === 4 ? undefined : types?.types.find(type => NOT_IN_IPV6.has(type))
  return unknown === undefined
    ? undefined
    : { what: `match addrtype asks for ${unknown}, which IPv6 does not know`, mend: 'use another type' }
}

function refuseRange(range: PortRange | undefined): Refusal | undefined {
  if (range === undefined || (range.from <= range.to && range.from >= 0 && range.to <= 0xffff)) return undefined
  return { what: `port range ${range.from}:${range.to} is none`, mend: 'write FROM:TO with 0 <= FROM <= TO <= 65535' }
}
