/**
 * Puts the rules of all Service ports, and the fixed chains, together to a node's ruleset. The first ruleset is made whole; each
 * later one lies over it and holds only what differs, with equal chains the same object wherever they occur.
 */
import type { IpFamily } from '../net/ip.ts'
import { ChainOverlay } from '../ruleset/chain-overlay.ts'
import { printRules } from '../ruleset/print-iptables.ts'
import type { Chain, Rule, Ruleset, Table, TableName } from '../ruleset/ruleset.ts'
import type { DispatchChain } from './base-chains.ts'
import { baseChains, DISPATCH_CHAINS, DISPATCH_NAMES } from './base-chains.ts'
import type { IptablesSetting } from './iptables-setting.ts'
import type { IptablesVariant } from './iptables-variants.ts'
import type { Assemble, DependentVariants } from './node-views.ts'
import { numbering } from './numbering.ts'

/** `first`: the variants of all Service ports on some node; that node's ruleset is the one the others lie over. */
export function rulesetAssembler(
  firstSetting: IptablesSetting,
  first: readonly IptablesVariant[],
  family: IpFamily,
): Assemble<IptablesSetting, IptablesVariant, Ruleset> {
  const made = new Map<string, Chain>()
  const once = (key: string, make: () => Chain): Chain => {
    let chain = made.get(key)
    if (chain === undefined) {
      chain = make()
      made.set(key, chain)
    }
    return chain
  }
  const numberOf = numbering<readonly Rule[]>()

  const fixed = (table: TableName, { config, localhostNodePorts }: IptablesSetting): Chain[] =>
    baseChains(table, family, config, localhostNodePorts).map(chain =>
      once(`${table} ${printRules(chain.name, chain.rules, family)} ${chain.name}`, () => chain),
    )

  const dispatch = (name: DispatchChain, setting: IptablesSetting, differing: Dependent): Chain => {
    const last = name === 'services' ? setting.nodePortJumps : []
    const others = new Map<number, readonly Rule[]>()
    let key = `${name} ${last.length > 0 ? setting.fixedKey : ''}`
    for (const [i, variant] of differing) {
      const rules = variant.dispatch[name]
      if (rules === first[i].dispatch[name]) continue
      others.set(i, rules)
      key += ` ${i}:${numberOf(rules)}`
    }
    return once(key, () => ({
      name: DISPATCH_CHAINS[name].name,
      rules: [...first.flatMap((variant, i) => others.get(i) ?? variant.dispatch[name]), ...last],
    }))
  }

  /** Chains that may differ from node to node, but for those of the Service ports. */
  const common = (table: TableName, setting: IptablesSetting, differing: Dependent): Chain[] => [
    ...fixed(table, setting),
    ...DISPATCH_NAMES.filter(name => DISPATCH_CHAINS[name].table === table).map(name =>
      dispatch(name, setting, differing),
    ),
  ]

  const whole = (table: TableName): Table => {
    const chains = common(table, firstSetting, [])
    if (table === 'nat') for (const variant of first) chains.push(...variant.chains, ...variant.endpointChains)
    return { name: table, chains: builtinThenByName(chains) }
  }
  const base: Ruleset = { family, tables: TABLES.map(whole) }

  return (setting, dependent) => {
    const differing = dependent.filter(([i, variant]) => variant !== first[i])
    if (differing.length === 0 && setting.fixedKey === firstSetting.fixedKey) return base
    const tables = base.tables.map(table => {
      const changed = new Map<string, Chain | undefined>()
      if (table.name === 'nat') {
        for (const [i, variant] of differing)
          for (const part of OWN_CHAINS)
            if (variant[part] !== first[i][part]) replaceChains(changed, first[i][part], variant[part])
      }
      for (const chain of common(table.name, setting, differing)) changed.set(chain.name, chain)
      for (const [name, chain] of changed) if (chain === table.chains.get(name)) changed.delete(name)
      return changed.size === 0 ? table : { name: table.name, chains: new ChainOverlay(table.chains, changed) }
    })
    return { family, tables }
  }
}

type Dependent = DependentVariants<IptablesVariant>

/** In the order iptables-save prints them on a machine where kube-proxy came first. */
const TABLES: readonly TableName[] = ['mangle', 'filter', 'nat']

/** Built-in chains stay in hook order. */
function builtinThenByName(chains: readonly Chain[]): ReadonlyMap<string, Chain> {
  const sorted = new Map<string, Chain>()
  for (const chain of chains) if (chain.policy !== undefined) sorted.set(chain.name, chain)
  for (const chain of byName(chains.filter(c => c.policy === undefined))) sorted.set(chain.name, chain)
  return sorted
}

/**
 * Names that begin alike (`KUBE-SEP-`) go by the three characters that follow, as one number that also says whose it is, which sorts
 * without a call a comparison; what is left to compare whole are a few neighbours.
 */
function byName(chains: readonly Chain[]): readonly Chain[] {
  const alike = Map.groupBy(chains, c => c.name.slice(0, BEGINNING))
  return [...alike.keys()].sort().flatMap(beginning => {
    const own = alike.get(beginning)!
    const { length } = own
    const order = Float64Array.from(own, ({ name }, i) => numberOf(name) * length + i).sort()
    const sorted = Array.from(order, number => own[number % length])
    for (let i = 1; i < length; i++) {
      const chain = sorted[i]
      let to = i
      for (; to > 0 && sorted[to - 1].name > chain.name; to--) sorted[to] = sorted[to - 1]
      sorted[to] = chain
    }
    return sorted
  })
}

const BEGINNING = 9

function numberOf(name: string): number {
  let number = 0
  // A character that is not there counts 0; those beyond a byte are one.
  for (let i = BEGINNING; i < BEGINNING + 3; i++) number = number * 256 + Math.min(255, name.charCodeAt(i) || 0)
  return number
}

const OWN_CHAINS = ['chains', 'endpointChains'] as const

/** A Service port's chains are no other's. */
function replaceChains(
  changed: Map<string, Chain | undefined>,
  before: readonly Chain[],
  after: readonly Chain[],
): void {
  for (const { name } of before) changed.set(name, undefined)
  for (const chain of after) changed.set(chain.name, chain)
}
