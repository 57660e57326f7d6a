/** The addresses of a node of a run, by number. */
import { type IpFamily, readIpWords } from '../../net/ip.ts'
import type { PlannedRun } from '../../replay/plan-run.ts'

export function nodeAddresses({ families }: PlannedRun, family: IpFamily, node: number): readonly bigint[] {
  const own = families[family]
  if (own === null) return []
  // Not by hostViews, which makes the views of all nodes: this is asked node by node.
  const { words, start, localCount } = own.plan.hosts
  return Array.from({ length: localCount[node] }, (_, i) => readIpWords(words, start[node] + 4 * i))
}
