/**
 * `svcsim rules --sync STATE0 STATE1 …`: what a node's kube-proxy writes when the cluster goes from state to state. The first state
 * is there when kube-proxy starts; each later one changes it (cluster/read-delta.ts) and makes one sync, one second after the last.
 */
import process from 'node:process'
import * as A from 'fp-ts/lib/Array.js'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { applyEvent, type ClusterState, emptyState } from '../cluster/cluster-state.ts'
import { type Delta, deltaEvents, readDelta } from '../cluster/read-delta.ts'
import { badUsage, type Problem } from '../problem/problem.ts'
import { IptablesSyncWriter } from '../proxier/iptables-sync-writer.ts'
import { NftablesSyncWriter } from '../proxier/nftables-sync-writer.ts'
import { NodeProxier } from '../proxier/node-proxier.ts'
import { ServiceCatalog } from '../proxier/service-catalog.ts'
import { SECOND_US } from '../sim/time.ts'
import type { ClusterFlags } from './cluster-input.ts'
import { readInput } from './files.ts'
import { leftAside } from './left-aside.ts'
import { printJson } from './print-json.ts'
import { printOut } from './print-out.ts'
import { type ProxierTarget, proxierTargetOf, type TargetFlags } from './proxier-target.ts'
import { unknownNode } from './unknown-node.ts'

export interface SyncFlags extends TargetFlags, ClusterFlags {
  readonly format: string
  readonly table?: string
  readonly all?: true
}

export interface SyncRequest extends ProxierTarget {
  /** Every sync, each below a line `##### n`; otherwise the last state's. */
  readonly all: boolean
  readonly format: 'save' | 'json'
}

/** `states`: files, in order. */
export const syncCommand = (states: readonly string[], flags: SyncFlags): TE.TaskEither<Problem, void> =>
  pipe(
    requestOf(states, flags),
    TE.bindTo('request'),
    TE.bind('deltas', () => A.traverse(TE.ApplicativeSeq)(readState)([...states])),
    TE.bind('texts', ({ deltas, request }) => TE.fromEither(syncTexts(deltas, request))),
    TE.chainTaskK(
      ({ texts, request }) =>
        () =>
          print(texts, request),
    ),
  )

function requestOf(states: readonly string[], flags: SyncFlags): TE.TaskEither<Problem, SyncRequest> {
  const refuse = (what: string, mend: string): TE.TaskEither<Problem, never> => TE.left(badUsage(what, mend))
  if (flags.objects !== undefined)
    return refuse('--objects and --sync at once', 'make the objects the first state of --sync')
  if (flags.log !== undefined || flags.at !== undefined)
    return refuse('--sync takes no log', 'leave --log and --at out')
  const { format } = flags
  if ((format !== 'save' && format !== 'json') || flags.table !== undefined)
    return refuse('--sync prints whole syncs', 'leave --table out, and --format unless it is json')
  if (states.filter(file => file === '-').length > 1) return refuse('--sync names standard input twice', 'give - once')
  return pipe(
    proxierTargetOf(flags),
    TE.map(target => ({ ...target, format, all: flags.all === true })),
  )
}

const readState = (file: string): TE.TaskEither<Problem, Delta> =>
  pipe(
    readInput(file),
    TE.chainEitherK(input => readDelta([input])),
    TE.chainFirstIOK(({ read }) => () => {
      for (const aside of leftAside(read)) process.stderr.write(`svcsim: ${file}: ${aside}\n`)
    }),
  )

const WRITERS = { iptables: IptablesSyncWriter, nftables: NftablesSyncWriter }

/** For each state what its sync writes; undefined: kube-proxy does not sync for it. */
export function syncTexts(
  deltas: readonly Delta[],
  { node, family, config, all }: Omit<SyncRequest, 'format'>,
): E.Either<Problem, (string | undefined)[]> {
  const state: ClusterState = emptyState()
  const catalog = new ServiceCatalog(family)
  const proxier = new NodeProxier<{ text(): string }>(node, new WRITERS[config.mode](catalog, config))
  const texts: (string | undefined)[] = []
  for (const [i, delta] of deltas.entries()) {
    const events = deltaEvents(delta, state)
    if (E.isLeft(events)) return events
    for (const event of events.right) {
      applyEvent(state, event)
      proxier.apply(event, catalog.apply(event))
    }
    if (i === 0 && !state.nodes.has(node)) return E.left(unknownNode(node, [...state.nodes.keys()]))
    const sync = proxier.isDue ? proxier.sync(i * SECOND_US) : undefined
    texts.push(all || i === deltas.length - 1 ? sync?.text() : undefined)
  }
  return E.right(texts)
}

async function print(texts: readonly (string | undefined)[], request: SyncRequest): Promise<void> {
  const { all, format, node, family, config } = request
  const shown = texts.map((text, state) => ({ state, text })).slice(all ? 0 : -1)
  if (format === 'json') {
    const syncs = shown.map(({ state, text = null }) => ({ state, text }))
    return printJson({ node, proxyMode: config.mode, ipFamily: family, syncs })
  }
  for (const { state, text } of shown) {
    if (text === undefined) process.stderr.write(`svcsim: state ${state} changes nothing for kube-proxy: no sync\n`)
    await printOut(`${all ? `##### ${state}\n` : ''}${text ?? ''}`)
  }
}
