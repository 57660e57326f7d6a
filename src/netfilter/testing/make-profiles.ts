/** Cost profiles for tests: every term has a price of its own, so that a sum tells what went into it. */
import {
  COST_BACKENDS,
  COST_TERMS,
  type CostBackend,
  type CostProfile,
  type CostProfiles,
  type CostTerm,
} from '../cost/cost-profile.ts'

export const makeProfiles = (): CostProfiles => {
  const [legacy, nft, nftables] = COST_BACKENDS.map(makeProfile)
  return { 'iptables-legacy': legacy, 'iptables-nft': nft, nftables }
}

function makeProfile(backend: CostBackend, place: number): CostProfile {
  const terms = Object.keys(COST_TERMS[backend]) as CostTerm[]
  return {
    backend,
    provenance: { kernel: '', cpu: '', tools: '', date: '', method: '' },
    prices: Object.fromEntries(terms.map((term, i) => [term, 1.7 * (place + 1) * (i + 1) ** 2])),
  }
}
