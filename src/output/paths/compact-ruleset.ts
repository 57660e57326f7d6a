/**
 * Of a ruleset what packets to some addresses and ports can meet: chains they cannot come to are left out, and rules they cannot match are
 * counted by their form. An evaluator that walks the result counts and pays what it would on the whole ruleset (property test):
 *
 * - a rule passed over stays in its place as one that stops at the same demand: its address becomes one that nobody sends to, its port
 *   likewise; what it demands before that stays as it is, what comes after is never looked at;
 * - where packets are translated to is found by walking the chains they reach, and counts as an address they go to.
 */
import { type IpAddress, networkAddress, parseIp } from '../../net/ip.ts'
import { printRule } from '../../ruleset/print-iptables.ts'
import type { Chain, Match, Rule, Ruleset, Table } from '../../ruleset/ruleset.ts'
import type { LiveEnds } from './live-ends.ts'
import type { PathChain, PathRule } from './packet-paths.ts'

export interface CompactTable {
  readonly name: string
  readonly chains: readonly PathChain[]
}

export function compactRuleset(whole: Ruleset, ends: LiveEnds): readonly CompactTable[] {
  const { ruleset, live } = reach(whole, ends)
  const dead = deadEnds(ruleset.family, live)
  return ruleset.tables.map(table => ({
    name: table.name,
    chains: [...table.chains.values()].map(({ name, policy = '', rules }) => ({
      name,
      policy,
      rules: compactRules(name, rules, live, dead, ruleset),
    })),
  }))
}

/** The ruleset with those chains alone that packets to `ends` come to. */
export const reachedRuleset = (ruleset: Ruleset, ends: LiveEnds): Ruleset => reach(ruleset, ends).ruleset

function reach(whole: Ruleset, ends: LiveEnds): { readonly ruleset: Ruleset; readonly live: LiveEnds } {
  const live = { addresses: new Set(ends.addresses), ports: new Set(ends.ports) }
  let reached: readonly ReadonlySet<string>[] = []
  // A translation may make more rules match, and they translate further.
  for (let known = -1; known !== live.addresses.size + live.ports.size; ) {
    known = live.addresses.size + live.ports.size
    reached = whole.tables.map(table => reachedChains(table, live))
  }
  const tables = whole.tables.map((table, t) => ({ ...table, chains: chosenChains(table, reached[t]) }))
  return { ruleset: { ...whole, tables }, live }
}

/** In their order. */
function chosenChains({ chains }: Table, names: ReadonlySet<string>): Table['chains'] {
  const chosen = new Map<string, Chain>()
  for (const name of chains.keys()) if (names.has(name)) chosen.set(name, chains.get(name)!)
  return chosen
}

interface Live {
  readonly addresses: Set<bigint>
  readonly ports: Set<number>
}

/** Adds to `live` what is translated to on the way. */
function reachedChains({ chains }: Table, live: Live): ReadonlySet<string> {
  const reached = new Set<string>()
  const open: Chain[] = []
  for (const chain of chains.values()) {
    // Built-in chains stand first.
    if (chain.policy === undefined) break
    open.push(chain)
  }
  for (let chain = open.pop(); chain !== undefined; chain = open.pop()) {
    if (reached.has(chain.name)) continue
    reached.add(chain.name)
    for (const rule of chain.rules) {
      const { verdict } = rule
      if (verdict === undefined || passedOver(rule, live) !== undefined) continue
      if (verdict.kind === 'jump' || verdict.kind === 'goto') {
        const target = chains.get(verdict.chain)
        if (target !== undefined) open.push(target)
      } else if (verdict.kind === 'dnat') {
        live.addresses.add(verdict.address.value)
        if (verdict.port !== 0) live.ports.add(verdict.port)
      }
    }
  }
  return reached
}

/** The demand that no packet to `live` meets, where it is one that can be replaced by another such; undefined: some packet may match. */
function passedOver({ matches }: Rule, { addresses, ports }: LiveEnds): Match | undefined {
  // In nftables mode a list that is asked has a price whether the rule matches or not.
  if (matches.some(m => m.kind === 'recent')) return undefined
  for (const match of matches) {
    if (match.kind === 'destination' && !match.negated && !holdsOne(match.prefix, addresses)) return match
    if (match.kind === 'ports' && match.destination !== undefined && !match.destination.negated) {
      const { from, to } = match.destination
      if (![...ports].some(p => p >= from && p <= to)) return match
    }
    if (!PASSABLE.has(match.kind)) return undefined
  }
  return undefined
}

/** Demands that may stand before the one that fails: kept as they are, or without a say. */
const PASSABLE: ReadonlySet<Match['kind']> = new Set([
  'source',
  'destination',
  'inInterface',
  'outInterface',
  'protocol',
  'comment',
])

function holdsOne(prefix: IpAddress & { readonly length: number }, addresses: ReadonlySet<bigint>): boolean {
  const bits = prefix.family === 4 ? 32 : 128
  if (prefix.length === bits) return addresses.has(prefix.value)
  const network = networkAddress(prefix)
  const size = 1n << BigInt(bits - prefix.length)
  return [...addresses].some(a => a >= network && a < network + size)
}

interface DeadEnds {
  readonly address: IpAddress
  readonly port: number
}

function deadEnds(family: 4 | 6, live: LiveEnds): DeadEnds {
  let port = 1
  while (live.ports.has(port)) port++
  const address = parseIp(family === 4 ? '0.0.0.0' : '::')!
  if (live.addresses.has(address.value)) throw new Error('a packet to the unspecified address')
  return { address, port }
}

function compactRules(
  chain: string,
  rules: readonly Rule[],
  live: LiveEnds,
  dead: DeadEnds,
  { family }: Ruleset,
): readonly PathRule[] {
  const textOf = (rule: Rule): string => printRule(chain, rule, family).slice(`-A ${chain} `.length)
  const compact: PathRule[] = []
  let forms = new Map<string, number>()
  const flush = (): void => {
    // Among rules that never match, order has no say: sorted, so that nodes that differ in it alone share them.
    for (const [form, count] of [...forms].sort(([a], [b]) => (a < b ? -1 : 1))) compact.push([count, form])
    forms = new Map()
  }
  for (const rule of rules) {
    const failing = passedOver(rule, live)
    if (failing === undefined) {
      flush()
      compact.push(textOf(rule))
    } else {
      const form = textOf(formOf(rule, failing, dead))
      forms.set(form, (forms.get(form) ?? 0) + 1)
    }
  }
  flush()
  return compact
}

function formOf({ matches }: Rule, failing: Match, dead: DeadEnds): Rule {
  if (failing.kind === 'ports') {
    const before = matches.slice(0, matches.indexOf(failing))
    const destination = { from: dead.port, to: dead.port, negated: false }
    return {
      matches: [
        ...before.map(m => (m.kind === 'comment' ? { ...m, text: 'of another Service' } : m)),
        { kind: 'ports', protocol: failing.protocol, destination },
      ],
    }
  }
  const length = dead.address.family === 4 ? 32 : 128
  return {
    matches: matches
      .filter(m => HEADER.has(m.kind))
      .map(m => (m === failing ? { kind: 'destination', prefix: { ...dead.address, length }, negated: false } : m)),
  }
}

/** Compared in one go before any module runs, whatever order they are written in. */
const HEADER: ReadonlySet<Match['kind']> = new Set(['source', 'destination', 'inInterface', 'outInterface', 'protocol'])
