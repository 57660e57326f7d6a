/** Runs the control plane over a few steps of objects, for tests. */
import * as E from 'fp-ts/lib/Either.js'
import type { ClusterEvent } from '../src/cluster/cluster-event.ts'
import type { ClusterState } from '../src/cluster/cluster-state.ts'
import type { ClusterObject } from '../src/cluster/objects.ts'
import type { ControlPlaneInput } from '../src/controlplane/control-plane.ts'
import { runControlPlane } from '../src/controlplane/control-plane.ts'
import type { ControlPlaneConfig } from '../src/controlplane/control-plane-config.ts'
import { defaultControlPlaneConfig } from '../src/controlplane/control-plane-config.ts'
import { describeProblem } from '../src/problem/problem.ts'

/** A list of objects is what is added at that instant; `{remove}` objects go. */
export type Step = readonly (ClusterObject | { readonly remove: ClusterObject })[]

const inputsOf = (steps: readonly Step[]): ControlPlaneInput[] =>
  steps.flatMap((step, timeUs) =>
    step.map(o =>
      'remove' in o
        ? { timeUs, type: 'DELETED' as const, object: o.remove }
        : { timeUs, type: 'ADDED' as const, object: o, place: { file: 'objects.yaml', line: 1 } },
    ),
  )

function attempt(steps: readonly Step[], config: Partial<ControlPlaneConfig> = {}) {
  const events: ClusterEvent[] = []
  const result = runControlPlane(inputsOf(steps), { ...defaultControlPlaneConfig, ...config }, e => events.push(e))
  return { result, events }
}

export function run(steps: readonly Step[], config: Partial<ControlPlaneConfig> = {}) {
  const { result, events } = attempt(steps, config)
  if (E.isLeft(result)) throw new Error(describeProblem(result.left))
  return { ...result.right, events }
}

export function problemOf(steps: readonly Step[], config: Partial<ControlPlaneConfig> = {}): string {
  const { result } = attempt(steps, config)
  if (E.isRight(result)) throw new Error('expected a Problem')
  return describeProblem(result.left)
}

export const service = (state: ClusterState, name: string) => state.services.get(`default/${name}`)!.object
export const podsOf = (state: ClusterState, app: string) =>
  [...state.pods.values()].map(p => p.object).filter(p => p.labels['app'] === app)
export const endpointsOf = (state: ClusterState, name: string) =>
  [...state.endpointSlices.values()].flatMap(s => (s.object.serviceName === name ? s.object.endpoints : []))
export const told = (events: readonly ClusterEvent[], timeUs: number) =>
  events.filter(e => e.timeUs === timeUs).map(e => `${e.type} ${e.object.kind}`)
