/** services.arrow: how connections to each Service port ended, and how even the load of its endpoints is (metrics/distribution.ts). */
import type { Distribution } from '../../metrics/distribution.ts'
import type { RunResult } from '../run-result.ts'
import { count, port, ratio, resultTable, text, whole, words } from './result-table.ts'

export const servicesTable = resultTable(
  {
    name: 'services',
    version: 1,
    description: 'One row a Service port: outcomes of its connections and how evenly its endpoints are loaded.',
    columns: {
      namespace: words('namespace of the Service'),
      name: text('name of the Service'),
      portName: words('name of the Service port; empty when unnamed'),
      protocol: words('TCP, UDP or SCTP'),
      port: port('port of the Service'),
      type: words('ClusterIP, NodePort or LoadBalancer'),
      clusterIP: text('first ClusterIP of the Service'),
      endpoints: count('endpoints', 'endpoints that rules send to'),
      connections: whole('connections', 'connections asked for'),
      packets: whole('packets', 'packets accounted for, original direction'),
      delivered: whole('connections', 'connections that reached an endpoint'),
      rejected: whole('connections', 'connections refused by a REJECT rule'),
      dropped: whole('connections', 'connections dropped'),
      unmatched: whole('connections', 'connections that no rule sent to an endpoint'),
      meanRulesEvaluated: ratio('rules', 'mean rules a new connection evaluates where it first meets rules'),
      mean: ratio('connections', 'mean connections of an endpoint'),
      max: ratio('connections', 'connections of the busiest endpoint'),
      maxOverMean: ratio('1', 'busiest endpoint over mean; 1 is even'),
      coefficientOfVariation: ratio('1', 'population standard deviation over mean; 0 is even'),
      gini: ratio('1', 'Gini coefficient of connections per endpoint; 0 is even'),
      jain: ratio('1', "Jain's fairness index of connections per endpoint; 1 is even"),
      chiSquare: ratio('1', "Pearson's chi-square of connections per endpoint against the expected shares"),
      degreesOfFreedom: ratio('1', 'degrees of freedom of the chi-square'),
      pValue: ratio(
        '1',
        'chance of a chi-square this large or larger if every connection is drawn by the expected shares',
      ),
      smallestExpected: ratio(
        'connections',
        'smallest expected count of an endpoint; below 5 the p-value is a rough one',
      ),
      idle: ratio('endpoints', 'endpoints without a connection'),
    },
  },
  ({ services }: RunResult) => {
    const measure = (name: keyof Distribution): Float64Array => Float64Array.from(services.distribution, d => d[name])
    return {
      ...services,
      mean: measure('mean'),
      max: measure('max'),
      maxOverMean: measure('maxOverMean'),
      coefficientOfVariation: measure('coefficientOfVariation'),
      gini: measure('gini'),
      jain: measure('jain'),
      chiSquare: measure('chiSquare'),
      degreesOfFreedom: measure('degreesOfFreedom'),
      pValue: measure('pValue'),
      smallestExpected: measure('smallestExpected'),
      idle: measure('idle'),
    }
  },
)
