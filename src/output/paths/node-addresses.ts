/** The addresses of a node of a run, by number. */
import { type IpFamily, readIpWords } from '../../net/ip.ts'
import { hostViews } from '../../replay/host-table.ts'
import type { PlannedRun } from '../../replay/plan-run.ts'

export function nodeAddresses({ families }: PlannedRun, family: IpFamily, node: number): readonly bigint[] {
  const own = families[family]
  if (own === null) return []
  const { local, localCount } = hostViews(own.plan.hosts)[node]
  return Array.from({ length: localCount }, (_, i) => readIpWords(local, 4 * i))
}
