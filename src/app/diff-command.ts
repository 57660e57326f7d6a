/**
 * `svcsim diff`: what a node's kube-proxy has loaded (text of iptables-save, or of nft list) against what it would write for these objects. Exit code 1 when
 * they differ.
 */
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ClusterState } from '../cluster/cluster-state.ts'
import type { IpFamily } from '../net/ip.ts'
import { badUsage, type Problem } from '../problem/problem.ts'
import { diffNftNode } from '../proxier/diff-nft-node.ts'
import { diffNode } from '../proxier/diff-node.ts'
import { iptablesRuleset } from '../proxier/iptables-proxier.ts'
import { nftablesRuleset } from '../proxier/nftables-proxier.ts'
import type { NodeDifference } from '../proxier/node-difference.ts'
import type { ProxierConfig, ProxyMode } from '../proxier/proxier-config.ts'
import { parseIptables } from '../ruleset/parse-iptables.ts'
import { parseNftables } from '../ruleset/parse-nftables.ts'
import type { Ruleset } from '../ruleset/ruleset.ts'
import { type ClusterFlags, clusterInputOf, readCluster } from './cluster-input.ts'
import type { InputFile } from './files.ts'
import { oneOf, TEXT_OR_JSON } from './one-of.ts'
import { countKinds, diffJson, printDiff } from './print-diff.ts'
import { proxierTargetOf, type TargetFlags } from './proxier-target.ts'
import { readRulesText } from './read-rules-text.ts'
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
    TE.bind('target', () => proxierTargetOf({ ...flags, ipFamily: flags.ipFamily ?? '4' })),
    TE.bind('file', ({ rules }) => readRulesText(rules)),
    TE.bind('loaded', ({ file, target }) => TE.fromEither(READERS[target.config.mode](file, flags))),
    TE.bind('state', ({ cluster }) => readCluster(cluster)),
    TE.chain(({ target: { node, config }, loaded, state }) =>
      state.nodes.has(node)
        ? report(node, loaded.differences(state, node, config), flags.format)
        : TE.left(unknownNode(node, [...state.nodes.keys()])),
    ),
  )

/** The file of rules. */
function checkFlags({ rules, format, objects, config }: DiffFlags): E.Either<Problem, string> {
  if (rules === undefined)
    return E.left(badUsage('no rules', 'add --rules FILE, what iptables-save (or nft list) prints on the node'))
  const known = oneOf('--format', format, TEXT_OR_JSON)
  if (E.isLeft(known)) return known
  if ([rules, config, ...(objects ?? [])].filter(file => file === '-').length > 1)
    return E.left(badUsage('standard input is named twice', 'give - once'))
  return E.right(rules)
}

interface LoadedRules {
  differences(state: ClusterState, node: string, config: ProxierConfig): NodeDifference[]
}

type ReadRules = (file: InputFile, flags: DiffFlags) => E.Either<Problem, LoadedRules>

/** By --ip-family; undefined: the text tells. */
const familyOf = ({ ipFamily }: DiffFlags): IpFamily | undefined =>
  ipFamily === undefined ? undefined : ipFamily === '6' ? 6 : 4

const readIptables: ReadRules = ({ name, bytes }, flags) =>
  pipe(
    parseIptables(bytes, { file: name, family: familyOf(flags) }),
    E.map(({ ruleset }) => ({
      differences: (state, node, config) => {
        const nfacct = flags.nfacct === undefined ? countsWithNfacct(ruleset) : config.nfacct
        return diffNode(ruleset, iptablesRuleset(state, node, { ...config, nfacct }, ruleset.family))
      },
    })),
  )

/** Whether the node's kernel has nfnetlink_acct, as its rules show. */
const countsWithNfacct = ({ tables }: Ruleset): boolean =>
  tables.some(({ chains }) =>
    [...chains.values()].some(({ rules }) => rules.some(r => r.matches.some(m => m.kind === 'nfacct'))),
  )

/** A dump may hold the tables of both families: the one asked for is compared, or the first. */
const readNftables: ReadRules = ({ name, bytes }, flags) =>
  pipe(
    parseNftables(new TextDecoder().decode(bytes), name),
    E.map(rulesets => {
      const family = familyOf(flags) ?? rulesets[0]?.family ?? 4
      const loaded = rulesets.find(r => r.family === family) ?? { family, tables: [] }
      return {
        differences: (state, node, config) => diffNftNode(loaded, nftablesRuleset(state, node, config, family)),
      }
    }),
  )

const READERS: Readonly<Record<ProxyMode, ReadRules>> = { iptables: readIptables, nftables: readNftables }

function report(node: string, differences: readonly NodeDifference[], format: string): TE.TaskEither<Problem, void> {
  process.stdout.write(format === 'json' ? diffJson(node, differences) : printDiff(differences))
  if (differences.length === 0) return TE.right(undefined)
  const { missing, stale, foreign } = countKinds(differences)
  const services = new Set(differences.flatMap(d => (d.label === undefined ? [] : [d.label.service]))).size
  const what = `${node}: ${missing} missing, ${stale} stale, ${foreign} foreign; ${services} Service${services === 1 ? '' : 's'} concerned`
  return TE.left({ _tag: 'Differs', what })
}
