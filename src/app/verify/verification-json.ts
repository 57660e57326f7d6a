/** A verification as JSON, in the words of docs/cli.md. */
import type { Spread } from '../../replay/flows/count-spread.ts'
import type { Counts } from './compare-counts.ts'
import { FALSE_ALARM_RATE } from './judge-choices.ts'
import { differenceCount, type Verification } from './verification.ts'

export const verificationJson = (v: Verification): object => ({
  kernel: v.kernel,
  backend: v.backend,
  packets: v.packetCount,
  differences: differenceCount(v),
  flows: v.flows.map(({ withinChance, ...flow }) => ({ ...flow, within_chance: withinChance })),
  rules: v.rules.map(({ table, chain, index, rule, kernel, svcsim, equal, withinChance, spread }) => ({
    table,
    chain,
    index,
    rule,
    kernel: countsJson(kernel),
    svcsim: countsJson(svcsim),
    equal,
    within_chance: withinChance,
    tolerance: spread === undefined ? null : spreadJson(spread),
  })),
  policies: v.policies.map(({ withinChance, spread, ...policy }) => ({
    ...policy,
    within_chance: withinChance,
    tolerance: spread ?? null,
  })),
  choices: v.choices.map(({ place, options, counts, draws, pValue, likely }) => ({
    place,
    options: options.map(({ name, chance }, i) => ({ name, chance, kernel: counts[i] })),
    draws,
    p: Number.isNaN(pValue) ? null : pValue,
    likely,
  })),
  false_alarm_rate: FALSE_ALARM_RATE,
  untold_choices: v.untoldChoiceCount,
})

const spreadJson = ({ evaluated, matched, bytes }: Spread): object => ({ evaluated, pkts: matched, bytes })

const countsJson = (counts: Counts | null): object | null =>
  counts === null ? null : { evaluated: counts.evaluated, pkts: counts.matched, bytes: counts.bytes }
