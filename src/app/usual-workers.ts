/** How many threads a run gets that asks for no number: one a processor, but none where starting them takes longer than what they would save. */
import { availableParallelism } from 'node:os'
import type { Scenario } from '../scenario/scenario.ts'

/** A thread costs most of a second of processor time before its first connection; so many take about half a second in this one. */
const WORTH_THREADS = 250_000

/** `steps`: the scenarios that are run one after the other. Results are the same for any number. */
export function usualWorkers(steps: readonly Scenario[]): number {
  if (steps.some(({ time }) => time !== undefined)) return availableParallelism()
  const connections = steps.reduce((sum, { traffic }) => sum + traffic.packets / meanPackets(traffic), 0)
  return connections < WORTH_THREADS ? 0 : availableParallelism()
}

const meanPackets = ({ packetsPerConnection: wanted }: Scenario['traffic']): number =>
  typeof wanted === 'number' ? wanted : wanted.geometricMean
