/**
 * `svcsim diff`: what a node's kube-proxy has loaded (iptables-save text) against what it would write for these objects. Exit code 1 when
 * they differ.
 */
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { badUsage, type Problem, quoted } from '../problem/problem.ts'
import { diffNode, type NodeDifference } from '../proxier/diff-node.ts'
import { iptablesRuleset } from '../proxier/iptables-proxier.ts'
import { parseIptables } from '../ruleset/parse-iptables.ts'
import type { Ruleset } from '../ruleset/ruleset.ts'
import { type ClusterFlags, clusterInputOf, readCluster } from './cluster-input.ts'
import { readInput } from './files.ts'
import { countKinds, diffJson, printDiff } from './print-diff.ts'
import { type ProxierTarget, proxierTargetOf, type TargetFlags } from './proxier-target.ts'
import { unknownNode } from './unknown-node.ts'

export interface DiffFlags extends Omit<TargetFlags, 'ipFamily'>, ClusterFlags {
  readonly rules?: string
  /** By default the one the rules tell. */
  readonly ipFamily?: string
  readonly format: string
}

export const diffCommand = (flags: DiffFlags): TE.TaskEither<Problem, void> =>
  pipe(
    TE.fromEither(checkFlags(flags)),
    TE.bindTo('rules'),
    TE.bind('cluster', () => TE.fromEither(clusterInputOf(flags))),
    TE.bind('loaded', ({ rules }) => readRules(rules, flags)),
    TE.bind('target', ({ loaded }) => targetOf(flags, loaded)),
    TE.bind('state', ({ cluster }) => readCluster(cluster)),
    TE.chainEitherK(({ loaded, target, state }) =>
      state.nodes.has(target.node)
        ? E.right({
            node: target.node,
            differences: diffNode(loaded, iptablesRuleset(state, target.node, target.config, target.family)),
          })
        : E.left(unknownNode(target.node, [...state.nodes.keys()])),
    ),
    TE.chain(({ node, differences }) => report(node, differences, flags.format)),
  )

/** The file of rules. */
function checkFlags({ rules, format, objects, config, proxyMode }: DiffFlags): E.Either<Problem, string> {
  if (rules === undefined)
    return E.left(badUsage('no rules', 'add --rules FILE, what iptables-save prints on the node'))
  if (format !== 'text' && format !== 'json')
    return E.left(badUsage(`--format ${quoted(format)} is unknown`, 'write text or json'))
  if (proxyMode === 'nftables') return E.left(badUsage('svcsim diff is for iptables mode', 'leave --proxy-mode out'))
  if ([rules, config, ...(objects ?? [])].filter(file => file === '-').length > 1)
    return E.left(badUsage('standard input is named twice', 'give - once'))
  return E.right(rules)
}

const readRules = (file: string, { ipFamily }: DiffFlags): TE.TaskEither<Problem, Ruleset> =>
  pipe(
    readInput(file),
    TE.chainEitherK(({ name, bytes }) =>
      parseIptables(bytes, {
        file: name,
        ...(ipFamily === '4' || ipFamily === '6' ? { family: ipFamily === '4' ? 4 : 6 } : {}),
      }),
    ),
    TE.map(saved => saved.ruleset),
  )

const targetOf = (flags: DiffFlags, loaded: Ruleset): TE.TaskEither<Problem, ProxierTarget> =>
  pipe(
    proxierTargetOf({
      ...flags,
      ipFamily: flags.ipFamily ?? `${loaded.family}`,
      nfacct: flags.nfacct ?? (countsWithNfacct(loaded) ? 'on' : 'off'),
    }),
    TE.chainEitherK(target =>
      target.config.mode === 'iptables'
        ? E.right(target)
        : E.left(badUsage('svcsim diff is for iptables mode, and --config says nftables', 'add --proxy-mode iptables')),
    ),
  )

/** Whether the node's kernel has nfnetlink_acct, as its rules show. */
const countsWithNfacct = ({ tables }: Ruleset): boolean =>
  tables.some(({ chains }) =>
    [...chains.values()].some(({ rules }) => rules.some(r => r.matches.some(m => m.kind === 'nfacct'))),
  )

function report(node: string, differences: readonly NodeDifference[], format: string): TE.TaskEither<Problem, void> {
  process.stdout.write(format === 'json' ? diffJson(node, differences) : printDiff(differences))
  if (differences.length === 0) return TE.right(undefined)
  const { missing, stale, foreign } = countKinds(differences)
  const services = new Set(differences.flatMap(d => (d.label === undefined ? [] : [d.label.service]))).size
  const what = `${node}: ${missing} missing, ${stale} stale, ${foreign} foreign; ${services} Service${services === 1 ? '' : 's'} concerned`
  return TE.left({ _tag: 'Differs', what })
}
