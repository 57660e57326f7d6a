/**
 * `svcsim rules`: a cluster in, one node's ruleset out.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ClusterState } from '../cluster/cluster-state.ts'
import { badUsage, type Problem, quoted } from '../problem/problem.ts'
import { iptablesRuleset } from '../proxier/iptables-proxier.ts'
import { nftablesRuleset } from '../proxier/nftables-proxier.ts'
import type { ProxyMode } from '../proxier/proxier-config.ts'
import { listTable } from '../ruleset/list-iptables.ts'
import { printRuleset } from '../ruleset/print-iptables.ts'
import { printNftRuleset } from '../ruleset/print-nftables.ts'
import type { Ruleset } from '../ruleset/ruleset.ts'
import { nftRulesetJson, rulesetJson } from '../ruleset/ruleset-json.ts'
import { type ClusterFlags, type ClusterInput, clusterInputOf, readCluster } from './cluster-input.ts'
import { oneOf } from './one-of.ts'
import { printOut } from './print-out.ts'
import { type ProxierTarget, proxierTargetOf, type TargetFlags } from './proxier-target.ts'
import { syncCommand } from './sync-command.ts'
import { unknownNode } from './unknown-node.ts'

export interface RulesFlags extends TargetFlags, ClusterFlags {
  readonly format: string
  readonly table?: string
  readonly sync?: readonly string[]
  readonly all?: true
}

export const rulesCommand = (flags: RulesFlags): TE.TaskEither<Problem, void> =>
  flags.sync === undefined ? printRules(flags) : syncCommand(flags.sync, flags)

const printRules = (flags: RulesFlags): TE.TaskEither<Problem, void> =>
  pipe(
    requestOf(flags),
    TE.chain(request =>
      pipe(
        readCluster(request.cluster, request),
        TE.chainEitherK(state => rulesText(state, request)),
      ),
    ),
    TE.chainTaskK(text => () => printOut(text)),
  )

/** What was asked for, checked. */
export interface RulesRequest extends ProxierTarget {
  readonly cluster: ClusterInput
  readonly format: (typeof FORMATS)[number]
  /** Absent: all tables, or nat alone for `list`. */
  readonly table?: string
}

/** The text for stdout. */
export function rulesText(state: ClusterState, request: RulesRequest): E.Either<Problem, string> {
  if (!state.nodes.has(request.node)) return E.left(unknownNode(request.node, [...state.nodes.keys()]))
  return E.right(PRINT[request.config.mode](state, request))
}

const PRINT: Readonly<Record<ProxyMode, (state: ClusterState, request: RulesRequest) => string>> = {
  iptables: (state, request) => {
    const { node, config, family, format, table } = request
    const ruleset = iptablesRuleset(state, node, config, family)
    if (format === 'list') return listRuleset(ruleset, table ?? 'nat')
    const asked = { ...ruleset, tables: ruleset.tables.filter(t => table === undefined || t.name === table) }
    return format === 'json' ? jsonText(request, rulesetJson(asked)) : printRuleset(asked)
  },
  nftables: (state, request) => {
    const ruleset = nftablesRuleset(state, request.node, request.config, request.family)
    return request.format === 'json' ? jsonText(request, nftRulesetJson(ruleset)) : printNftRuleset(ruleset)
  },
}

const jsonText = ({ node, family, config }: RulesRequest, tables: readonly object[]): string =>
  `${JSON.stringify({ node, proxyMode: config.mode, ipFamily: family, tables }, null, 1)}\n`

const TABLES = ['mangle', 'filter', 'nat']
const FORMATS = ['save', 'list', 'json'] as const

function requestOf(flags: RulesFlags): TE.TaskEither<Problem, RulesRequest> {
  const refuse = (what: string, mend: string): TE.TaskEither<Problem, never> => TE.left(badUsage(what, mend))
  if (flags.all !== undefined) return refuse('--all is about syncs', 'add --sync STATE0 STATE1…')
  if (flags.table !== undefined && !TABLES.includes(flags.table))
    return refuse(`kube-proxy has no rules in table ${quoted(flags.table)}`, `write ${TABLES.join(', ')}`)
  const { table } = flags
  return pipe(
    proxierTargetOf(flags),
    TE.bindTo('target'),
    TE.bind('format', () => TE.fromEither(oneOf('--format', flags.format, FORMATS))),
    TE.bind('cluster', () => TE.fromEither(clusterInputOf(flags))),
    TE.chain(({ target, cluster, format }) =>
      target.config.mode === 'nftables' && (format === 'list' || table !== undefined)
        ? refuse(`--${table === undefined ? 'format list' : 'table'} is for iptables mode`, 'leave it out')
        : TE.right({ ...target, cluster, format, table }),
    ),
  )
}

const listRuleset = (ruleset: Ruleset, name: string): string =>
  listTable(ruleset.tables.find(t => t.name === name)!, ruleset.family)
