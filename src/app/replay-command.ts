/** `svcsim replay`: rules and flows in; outcome, backend, source and every rule's counters out. */
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { FlowFile } from '../net/flow.ts'
import type { CostProfile } from '../netfilter/cost/cost-profile.ts'
import { badUsage, type Problem, quoted } from '../problem/problem.ts'
import type { FlowReplay } from '../replay/flows/flow-result.ts'
import type { NodeRules } from '../replay/flows/node-rules.ts'
import { replayRuleset } from '../replay/flows/replay-ruleset.ts'
import { printRuleset } from '../ruleset/print-iptables.ts'
import { printNftRuleset } from '../ruleset/print-nftables.ts'
import { streamSeed } from '../sim/random.ts'
import { decodeFlowFile } from '../workload/decode-flow-file.ts'
import { readInput } from './files.ts'
import { withCounters } from './nft-counters.ts'
import { oneOf } from './one-of.ts'
import { readModeProfile } from './read-cost-profiles.ts'
import { replayJson } from './replay-json.ts'
import { type LoadedRules, type RulesInput, type RulesInputFlags, readRules, rulesInputOf } from './rules-input.ts'
import { refuseStdinTwice } from './stdin-once.ts'

export interface ReplayFlags extends RulesInputFlags {
  readonly flows?: string
  readonly seed: string
  /** One node keeps one connection table: packets go one after the other, however many workers there are. */
  readonly workers?: string
  readonly costProfile?: string
  readonly format: string
}

export const replayCommand = (flags: ReplayFlags): TE.TaskEither<Problem, void> =>
  pipe(
    requestOf(flags),
    TE.chain(request =>
      pipe(
        readRules(request.rules),
        TE.bindTo('rules'),
        TE.bind('flowFile', () => pipe(readInput(request.flows), TE.chainEitherK(decodeFlowFile))),
        TE.bind('profile', ({ rules }) => readModeProfile(request.costProfile, rules.evaluated.mode)),
        TE.chainEitherK(({ rules, flowFile, profile }) => replayText(rules, flowFile, profile, request)),
      ),
    ),
    TE.chainIOK(text => () => {
      process.stdout.write(text)
    }),
  )

export interface ReplayRequest {
  readonly rules: RulesInput
  readonly flows: string
  readonly seed: string
  readonly costProfile: string | undefined
  readonly format: (typeof FORMATS)[number]
}

const FORMATS = ['json', 'counters'] as const

function requestOf(flags: ReplayFlags): TE.TaskEither<Problem, ReplayRequest> {
  const { flows, seed, workers, costProfile } = flags
  if (flows === undefined) return TE.left(badUsage('no flows', 'add --flows FLOWS.json'))
  if (workers !== undefined && !/^\d{1,4}$/.test(workers))
    return TE.left(badUsage(`--workers ${quoted(workers)} is no number`, 'write a whole number'))
  const twice = refuseStdinTwice(flows, flags.rules, flags.sets, ...(flags.objects ?? []))
  if (twice !== undefined) return TE.left(twice)
  return pipe(
    TE.fromEither(oneOf('--format', flags.format, FORMATS)),
    TE.bindTo('format'),
    TE.bind('rules', () => rulesInputOf(flags)),
    TE.map(asked => ({ ...asked, flows, seed, costProfile })),
  )
}

/** The text for stdout. */
function replayText(
  { shown, evaluated }: LoadedRules,
  flowFile: FlowFile,
  profile: CostProfile,
  { seed, format }: ReplayRequest,
): E.Either<Problem, string> {
  const startNs = process.hrtime.bigint()
  return pipe(
    replayRuleset(evaluated, flowFile, { seed: streamSeed(seed, 'flows'), profile }),
    E.map(replay =>
      format === 'counters'
        ? countersText(shown, replay)
        : `${JSON.stringify(replayJson(shown, replay, Number(process.hrtime.bigint() - startNs)), null, 1)}\n`,
    ),
  )
}

/** As `iptables-save -c` would print the rules after these flows; of nftables as `nft list ruleset`, each rule with a counter before its last part. */
function countersText({ mode, ruleset }: NodeRules, { chains }: FlowReplay): string {
  if (mode === 'nftables') return printNftRuleset(withCounters(ruleset, chains))
  const byPlace = new Map(chains.map(chain => [`${chain.table} ${chain.chain}`, chain]))
  return printRuleset(ruleset, (table, chain, index) => {
    const counted = byPlace.get(`${table} ${chain}`)!
    return index < 0 ? counted.policy! : counted.rules[index]
  })
}
