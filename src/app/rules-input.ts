/**
 * Rules on the command line: a file of iptables-save or nft text, or objects and a node, whose kube-proxy writes them. What `replay`, `trace` and
 * `verify` start from.
 */
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ClusterState } from '../cluster/cluster-state.ts'
import type { IpFamily } from '../net/ip.ts'
import { giveIpSets } from '../netfilter/ipset/give-ip-sets.ts'
import { settleUnknown } from '../netfilter/settle-unknown.ts'
import { badInput, badUsage, type Problem, quoted } from '../problem/problem.ts'
import { iptablesRuleset } from '../proxier/iptables-proxier.ts'
import { nftablesRuleset } from '../proxier/nftables-proxier.ts'
import type { ProxierConfig, ProxyMode } from '../proxier/proxier-config.ts'
import type { NodeRules } from '../replay/flows/node-rules.ts'
import { completeTables } from '../ruleset/complete-tables.ts'
import { countUnknown, type UnknownPart } from '../ruleset/count-unknown.ts'
import { type IpSets, parseIpSets } from '../ruleset/parse-ip-sets.ts'
import { parseIptables } from '../ruleset/parse-iptables.ts'
import { parseNftables } from '../ruleset/parse-nftables.ts'
import type { Ruleset } from '../ruleset/ruleset.ts'
import { type ClusterFlags, type ClusterInput, clusterInputOf, readCluster } from './cluster-input.ts'
import { type InputFile, readInput } from './files.ts'
import { type ProxierTarget, proxierTargetOf, type TargetFlags } from './proxier-target.ts'
import { readRulesText } from './read-rules-text.ts'
import { refuseStdinTwice } from './stdin-once.ts'
import { unknownNode } from './unknown-node.ts'

export interface RulesInputFlags extends TargetFlags, ClusterFlags {
  readonly rules?: string
  readonly sets?: string
  readonly unknownMatches: string
}

export type RulesInput =
  | {
      readonly kind: 'file'
      readonly file: string
      /** A text of ipset. */
      readonly sets: string | undefined
      readonly unknown: UnknownMatches
      readonly family: IpFamily
    }
  | { readonly kind: 'cluster'; readonly cluster: ClusterInput; readonly target: ProxierTarget }

const UNKNOWN_MATCHES = ['refuse', 'never', 'always'] as const
export type UnknownMatches = (typeof UNKNOWN_MATCHES)[number]

/** Rules as they were handed in, for printing, and as they are evaluated: chain by chain and rule by rule the same places. */
export interface LoadedRules {
  readonly shown: NodeRules
  readonly evaluated: NodeRules
  /** What was given as sets. */
  readonly sets?: IpSets
  /** The objects the rules were made from. */
  readonly state?: ClusterState
}

export function rulesInputOf(flags: RulesInputFlags): TE.TaskEither<Problem, RulesInput> {
  const unknown = UNKNOWN_MATCHES.find(u => u === flags.unknownMatches)
  if (unknown === undefined)
    return TE.left(
      badUsage(`--unknown-matches ${quoted(flags.unknownMatches)} is unknown`, `write ${UNKNOWN_MATCHES.join(', ')}`),
    )
  if (flags.sets !== undefined && flags.rules === undefined)
    return TE.left(badUsage('--sets without --rules', 'rules made from objects match no sets: leave it out'))
  const twice = refuseStdinTwice(flags.rules, flags.sets)
  if (twice !== undefined) return TE.left(twice)
  if (flags.rules === undefined)
    return flags.objects === undefined && flags.log === undefined
      ? TE.left(badUsage('no rules', 'add --rules FILE, or --objects FILE… --node NAME'))
      : pipe(
          TE.fromEither(clusterInputOf(flags)),
          TE.bindTo('cluster'),
          TE.bind('target', () => proxierTargetOf(flags)),
          TE.map(({ cluster, target }) => ({ kind: 'cluster', cluster, target })),
        )
  const also = (['objects', 'log', 'node'] as const).find(name => flags[name] !== undefined)
  return also === undefined
    ? TE.right({ kind: 'file', file: flags.rules, sets: flags.sets, unknown, family: flags.ipFamily === '6' ? 6 : 4 })
    : TE.left(badUsage(`--rules and --${also} at once`, 'give one of them'))
}

export const readRules = (input: RulesInput): TE.TaskEither<Problem, LoadedRules> =>
  input.kind === 'file'
    ? pipe(
        readRulesText(input.file),
        TE.bindTo('file'),
        TE.bind('sets', () => readSets(input.sets)),
        TE.chainEitherK(({ file, sets }) => rulesOfText(file, { ...input, sets })),
        TE.chainFirstIOK(({ shown }) => () => {
          if (shown.mode === 'nftables') return
          for (const part of countUnknown(shown.ruleset))
            process.stderr.write(`svcsim: ${input.file}: ${verbatim(part)}\n`)
        }),
      )
    : pipe(
        readCluster(input.cluster, input.target),
        TE.chainEitherK(state => rulesOf(state, input.target)),
      )

const readSets = (file: string | undefined): TE.TaskEither<Problem, IpSets | undefined> =>
  file === undefined
    ? TE.right(undefined)
    : pipe(
        readInput(file),
        TE.chainEitherK(({ name, bytes }) => parseIpSets(bytes, name)),
      )

const verbatim = ({ kind, name, ruleCount, first }: UnknownPart): string =>
  `${kind} ${name} is not modelled and held as it is written, in ${ruleCount} rule${ruleCount === 1 ? '' : 's'} (the first: rule ${first.index + 1} of ${first.table} ${first.chain})`

/** nft's text begins with a table's block or a command; all else is taken for iptables-save. */
const NFT_TEXT = /^(?:\s|#[^\n]*\n)*(?:table|add|create|delete|destroy|flush|define|include)\s/

/** Rules from the text of iptables-save or nft. */
export function rulesOfText(
  { name, bytes }: InputFile,
  { unknown, family, sets }: { readonly unknown: UnknownMatches; readonly family: IpFamily; readonly sets?: IpSets },
): E.Either<Problem, LoadedRules> {
  const text = new TextDecoder().decode(bytes.subarray(0, 65_536))
  if (NFT_TEXT.test(text))
    return pipe(
      parseNftables(new TextDecoder().decode(bytes), name),
      E.chain(rulesets => {
        const ruleset = rulesets.length === 1 ? rulesets[0] : rulesets.find(r => r.family === family)
        const rules: NodeRules | undefined = ruleset && { mode: 'nftables', ruleset }
        if (sets !== undefined)
          return E.left(badUsage('--sets with rules of nftables', 'they hold their sets themselves: leave it out'))
        return rules === undefined
          ? E.left(badInput({ file: name }, `it has no rules of IPv${family}`, 'choose the family with --ip-family'))
          : E.right({ shown: rules, evaluated: rules })
      }),
    )
  return pipe(
    parseIptables(bytes, { file: name }),
    E.map(saved => completeTables(saved.ruleset)),
    E.map(ruleset => {
      const given = sets === undefined ? ruleset : giveIpSets(ruleset, sets)
      const evaluated = unknown === 'refuse' ? given : settleUnknown(given, unknown)
      return { shown: iptables(ruleset), evaluated: iptables(evaluated), ...(sets === undefined ? {} : { sets }) }
    }),
  )
}

function rulesOf(state: ClusterState, { node, config, family }: ProxierTarget): E.Either<Problem, LoadedRules> {
  if (!state.nodes.has(node)) return E.left(unknownNode(node, [...state.nodes.keys()]))
  const rules = RULES_OF[config.mode](state, node, config, family)
  return E.right({ shown: rules, evaluated: rules, state })
}

const iptables = (ruleset: Ruleset): NodeRules => ({ mode: 'iptables', ruleset })

const RULES_OF: Readonly<
  Record<ProxyMode, (state: ClusterState, node: string, config: ProxierConfig, family: IpFamily) => NodeRules>
> = {
  iptables: (state, node, config, family) => iptables(completeTables(iptablesRuleset(state, node, config, family))),
  nftables: (state, node, config, family) => ({
    mode: 'nftables',
    ruleset: nftablesRuleset(state, node, config, family),
  }),
}
