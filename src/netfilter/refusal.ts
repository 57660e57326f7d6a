/**
 * What a ruleset may not contain: what this simulator does not model, and what iptables or the kernel would not load.
 * Trace and compile refuse alike, with a Problem that names table, chain, rule and match.
 */
import type { IpFamily } from '../net/ip.ts'
import type { Problem } from '../problem/problem.ts'
import { badInput, quoted } from '../problem/problem.ts'
import type { AddressTypes, Chain, Match, PortRange, Rule, TableName, Verdict } from '../ruleset/ruleset.ts'

/** undefined when the rule may stand in a chain of this table. `index` counts from 0, the Problem from 1. */
export function refuseRule(
  family: IpFamily,
  table: TableName,
  chain: Chain,
  index: number,
  rule: Rule,
): Problem | undefined {
  const place = (): string => rulePlace(table, chain.name, index)
  for (const match of rule.matches) {
    const refused = refuseMatch(family, rule, match)
    if (refused !== undefined) return badInput({ field: place() }, refused.what, refused.mend)
  }
  const verdict = rule.verdict
  if (verdict === undefined) return undefined
  const unmodelled = refuseVerdict(verdict)
  if (unmodelled !== undefined) return badInput({ field: place() }, unmodelled.what, unmodelled.mend)
  const home = VERDICT_HOMES[verdict.kind]
  if (home !== undefined && home.table !== table)
    return badInput(
      { field: place() },
      `verdict ${verdict.kind} does not work in table ${table}`,
      `move the rule to table ${home.table}`,
    )
  if ((verdict.kind === 'dnat' || verdict.kind === 'snat') && verdict.address.family !== family)
    return badInput(
      { field: place() },
      `verdict ${verdict.kind} has an IPv${verdict.address.family} address in an IPv${family} ruleset`,
      'use an address of the family',
    )
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
      if (!rule.matches.some(m => m.kind === 'protocol' && !m.negated && m.protocol === match.protocol))
        return { what: `match ${match.protocol} stands without -p ${match.protocol}`, mend: 'add the protocol' }
      if (match.flags !== undefined) return notModelled('match tcp with --tcp-flags')
      return refuseRange(match.source) ?? refuseRange(match.destination)
    case 'addrtype':
      return isLocalOnly(match.source) && isLocalOnly(match.destination) && match.limitInterface === undefined
        ? undefined
        : notModelled('match addrtype with a type other than LOCAL')
    case 'statistic':
      if (match.negated) return notModelled('a negated match statistic')
      return Number.isInteger(match.threshold) && match.threshold >= 0 && match.threshold <= 0x8000_0000
        ? undefined
        : {
            what: `match statistic has threshold ${quoted(match.threshold)}`,
            mend: 'use a whole number from 0 to 2147483648 (probability times 2^31)',
          }
    case 'recent':
      return {
        what: `match recent (list ${quoted(match.name)}) is not modelled`,
        mend: 'leave session affinity out of this run',
      }
    case 'unknown':
      return notModelled(`match ${match.module}`)
    case 'maskedAddress':
    case 'fragment':
    case 'multiport':
    case 'icmp':
    case 'iprange':
    case 'connmark':
    case 'nth':
    case 'limit':
    case 'mac':
    case 'set':
    case 'physdev':
      return notModelled(`match ${match.kind}`)
    default:
      return undefined
  }
}

function refuseVerdict(verdict: Verdict): Refusal | undefined {
  switch (verdict.kind) {
    case 'dnat':
    case 'snat':
      return verdict.lastAddress === undefined &&
        verdict.lastPort === undefined &&
        (verdict.kind === 'dnat' || (verdict.port === undefined && verdict.randomFully === undefined)) &&
        verdict.random === undefined &&
        verdict.persistent === undefined
        ? undefined
        : notModelled(`verdict ${verdict.kind} with more than one address and port`)
    case 'masquerade':
      return verdict.ports === undefined && verdict.random === undefined
        ? undefined
        : notModelled('verdict masquerade with ports')
    case 'unknown':
      return notModelled(`target ${verdict.target}`)
    case 'redirect':
    case 'connmark':
    case 'log':
    case 'nflog':
    case 'notrack':
      return notModelled(`verdict ${verdict.kind}`)
    default:
      return undefined
  }
}

const notModelled = (what: string): Refusal => ({
  what: `${what} is not modelled`,
  mend: 'leave the rule out of this run',
})

const isLocalOnly = (side: AddressTypes | undefined): boolean =>
  side === undefined || (side.types.length === 1 && side.types[0] === 'LOCAL')

function refuseRange(range: PortRange | undefined): Refusal | undefined {
  if (range === undefined || (range.from <= range.to && range.from >= 0 && range.to <= 0xffff)) return undefined
  return { what: `port range ${range.from}:${range.to} is none`, mend: 'write FROM:TO with 0 <= FROM <= TO <= 65535' }
}
