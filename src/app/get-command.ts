/**
 * `svcsim get`: what kubectl would have shown at an instant, from a log. Tables are cluster/kubectl-tables.ts; JSON and YAML are the
 * objects themselves, as a List unless one was named.
 */
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ClusterState, Stored } from '../cluster/cluster-state.ts'
import { kubectlTable, type TableKind } from '../cluster/kubectl-tables.ts'
import { printYaml } from '../cluster/manifest.ts'
import type { ClusterObject, JsonObject } from '../cluster/objects.ts'
import { toKubernetes } from '../cluster/to-kubernetes.ts'
import { badUsage, type Problem, quoted } from '../problem/problem.ts'
import type { TimeUs } from '../sim/time.ts'
import { parseInstant } from './instant.ts'
import { withLog } from './log-files.ts'
import { printOut } from './print-out.ts'

export interface GetFlags {
  readonly log: string
  readonly namespace?: string
  readonly allNamespaces: boolean
  readonly at?: string
  readonly output?: string
  /** Another name of `output`. */
  readonly format?: string
}

export const getCommand = (kind: string, name: string | undefined, flags: GetFlags): TE.TaskEither<Problem, void> =>
  pipe(
    TE.fromEither(requestOf(kind, name, flags)),
    TE.chain(request =>
      withLog(flags.log, log =>
        pipe(
          TE.fromEither(log.fold(request.atUs === undefined ? undefined : { timeUs: request.atUs })),
          TE.chain(state => print(state, request, request.atUs ?? log.lastTimeUs)),
        ),
      ),
    ),
  )

interface GetRequest {
  readonly kind: TableKind
  readonly name: string | undefined
  /** undefined: all. */
  readonly namespace: string | undefined
  readonly atUs: TimeUs | undefined
  readonly output: 'table' | 'wide' | 'json' | 'yaml'
}

const KINDS: ReadonlyMap<string, TableKind> = new Map<string, TableKind>([
  ...(['services', 'service', 'svc'] as const).map(word => [word, 'services'] as const),
  ...(['endpoints', 'ep'] as const).map(word => [word, 'endpoints'] as const),
  ...(['endpointslices', 'endpointslice'] as const).map(word => [word, 'endpointslices'] as const),
  ...(['pods', 'pod', 'po'] as const).map(word => [word, 'pods'] as const),
  ...(['nodes', 'node', 'no'] as const).map(word => [word, 'nodes'] as const),
])

function requestOf(word: string, name: string | undefined, flags: GetFlags): E.Either<Problem, GetRequest> {
  const kind = KINDS.get(word)
  if (flags.output !== undefined && flags.format !== undefined)
    return E.left(badUsage('--output and --format at once', 'give one of them'))
  const output = flags.output ?? flags.format ?? 'table'
  if (kind === undefined)
    return E.left(
      badUsage(`${quoted(word)} is no kind that is shown`, 'use services, endpoints, endpointslices, pods or nodes'),
    )
  if (output !== 'table' && output !== 'wide' && output !== 'json' && output !== 'yaml')
    return E.left(badUsage(`--output is ${quoted(output)}`, 'use wide, json or yaml'))
  if (kind === 'endpoints' && (output === 'json' || output === 'yaml'))
    return E.left(badUsage('endpoints are a table only', 'ask for endpointslices, which they are made of'))
  if (flags.allNamespaces && name !== undefined)
    return E.left(badUsage('a name and all namespaces at once', 'give the namespace with -n, or leave the name out'))
  const namespace = flags.allNamespaces ? undefined : (flags.namespace ?? 'default')
  return pipe(
    parseInstant('--at', flags.at),
    E.map(atUs => ({ kind, name, namespace, atUs, output })),
  )
}

const print = (state: ClusterState, request: GetRequest, nowUs: TimeUs): TE.TaskEither<Problem, void> => {
  const { kind, name, namespace, output } = request
  if (output === 'json' || output === 'yaml') return printObjects(objectsOf(state, request), request, output)
  const wide = output === 'wide'
  const table = kubectlTable(state, kind, { namespace, wide, nowUs, ...(name === undefined ? {} : { name }) })
  return async () => {
    if (table.found) await printOut(table.text)
    else if (name !== undefined) return E.left(notFound(kind, name))
    else process.stderr.write(table.text)
    return E.right(undefined)
  }
}

const printObjects =
  (
    objects: readonly ClusterObject[],
    { kind, name }: GetRequest,
    output: 'json' | 'yaml',
  ): TE.TaskEither<Problem, void> =>
  async () => {
    if (name !== undefined && objects.length === 0) return E.left(notFound(kind, name))
    const items = objects.map(toKubernetes)
    const whole: JsonObject =
      name === undefined ? { apiVersion: 'v1', items, kind: 'List', metadata: { resourceVersion: '' } } : items[0]
    await printOut(output === 'yaml' ? printYaml(whole) : `${JSON.stringify(whole, undefined, 4)}\n`)
    return E.right(undefined)
  }

const notFound = (kind: string, name: string): Problem =>
  badUsage(`there is no ${quoted(name)} among the ${kind} here and then`, 'see svcsim get -A, or another --at')

/** Sorted by namespace and name, as the API server lists them. */
function objectsOf(state: ClusterState, { kind, name, namespace }: GetRequest): readonly ClusterObject[] {
  const maps: Readonly<Record<Exclude<TableKind, 'endpoints'>, ReadonlyMap<string, Stored<ClusterObject>>>> = {
    services: state.services,
    endpointslices: state.endpointSlices,
    pods: state.pods,
    nodes: state.nodes,
  }
  const wanted = ({ object }: Stored<ClusterObject>): boolean =>
    (kind === 'nodes' || namespace === undefined || object.namespace === namespace) &&
    (name === undefined || object.name === name)
  return kind === 'endpoints'
    ? []
    : [...maps[kind].values()]
        .filter(wanted)
        .map(stored => stored.object)
        .sort(byNamespaceAndName)
}

function byNamespaceAndName(a: ClusterObject, b: ClusterObject): number {
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}
