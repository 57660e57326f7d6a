/** PacketPaths of a small made cluster, by the hand of its simulation, for tests of the page. */
import * as E from 'fp-ts/lib/Either.js'
import { prepareCluster } from '../src/app/prepare-cluster.ts'
import { readCostProfiles } from '../src/app/read-cost-profiles.ts'
import type { ClusterState } from '../src/cluster/cluster-state.ts'
import { MemoryBytes } from '../src/eventlog/memory-bytes.ts'
import { distribution } from '../src/metrics/distribution.ts'
import type { CostProfiles } from '../src/netfilter/cost/cost-profile.ts'
import { makePacketPaths } from '../src/output/paths/make-packet-paths.ts'
import type { PacketPaths } from '../src/output/paths/packet-paths.ts'
import type { ServiceColumns } from '../src/output/run-result.ts'
import { describeProblem, type Problem } from '../src/problem/problem.ts'
import { type PlannedRun, planRun } from '../src/replay/plan-run.ts'
import { checkScenario } from '../src/scenario/decode-scenario.ts'

export interface PathWorld {
  readonly state: ClusterState
  readonly run: PlannedRun
  readonly paths: PacketPaths
  readonly profiles: CostProfiles
}

export interface PathWorldOptions {
  readonly cluster?: object
  /** Rules that the Services offered may have. */
  readonly rules?: number
  /** Further keys of the scenario. */
  readonly more?: object
  /** Kubernetes objects, as YAML. */
  readonly objects?: string
}

export async function makePathWorld({
  cluster = SMALL,
  rules,
  more,
  objects,
}: PathWorldOptions = {}): Promise<PathWorld> {
  const written = { name: 'paths', question: 'Which way?', cluster, traffic: { packets: 100 }, ...more }
  const scenario = right(checkScenario(written, { file: 'paths.yaml' }))
  const log = { events: new MemoryBytes('events.arrows'), index: new MemoryBytes('events.idx') }
  const files = objects === undefined ? [] : [{ name: 'objects.yaml', bytes: new TextEncoder().encode(objects) }]
  const { state } = right(prepareCluster(scenario, { objects: files, recording: [] }, log))
  const profiles = right(await readCostProfiles(undefined)())
  const run = right(planRun(state, scenario, profiles))
  const paths = makePacketPaths({ state, run, profiles }, servicesOf(run), rules)
  return { state, run, profiles, paths: { ...JSON.parse(JSON.stringify(paths)), digest: '' } }
}

const SMALL = { nodes: 3, zones: 1, workloads: [{ name: 'web', count: 3, replicas: 4, service: {} }] }

/** What makePacketPaths looks at to choose by: the later, the busier. */
const servicesOf = ({ rows }: PlannedRun): ServiceColumns =>
  ({
    connections: Float64Array.from(rows, (_, i) => i),
    rejected: new Float64Array(rows.length),
    endpoints: Uint32Array.from(rows, r => r.port.endpoints.length),
    distribution: rows.map(() => distribution([1], [1])),
  }) as unknown as ServiceColumns

export function right<A>(either: E.Either<Problem, A>): A {
  if (E.isLeft(either)) throw new Error(describeProblem(either.left))
  return either.right
}
