/**
 * Which Services a page offers to send to, when their rules are too many to hold all: the busiest, the least even, those without
 * endpoints, one of every kind, and then the others in order, as far as the rules go.
 */
import type { ServiceRow } from '../../replay/service-rows.ts'
import type { ServiceColumns } from '../run-result.ts'

/** Rules that the chosen Services may have, about 150 bytes each. */
const RULES = 3_000
/** Of the rules, a large Service has more than one part in so many. */
const LARGE = 8
const BUSIEST = 8
const LEAST_EVEN = 6
const REFUSED = 2

/** Rows in their order. The first that is wanted most is in, whatever its size. */
export function chooseServices(
  rows: readonly ServiceRow[],
  services: ServiceColumns,
  atMost = RULES,
): readonly number[] {
  const all = [...rows.keys()]
  const most = (score: (row: number) => number, count: number): readonly number[] =>
    all
      .filter(r => score(r) > 0)
      .toSorted((a, b) => score(b) - score(a) || a - b)
      .slice(0, count)
  const kinds = new Map<string, number>()
  for (const r of all) if (!kinds.has(kindOf(rows[r]))) kinds.set(kindOf(rows[r]), r)
  const wanted = new Set([
    ...most(r => services.connections[r], BUSIEST),
    ...most(r => (services.distribution[r].count > 1 ? services.distribution[r].maxOverMean : 0), LEAST_EVEN),
    ...most(r => services.rejected[r], REFUSED),
    ...kinds.values(),
    ...all,
  ])
  const chosen: number[] = []
  let rules = 0
  for (const row of wanted) {
    const own = 4 + 3 * services.endpoints[row]
    // One large Service shows what large ones are like; two would leave no room for others.
    if (chosen.length > 0 && (rules + own > atMost || own > atMost / LARGE)) continue
    rules += own
    chosen.push(row)
  }
  return chosen.sort((a, b) => a - b)
}

/** What makes rules of another form. */
const kindOf = ({ family, service, port }: ServiceRow): string =>
  [
    family,
    service.type,
    port.protocol,
    port.affinitySeconds > 0,
    port.externalPolicyLocal,
    port.internalPolicyLocal,
    port.nodePort > 0,
    port.loadBalancerVIPs.length > 0,
    port.externalIPs.length > 0,
    port.sourceRanges.length > 0,
    port.endpoints.length > 0,
  ].join(' ')
