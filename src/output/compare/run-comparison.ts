/**
 * Two runs side by side, as data: what differs in their inputs, in every metric and in three kinds of distribution, each difference with
 * its statistical weight. Counts of the cluster and its rules follow from the inputs: they differ or they do not. What chance has a part
 * in is tested as if the two runs drew independently; runs of one seed share draws, which only makes real differences harder to call.
 */
import type { RunJson } from '../run-json.ts'

export interface RunComparison {
  readonly scenario: string
  readonly question: string
  readonly before: RunSide
  readonly after: RunSide
  /** The two digests are equal: every column of every table is. */
  readonly identical: boolean
  readonly inputs: readonly InputDifference[]
  /** Every metric that both have, sorted by name. */
  readonly metrics: readonly MetricDifference[]
  /** Metrics that one run alone has. */
  readonly missing: readonly { readonly metric: string; readonly in: 'before' | 'after' }[]
  readonly distributions: readonly DistributionDifference[]
  /** Tests made; a difference is significant when its p is below FAMILY_SIGNIFICANCE / tests (Bonferroni). */
  readonly tests: number
}

/** Chance that nothing but chance makes any test of a comparison significant. */
export const FAMILY_SIGNIFICANCE = 0.01

export type RunSide = Pick<RunJson, 'seed' | 'digest' | 'versions' | 'head'> & {
  readonly name: string
  /** Mean kernel time of a new connection over both hops, by backends that its own mode's rules may be loaded into; empty when not priced. */
  readonly ownNs: Readonly<Record<string, number>>
}

export interface InputDifference {
  /** As `cluster.nodes`. */
  readonly path: string
  /** JSON; absent where the key is not set. */
  readonly before?: string
  readonly after?: string
}

export interface MetricDifference {
  readonly metric: string
  readonly before: number
  readonly after: number
  readonly weight: Weight
}

export interface DistributionDifference {
  readonly name: string
  readonly what: string
  readonly weight: Weight
}

export type Weight =
  /** Follows from the inputs, or from equal draws: no chance in it. */
  | { readonly kind: 'exact' }
  | {
      readonly kind: 'tested'
      readonly test: string
      readonly statistic: number
      readonly degreesOfFreedom: number
      readonly pValue: number
      readonly significant: boolean
    }
  | { readonly kind: 'untested'; readonly why: string }

/** A metric that differs for another reason than chance. */
export const isReal = ({ before, after, weight }: MetricDifference): boolean =>
  !Object.is(before, after) && (weight.kind === 'exact' || (weight.kind === 'tested' && weight.significant))
