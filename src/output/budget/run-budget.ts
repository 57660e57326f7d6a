/** The budget of a finished run: its size and mean costs, as budget-head.ts asks for them. */
import { mean } from '../../metrics/histogram.ts'
import type { PlannedFamily } from '../../replay/plan-run.ts'
import { PRICED_BACKENDS } from '../../replay/priced-backends.ts'
import type { FinishedRun } from '../assemble-result.ts'
import type { ServiceColumns } from '../run-result.ts'
import { type BudgetHead, budgetHead } from './budget-head.ts'

/** undefined: nothing was priced, or nothing sent. */
export function runBudget(
  { scenario, run, tallies, profiles }: FinishedRun,
  services: ServiceColumns,
): BudgetHead | undefined {
  const { modelledNs } = tallies
  const backends = PRICED_BACKENDS[run.mode]
  if (profiles === undefined || modelledNs.length === 0 || modelledNs[0].total.count === 0) return undefined
  const { 4: v4, 6: v6 } = run.families
  const own = (v6?.views.servicePorts.length ?? 0) > (v4?.views.servicePorts.length ?? 0) ? v6 : (v4 ?? v6)
  if (own === null) return undefined
  const ports = own.views.servicePorts.length
  const [{ firstHop, secondHop }] = modelledNs
  return budgetHead(
    scenario.budget,
    modelledNs.map(({ total }, lane) => ({ profile: profiles[backends[lane]], meanNs: mean(total) })),
    { rulesPerService: rulesPerService(own), secondHops: secondHop.count / firstHop.count },
    { services: ports, endpoints: meanEndpoints(services), backends: own.plan.program.dnatCount },
  )
}

/** In KUBE-SERVICES, whose last rule leads to the node ports. nftables mode has no such chain. */
function rulesPerService(own: PlannedFamily): number {
  if (own.mode === 'nftables') return 0
  const { rules = [] } = own.views.views[0].tables.find(t => t.name === 'nat')?.chains.get('KUBE-SERVICES') ?? {}
  return (rules.length - 1) / own.views.servicePorts.length
}

/** As a mean connection meets them. */
function meanEndpoints({ endpoints, delivered }: ServiceColumns): number {
  let [sum, connections] = [0, 0]
  for (let row = 0; row < endpoints.length; row++) {
    sum += endpoints[row] * delivered[row]
    connections += delivered[row]
  }
  return connections === 0 ? 1 : sum / connections
}
