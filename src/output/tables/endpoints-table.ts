/** endpoints.arrow: how the load was spread, and what the rules' own probabilities say it should have been. */
import type { RunResult } from '../run-result.ts'
import { port, ratio, resultTable, text, whole, words } from './result-table.ts'

export const endpointsTable = resultTable(
  {
    name: 'endpoints',
    version: 1,
    description: 'One row an endpoint of a Service port: what it got and what it should have got.',
    columns: {
      service: words('Service as namespace/name'),
      portName: words('name of the Service port; empty when unnamed'),
      protocol: words('TCP, UDP or SCTP'),
      address: text('address of the endpoint'),
      port: port('port of the endpoint'),
      pod: text('pod as namespace/name; empty when it is none'),
      node: words('node the endpoint is on; empty when unknown'),
      zone: words('zone of the endpoint; empty when unknown'),
      connections: whole('connections', 'connections delivered to the endpoint'),
      packets: whole('packets', 'packets delivered to the endpoint'),
      expectedShare: ratio('1', "share of its Service port's delivered connections in closed form, from the rules"),
      share: ratio('1', "share of its Service port's delivered connections in this run; null without any"),
    },
  },
  (result: RunResult) => result.endpoints,
)
