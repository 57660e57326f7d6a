/** rules.arrow: every rule of the cluster's nodes, as their proxy mode has them, with its counters, as `iptables -L -v` would add up. */
import type { RunResult } from '../run-result.ts'
import { byte, count, resultTable, text, whole, words } from './result-table.ts'

export const rulesTable = resultTable(
  {
    name: 'rules',
    version: 2,
    description: 'One row a rule, counters summed over all nodes.',
    columns: {
      family: byte('IP version', '4: iptables or table ip, 6: ip6tables or table ip6'),
      table: words('table of iptables; kube-proxy in nftables mode'),
      chain: words('chain'),
      index: count('1', 'place in its chain, from 1'),
      rule: text('the rule as iptables-save or nft list prints it'),
      matched: whole(
        'packets',
        'packets that matched the rule, as iptables counts them; of nftables, that reached its last part',
      ),
      evaluated: whole('packets', 'packets that came to the rule and were compared with it'),
    },
  },
  (result: RunResult) => result.rules,
)
