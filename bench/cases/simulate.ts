/**
 * A cluster over time: pods replaced ten times a second, each with its deletion, its successor's way to readiness, and the EndpointSlices
 * that follow. The time counts from the first event after instant 0: building the cluster is no part of it.
 */

import { isTimed, simulateCluster } from '../../src/controlplane/live/simulate-cluster.ts'
import { controlPlaneConfig, scenarioInputs } from '../../src/controlplane/scenario-inputs.ts'
import { checkScenario } from '../../src/scenario/decode-scenario.ts'
import { type BenchCase, type BenchSize, mix } from '../bench-case.ts'
import { right } from '../right.ts'

const PODS_PER_SECOND = 10

const SIZES: Readonly<
  Record<BenchSize, { readonly nodes: number; readonly deployments: number; readonly changes: number }>
> = {
  small: { nodes: 20, deployments: 20, changes: 100 },
  large: { nodes: 1_000, deployments: 1_000, changes: 2_000 },
}

export const simulateCase: BenchCase = {
  name: 'simulate a churning cluster',
  unit: 'pod changes',
  prepare: size => {
    const { nodes, deployments, changes } = SIZES[size]
    return {
      size: `${nodes} nodes, ${deployments * 30} pods`,
      items: changes,
      run: (round, items) => {
        const scenario = right(
          checkScenario(
            {
              name: 'churn',
              question: 'What does a change cost?',
              seed: round,
              cluster: {
                nodes,
                zones: 3,
                clusterCidrs: ['10.64.0.0/10'],
                workloads: [{ name: 'web', count: deployments, replicas: 30, service: {} }],
              },
              time: { horizon: items / PODS_PER_SECOND },
              churn: { podsPerSecond: PODS_PER_SECOND, arrivals: 'regular' },
            },
            {},
          ),
        )
        if (!isTimed(scenario)) throw new Error('the scenario has no time')
        let checksum = 0
        let startMs = 0
        right(
          simulateCluster(scenarioInputs(scenario.cluster, []), controlPlaneConfig(scenario, []), scenario, event => {
            if (event.timeUs === 0) return
            if (startMs === 0) startMs = performance.now()
            checksum = mix(checksum, event.timeUs + event.object.name.length)
          }),
        )
        return { checksum, milliseconds: performance.now() - startMs }
      },
    }
  },
}
