/**
 * A verification as one table for people: what was counted, the kernel's number, the simulator's, the verdict. What is 0 or equal without
 * having matched anything is left out, unless all is asked for.
 */
import { textTable } from '../../cluster/text-table.ts'
import { rulePlace } from '../../netfilter/refusal.ts'
import type { Span } from '../../replay/flows/count-spread.ts'
import type { Counts } from './compare-counts.ts'
import type { ComparedFlow, FlowSummary } from './compare-flows.ts'
import { FALSE_ALARM_RATE, type JudgedChoices } from './judge-choices.ts'
import { differenceCount, type Verification } from './verification.ts'

export function verificationText(verification: Verification, all: boolean): string {
  const { kernel, backend, packetCount, flows, rules, policies, choices, untoldChoiceCount } = verification
  const shownRules = rules.filter(r => all || !r.equal || (r.kernel?.matched ?? 0) > 0)
  const shownPolicies = policies.filter(p => all || !p.equal || p.kernel > 0)
  const rows = [
    ['WHAT', 'KERNEL', 'SVCSIM', 'VERDICT', 'RULE'],
    ...flows.flatMap(flowRows),
    ...shownRules.map(r => [
      rulePlace(r.table, r.chain, r.index),
      countsText(r.kernel),
      countsText(r.svcsim),
      `${verdict(r)}${spanText(r.spread?.matched, r.spread?.evaluated)}`,
      r.rule,
    ]),
    ...shownPolicies.map(p => [
      `${p.table} ${p.chain} policy`,
      `${p.kernel}`,
      `${p.svcsim}`,
      `${verdict(p)}${spanText(p.spread)}`,
      '',
    ]),
    ...choices.map(c => [`${c.place} chose`, c.counts.join(' '), expectedText(c), choiceVerdict(c), '']),
  ]
  const differences = differenceCount(verification)
  const tolerated = [...rules, ...policies].filter(row => row.spread !== undefined).length
  const notes = [
    `${packetCount} packets, ${backend}, Linux ${kernel}. Of a rule: packets that reached it, packets and bytes it matched.`,
    `Rules left out, equal and without a match: ${rules.length - shownRules.length}.`,
    ...(choices.length === 0
      ? []
      : [
          `Random choices: what the kernel chose, and what svcsim expects. All tests together raise a false alarm with a nominal chance of ${FALSE_ALARM_RATE}.`,
        ]),
    ...(untoldChoiceCount === 0
      ? []
      : [
          `Random choices that had to be made up, as packets came to the same end by several ways: ${untoldChoiceCount}.`,
          `Rules and policies that these ways count differently, judged within that tolerance: ${tolerated}. All others must be equal.`,
        ]),
    differences === 0 ? 'No difference.' : `Differences: ${differences}.`,
  ]
  return `${textTable(rows)}${notes.map(note => `${note}\n`).join('')}`
}

/** A row for each thing that was counted on either side. */
function flowRows({ id, kernel, svcsim, withinChance }: ComparedFlow): string[][] {
  const [theirs, own] = [flowCounts(kernel), flowCounts(svcsim)]
  const names = new Set([...theirs.keys(), ...own.keys()])
  const flow = typeof id === 'string' ? id : JSON.stringify(id)
  return [...names].map(name => {
    const [a, b] = [theirs.get(name) ?? 0, own.get(name) ?? 0]
    return [`flow ${flow}: ${name}`, `${a}`, `${b}`, verdict({ equal: a === b, withinChance }), '']
  })
}

const flowCounts = (flow: FlowSummary): Map<string, number> =>
  new Map([
    ...Object.entries(flow.outcome),
    ...Object.entries(flow.backends).map(([backend, n]): [string, number] => [`to ${backend}`, n]),
    ...Object.entries(flow.source).map(([source, n]): [string, number] => [`source ${source}`, n]),
    ...(
      [
        ['packets received', flow.arrivalCount],
        ['answered', flow.answerCount],
        ['answered from elsewhere', flow.strayAnswerCount],
        ['at several backends', flow.splitCount],
      ] as const
    ).filter(([, n]) => n > 0),
  ])

const verdict = ({ equal, withinChance }: { readonly equal: boolean; readonly withinChance: boolean }): string =>
  equal ? 'equal' : withinChance ? 'within chance' : 'DIFFERS'

/** By how many packets the kernel's count may be off: of those matched, or else of those that reached the rule. */
function spanText(...spans: readonly (Span | undefined)[]): string {
  const span = spans.find(s => s !== undefined && s.less + s.more > 0)
  return span === undefined ? '' : `, may be -${span.less} +${span.more}`
}

const countsText = (counts: Counts | null): string =>
  counts === null ? 'no such rule' : `${counts.evaluated} ${counts.matched} ${counts.bytes}`

const expectedText = ({ options, draws }: JudgedChoices): string =>
  options.map(({ chance }) => (chance * draws).toFixed(1)).join(' ')

const choiceVerdict = ({ pValue, likely }: JudgedChoices): string =>
  Number.isNaN(pValue) ? 'too few to tell' : `${likely ? 'likely' : 'UNLIKELY'}, p ${pValue.toPrecision(2)}`
