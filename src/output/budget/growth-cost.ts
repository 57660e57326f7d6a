/**
 * How the mean price of a new connection changes as a cluster grows, in closed form from a cost profile: the terms that depend on how many
 * Services and endpoints there are, and no others. What a run measured minus its own growth terms is what stays.
 *
 * - A Service's rule stands at any place of KUBE-SERVICES alike (kube-proxy's order is random): its connections pass half of the others
 *   first, and all of them at the second hop. A rule passed costs what a differing address costs, in a chain of that length.
 * - The k-th of n endpoints is chosen after k - 1 lost chances: half of n - 1 on average.
 * - Above 1,000 endpoints in all kube-proxy leaves the comments of endpoints out of its rules, and nobody pays for them.
 * - Caches: the term `spread`, of all backends.
 * nftables mode has no term of the first three kinds. Prices beyond a profile's largest measured size are those at that size.
 */

import { parsePrefix } from '../../net/ip.ts'
import { type CostProfile, itemsNs, spreadItems, termNs } from '../../netfilter/cost/cost-profile.ts'
import { ruleTerms } from '../../netfilter/cost/rule-terms.ts'
import { DEFAULT_PROXIER_CONFIG } from '../../proxier/proxier-config.ts'
import type { Match, Rule } from '../../ruleset/ruleset.ts'

export interface ClusterSize {
  readonly services: number
  /** Of a Service. */
  readonly endpoints: number
  /** Endpoints of all Services together. */
  readonly backends: number
}

export interface GrowthShape {
  /** Rules in KUBE-SERVICES for each Service: more than one where Services have addresses for outside. */
  readonly rulesPerService: number
  /** Share of connections that have a second hop. */
  readonly secondHops: number
}

/**
 * Of a mean connection, in ns. `place`: where in the chain its Service stands, from 0, the first, to 1; the mean over all is at a half.
 */
export function growthNs(profile: CostProfile, shape: GrowthShape, size: ClusterSize, place = 0.5): number {
  const length = shape.rulesPerService * size.services
  const passed = place * Math.max(0, length - 1) + shape.secondHops * length
  const lost = Math.max(0, size.endpoints - 1) / 2
  const comments = size.backends > DEFAULT_PROXIER_CONFIG.largeClusterEndpoints ? 0 : lost + COMMENTS_ON_THE_WAY
  return (
    passed * passedRuleNs(profile, length) +
    lost * lostChanceNs(profile, size.endpoints) +
    comments * commentNs(profile) +
    itemsNs(profile, spreadItems(size.backends))
  )
}

const place = (chainLength: number) => ({ chainLength, recentLists: 0, spread: 1 })

const OTHER_ADDRESS: Match = { kind: 'destination', prefix: parsePrefix('0.0.0.0/32')!, negated: false }
const SERVICE_RULE: Rule = { matches: [OTHER_ADDRESS, { kind: 'protocol', protocol: 'tcp', negated: false }] }

/** A rule of KUBE-SERVICES whose address is another's. */
const passedRuleNs = (profile: CostProfile, chainLength: number): number =>
  itemsNs(profile, ruleTerms(profile.backend, SERVICE_RULE, OTHER_ADDRESS, true, place(chainLength)))

const CHANCE: Match = { kind: 'statistic', threshold: 1, negated: false }
const CHANCE_RULE: Rule = { matches: [CHANCE] }

/** A rule of a Service's chain that chance did not take, but for its comment. */
const lostChanceNs = (profile: CostProfile, chainLength: number): number =>
  itemsNs(profile, ruleTerms(profile.backend, CHANCE_RULE, CHANCE, true, place(chainLength)))

/** Of the rule that chance took, and of the endpoint's own. */
const COMMENTS_ON_THE_WAY = 2

const commentNs = (profile: CostProfile): number => (profile.backend === 'nftables' ? 0 : termNs(profile, 'comment', 1))
