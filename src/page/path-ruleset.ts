/** A ruleset of PacketPaths, read from its texts: rules that stand for many are one object in many places. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { PacketPaths, PathChain, PathRule } from '../output/paths/packet-paths.ts'
import type { Problem } from '../problem/problem.ts'
import { parseIptables } from '../ruleset/parse-iptables.ts'
import type { Chain, Rule, Ruleset } from '../ruleset/ruleset.ts'

export interface PathRules {
  readonly ruleset: Ruleset
  /** Rules that stand for others, which no packet of these matches. */
  readonly standIns: ReadonlySet<Rule>
}

export function pathRuleset({ rulesets, chains }: PacketPaths, place: number): E.Either<Problem, PathRules> {
  const standIns = new Set<Rule>()
  const { family, tables } = rulesets[place]
  const chainsOf = tables.map(t => t.chains.map(c => chains[c]))
  const text = tables.map((t, i) => tableText(t.name, chainsOf[i])).join('')
  return pipe(
    parseIptables(text, { family }),
    E.map(({ ruleset }) => {
      const expanded = (rules: readonly Rule[], written: readonly PathRule[]): readonly Rule[] =>
        written.flatMap((rule, i) => {
          if (typeof rule === 'string') return [rules[i]]
          // An object of its own: the parser may have met the same text before.
          const standIn = { ...rules[i] }
          standIns.add(standIn)
          return Array<Rule>(rule[0]).fill(standIn)
        })
      const tables = ruleset.tables.map((table, t) => {
        const written = new Map(chainsOf[t].map(c => [c.name, c.rules]))
        const expand = (chain: Chain): Chain => ({ ...chain, rules: expanded(chain.rules, written.get(chain.name)!) })
        return { ...table, chains: new Map([...table.chains].map(([name, chain]) => [name, expand(chain)])) }
      })
      return { ruleset: { ...ruleset, tables }, standIns }
    }),
  )
}

/** As iptables-save has it. */
function tableText(name: string, chains: readonly PathChain[]): string {
  const heads = chains.map(c => `:${c.name} ${c.policy === '' ? '-' : c.policy} [0:0]\n`)
  const rules = chains.flatMap(c => c.rules.map(rule => `-A ${c.name} ${textOf(rule)}\n`))
  return `*${name}\n${heads.join('')}${rules.join('')}COMMIT\n`
}

const textOf = (rule: PathRule): string => (typeof rule === 'string' ? rule : rule[1])
