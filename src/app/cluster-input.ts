/**
 * A cluster on the command line: files of objects, taken as they are (nothing is allocated, no slice is made), or a log at an instant.
 * What was left aside, and what may surprise, is said on stderr.
 */
import process from 'node:process'
import * as A from 'fp-ts/lib/Array.js'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { applyEvent, type ClusterState, emptyState } from '../cluster/cluster-state.ts'
import { type ReadObjects, readObjects } from '../cluster/read-objects.ts'
import { badUsage, type Problem } from '../problem/problem.ts'
import type { TimeUs } from '../sim/time.ts'
import { readInput } from './files.ts'
import { parseInstant } from './instant.ts'
import { leftAside } from './left-aside.ts'
import { loadedState, type NodeAsked } from './loaded-state.ts'
import { withLog } from './log-files.ts'

export interface ClusterFlags {
  readonly objects?: readonly string[]
  readonly log?: string
  readonly at?: string
}

export type ClusterInput =
  | { readonly kind: 'objects'; readonly files: readonly string[] }
  /** `atUs` undefined: the end of the log. */
  | { readonly kind: 'log'; readonly path: string; readonly atUs: TimeUs | undefined }

export function clusterInputOf({ objects, log, at }: ClusterFlags): E.Either<Problem, ClusterInput> {
  if (objects !== undefined && log !== undefined)
    return E.left(badUsage('--objects and --log at once', 'give one of them'))
  if (log !== undefined)
    return pipe(
      parseInstant('--at', at),
      E.map(atUs => ({ kind: 'log', path: log, atUs })),
    )
  if (at !== undefined) return E.left(badUsage('--at without a log', 'add --log LOG'))
  if (objects === undefined) return E.left(badUsage('no objects', 'add --objects FILE…, or --log LOG'))
  if (objects.filter(file => file === '-').length > 1)
    return E.left(badUsage('--objects names standard input twice', 'give - once'))
  return E.right({ kind: 'objects', files: objects })
}

/** `asked`: the node whose rules are wanted; of a run over time it is what that node had loaded. */
export const readCluster = (input: ClusterInput, asked?: NodeAsked): TE.TaskEither<Problem, ClusterState> =>
  input.kind === 'log'
    ? withLog(input.path, log =>
        asked === undefined
          ? TE.fromEither(log.fold(input.atUs === undefined ? undefined : { timeUs: input.atUs }))
          : loadedState(input.path, log, input.atUs, asked),
      )
    : pipe(
        [...input.files],
        A.traverse(TE.ApplicativeSeq)(readInput),
        TE.chainEitherK(readObjects),
        TE.map(read => {
          const state = stateOf(read)
          for (const line of [...leftAside(read), ...withoutRules(state)]) process.stderr.write(`svcsim: ${line}\n`)
          return state
        }),
      )

export function stateOf({ items }: ReadObjects): ClusterState {
  const state = emptyState()
  items.forEach(({ object }, sequence) => {
    applyEvent(state, { sequence, timeUs: 0, type: 'ADDED', object })
  })
  return state
}

/** Services that have no address yet have no rules, those without EndpointSlices none that lead anywhere: either may surprise. */
function withoutRules({ services, endpointSlices }: ClusterState): string[] {
  const sliced = new Set(Array.from(endpointSlices.values(), s => `${s.object.namespace}/${s.object.serviceName}`))
  const proxied = [...services.values()].map(s => s.object).filter(s => s.type !== 'ExternalName')
  const unaddressed = proxied.filter(s => s.clusterIPs.length === 0).length
  const unsliced = proxied.filter(
    s => s.clusterIPs.some(ip => ip !== 'None') && !sliced.has(`${s.namespace}/${s.name}`),
  ).length
  const said = (count: number, what: string): string[] =>
    count === 0 ? [] : [`${count} Service${count === 1 ? ' has' : 's have'} ${what}`]
  return [
    ...said(unaddressed, 'no clusterIP, and so no rules'),
    ...said(
      unsliced,
      'no EndpointSlices, and so no endpoints: hand them in too (kubectl get endpointslices -A -o json)',
    ),
  ]
}
