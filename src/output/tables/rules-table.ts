/** rules.arrow: every rule of the cluster's nodes with its counters, as `iptables -L -v` would add up. */
import type { RunResult } from '../run-result.ts'
import { byte, count, resultTable, text, whole, words } from './result-table.ts'

export const rulesTable = resultTable(
  {
    name: 'rules',
    version: 1,
    description: 'One row a rule, counters summed over all nodes.',
    columns: {
      family: byte('IP version', '4: iptables, 6: ip6tables'),
      table: words('iptables table'),
      chain: words('chain'),
      index: count('1', 'place in its chain, from 1'),
      rule: text('the rule as iptables-save prints it'),
      matched: whole('packets', 'packets that matched the rule, as iptables counts them'),
      evaluated: whole('packets', 'packets that were compared with the rule'),
    },
  },
  (result: RunResult) => result.rules,
)
