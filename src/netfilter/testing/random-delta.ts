/** Random changes of random rulesets: chains written anew, emptied, removed, and chains that take the place of another, as a loop needs. */
import fc from 'fast-check'
import type { IpFamily } from '../../net/ip.ts'
import type { Chain, Ruleset, Table } from '../../ruleset/ruleset.ts'
import type { ChainDelta } from '../live/chain-delta.ts'
import { randomViews } from './random-ruleset.ts'

/** `rulesets` are of the same small world, whose chains go by the same names everywhere. */
export const randomDelta = (family: IpFamily): fc.Arbitrary<ChainDelta> =>
  fc
    .tuple(
      randomViews(family).filter(([{ tables }]) => tables.length > 0),
      fc.nat(),
      fc.array(fc.tuple(fc.nat(), fc.constantFrom(...FORMS)), { maxLength: 4 }),
      fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 2, arbitrary: fc.subarray([0, 1, 2]) }),
    )
    .map(([[ruleset], table, choices, views]) => ({
      ...changeOf(tableOf(ruleset, table), choices),
      ...(views === undefined ? {} : { views }),
    }))

const FORMS = ['written', 'written', 'written', 'emptied', 'removed', 'renamed'] as const

/** Mostly nat, where kube-proxy's chains are. */
const tableOf = ({ tables }: Ruleset, choice: number): Table =>
  (choice % 2 === 0 ? tables.find(t => t.name === 'nat') : undefined) ?? tables[choice % tables.length]

function changeOf(
  { name, chains }: Table,
  choices: readonly (readonly [number, (typeof FORMS)[number]])[],
): ChainDelta {
  const all = [...chains.values()]
  const written = new Map<string, Chain>()
  const removed: string[] = []
  for (const [choice, form] of choices) {
    const chain = all[choice % all.length]
    if (form === 'removed') removed.push(chain.name)
    else if (form === 'emptied') written.set(chain.name, { ...chain, rules: [] })
    else {
      const { policy, name: as } = form === 'written' ? chain : all[(choice + 1) % all.length]
      // Rules of its own, so that counters by rule tell chains apart.
      const rules = chain.rules.map(rule => ({ ...rule }))
      written.set(as, policy === undefined ? { name: as, rules } : { name: as, policy, rules })
    }
  }
  return { table: name, chains: [...written.values()], removed }
}
