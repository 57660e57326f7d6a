/** A ruleset of PacketPaths, read from its texts: rules that stand for many are one object in many places. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { PacketPaths, PathChain, PathRule } from '../output/paths/packet-paths.ts'
import type { Problem } from '../problem/problem.ts'
import { parseIptables } from '../ruleset/parse-iptables.ts'
import type { Chain, Rule, Ruleset } from '../ruleset/ruleset.ts'

export function pathRuleset({ rulesets, chains }: PacketPaths, place: number): E.Either<Problem, Ruleset> {
  const { family, tables } = rulesets[place]
  const chainsOf = tables.map(t => t.chains.map(c => chains[c]))
  const text = tables.map((t, i) => tableText(t.name, chainsOf[i])).join('')
  return pipe(
    parseIptables(text, { family }),
    E.map(({ ruleset }) => ({
      ...ruleset,
      tables: ruleset.tables.map((table, t) => {
        const written = new Map(chainsOf[t].map(c => [c.name, c.rules]))
        const expand = (chain: Chain): Chain => ({ ...chain, rules: expanded(chain.rules, written.get(chain.name)!) })
        return { ...table, chains: new Map([...table.chains].map(([name, chain]) => [name, expand(chain)])) }
      }),
    })),
  )
}

/** As iptables-save has it. */
function tableText(name: string, chains: readonly PathChain[]): string {
  const heads = chains.map(c => `:${c.name} ${c.policy === '' ? '-' : c.policy} [0:0]\n`)
  const rules = chains.flatMap(c => c.rules.map(rule => `-A ${c.name} ${textOf(rule)}\n`))
  return `*${name}\n${heads.join('')}${rules.join('')}COMMIT\n`
}

const textOf = (rule: PathRule): string => (typeof rule === 'string' ? rule : rule[1])

const expanded = (rules: readonly Rule[], written: readonly PathRule[]): readonly Rule[] =>
  written.flatMap((rule, i) => (typeof rule === 'string' ? [rules[i]] : Array<Rule>(rule[0]).fill(rules[i])))
