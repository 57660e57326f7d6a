/** nodes.arrow: what each node carries in rules and connections. */
import type { RunResult } from '../run-result.ts'
import { count, resultTable, text, whole, words } from './result-table.ts'

export const nodesTable = resultTable(
  {
    name: 'nodes',
    version: 2,
    description: 'One row a node: its rules, the connections that met them, and the load of its endpoints.',
    columns: {
      node: text('name of the node'),
      zone: words('zone of the node; empty when unknown'),
      localEndpoints: count('endpoints', 'endpoints on the node'),
      natRules: count('rules', 'rules in its nat table; 0 in nftables mode'),
      filterRules: count('rules', 'rules in its filter table; 0 in nftables mode'),
      nftRules: count('rules', 'rules in its table kube-proxy of nftables; 0 in iptables mode'),
      connections: whole('connections', "connections that met this node's rules first"),
      secondHopConnections: whole('connections', 'connections that came here for their second hop'),
      endpointConnections: whole('connections', 'connections delivered to endpoints on the node'),
      endpointPackets: whole('packets', 'packets delivered to endpoints on the node'),
      rulesEvaluated: whole('rules', 'rules the node evaluated for new connections, both hops'),
    },
  },
  (result: RunResult) => result.nodes,
)
