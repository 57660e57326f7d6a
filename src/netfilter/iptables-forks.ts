/** The places of an iptables ruleset that draw: statistic rules, and runs of them, which take one draw (statistic-run.ts). */
import { formatIp } from '../net/ip.ts'
import type { NatTarget, Rule, Ruleset } from '../ruleset/ruleset.ts'
import { ChainEnds, type RuleEnds } from './chain-ends.ts'
import { runLength } from './segment-chain.ts'
import { isRunRule, ruleProbability, runThresholds } from './statistic-run.ts'
import type { ForkOf } from './steered-draws.ts'

export function iptablesForks({ tables }: Ruleset): ForkOf {
  const ends = new Map(
    tables.map(({ name, chains }) => [name, new ChainEnds(chain => chains.get(chain)?.rules.map(ruleEnds) ?? [])]),
  )
  return ({ table, chain, index }) => {
    const { rules } = tables.find(t => t.name === table)!.chains.get(chain)!
    const own = ends.get(table as Ruleset['tables'][number]['name'])!
    const count = isRunRule(rules[index]) ? runLength(rules, index) : 1
    const run = rules.slice(index, index + count)
    const thresholds = runThresholds(run.map(ruleProbability))
    const taken = run.map(rule => ({ name: verdictName(rule), ends: own.ofRule(ruleEnds(rule)) }))
    const passed = { name: 'none of them', ends: own.ofRules(rules.slice(index + count).map(ruleEnds)) }
    // `! --probability`: the low words are those that do not take the rule.
    const inOrder = isNegated(rules[index]) ? [passed, ...taken] : [...taken, passed]
    return inOrder
      .map((option, i) => {
        const bound = i === 0 ? 0 : thresholds[i - 1]
        return { ...option, bound, chance: ((thresholds[i] ?? WORDS) - bound) / WORDS }
      })
      .filter(option => option.chance > 0)
  }
}

const WORDS = 2 ** 32

function ruleEnds({ verdict }: Rule): RuleEnds {
  switch (verdict?.kind) {
    case 'jump':
    case 'goto':
      return { chains: [verdict.chain], goals: [] }
    case 'dnat':
      return { chains: [], goals: goalsOf(verdict) }
    case 'drop':
    case 'reject':
      return { chains: [], goals: [verdict.kind] }
    default:
      return { chains: [], goals: [] }
  }
}

/** Of a range all that it may end in, unless that is too much to tell apart. */
function goalsOf(target: NatTarget): string[] {
  const { address, lastAddress = address, port = 0, lastPort = port } = target
  const ports = Array.from({ length: lastPort - port + 1 }, (_, i) => port + i)
  if ((lastAddress.value - address.value + 1n) * BigInt(ports.length) > MOST_GOALS) return []
  const goals: string[] = []
  for (let { value } = address; value <= lastAddress.value; value++)
    for (const p of ports) goals.push(`${formatIp({ family: address.family, value })}:${p}`)
  return goals
}

const MOST_GOALS = 4_096n

const isNegated = (rule: Rule): boolean => rule.matches.some(m => m.kind === 'statistic' && m.negated)

const verdictName = ({ verdict }: Rule): string =>
  verdict === undefined ? 'counted' : 'chain' in verdict ? verdict.chain : verdict.kind
