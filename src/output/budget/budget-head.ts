/**
 * The answer to decide on: at how many Services, or endpoints of each, a new connection costs more than the scenario's budget of processor
 * time, in every mode; and how many new connections a second a core carries. Derived from what the run measured and the closed forms of
 * growth-cost.ts, by bisection over whole numbers.
 */
import type { CostBackend, CostFit, CostProfile } from '../../netfilter/cost/cost-profile.ts'
import { type ClusterSize, type GrowthShape, growthNs } from './growth-cost.ts'

export interface BudgetHead {
  readonly us: number
  readonly backends: readonly BackendBudget[]
}

export interface BackendBudget {
  readonly backend: CostBackend
  /** At the size that was run: mean, and for a Service in the last hundredth of its chain. */
  readonly meanUs: number
  readonly slowUs: number
  /** New connections a second that one core's time is enough for, at that mean. */
  readonly connectionsPerCore: number
  /** The most Services (endpoints of each) with which the mean, and the slow ones, keep within the budget; null: any number. */
  readonly services: number | null
  readonly servicesSlow: number | null
  readonly endpoints: number | null
  /** How well the prices give back what they were fitted to. */
  readonly fit: CostFit | null
}

export interface MeasuredCost {
  readonly profile: CostProfile
  /** Mean over both hops. */
  readonly meanNs: number
}

/** `size`: as it was run, endpoints as a mean connection meets them. */
export const budgetHead = (
  budgetUs: number,
  measured: readonly MeasuredCost[],
  shape: GrowthShape,
  size: ClusterSize,
): BudgetHead => ({
  us: budgetUs,
  backends: measured.map(({ profile, meanNs }) => {
    const fixed = meanNs - growthNs(profile, shape, size)
    const costNs = (at: ClusterSize, place?: number): number => fixed + growthNs(profile, shape, at, place)
    const withServices = (services: number): ClusterSize => ({
      ...size,
      services,
      backends: (size.backends / size.services) * services,
    })
    const withEndpoints = (endpoints: number): ClusterSize => ({
      ...size,
      endpoints,
      backends: size.services * endpoints,
    })
    const within = (cost: (n: number) => number): number | null => mostWithin(n => cost(n) <= 1000 * budgetUs)
    return {
      backend: profile.backend,
      meanUs: meanNs / 1000,
      slowUs: costNs(size, SLOW) / 1000,
      connectionsPerCore: 1e9 / meanNs,
      services: within(services => costNs(withServices(services))),
      servicesSlow: within(services => costNs(withServices(services), SLOW)),
      endpoints: within(endpoints => costNs(withEndpoints(endpoints))),
      fit: profile.fit ?? null,
    }
  }),
})

/** Of a hundred Services one stands behind this place of the chain. */
const SLOW = 0.99

/** No cluster is larger: Kubernetes is tested up to 10,000 Services. */
const MOST = 1_000_000

/** The largest n up to MOST for which it holds, 0 when not even for 1; null when it holds for MOST. It holds up to some n and no more. */
function mostWithin(holds: (n: number) => boolean): number | null {
  if (holds(MOST)) return null
  let within = 0
  let beyond = MOST
  while (beyond - within > 1) {
    const middle = Math.floor((within + beyond) / 2)
    if (holds(middle)) within = middle
    else beyond = middle
  }
  return within
}
