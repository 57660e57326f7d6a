/** A question and a query (DuckDB's SQL, over the Parquet files of `svcsim export`) for every table; test/export.test.ts runs them all. */
export interface ExampleQuery {
  readonly asks: string
  readonly sql: string
}

export const EXAMPLE_QUERIES: Readonly<Record<string, ExampleQuery>> = {
  endpoints: {
    asks: 'The endpoints furthest above their share:',
    sql: `SELECT service, address, connections, share / expectedShare AS over
FROM 'endpoints.parquet' WHERE expectedShare > 0 ORDER BY over DESC LIMIT 10`,
  },
  services: {
    asks: 'Services whose spread chance does not explain:',
    sql: `SELECT namespace, name, endpoints, maxOverMean, pValue
FROM 'services.parquet' WHERE pValue < 0.001 AND smallestExpected >= 5 ORDER BY pValue`,
  },
  nodes: {
    asks: 'The work of the nodes in each zone:',
    sql: `SELECT zone, count(*) AS nodes, sum(rulesEvaluated) AS rulesEvaluated, max(natRules) AS natRules
FROM 'nodes.parquet' GROUP BY zone ORDER BY zone`,
  },
  zones: {
    asks: 'Each zone’s connections per endpoint:',
    sql: `SELECT zone, endpointConnections / endpoints AS perEndpoint FROM 'zones.parquet' WHERE endpoints > 0`,
  },
  rules: {
    asks: 'What packets are compared with most, and how seldom it matches:',
    sql: `SELECT chain, sum(evaluated) AS evaluated, sum(matched) / sum(evaluated) AS matched
FROM 'rules.parquet' WHERE evaluated > 0 GROUP BY chain ORDER BY evaluated DESC LIMIT 10`,
  },
  'rules-detail': {
    asks: 'How far down each node walks its KUBE-SERVICES chain:',
    sql: `SELECT node, max("index") FILTER (evaluated > 0) AS deepest, max("index") AS rules
FROM 'rules-detail.parquet' WHERE chain = 'KUBE-SERVICES' GROUP BY node`,
  },
  'cost-histogram': {
    asks: 'The share of connections that evaluate at most 100 rules:',
    sql: `SELECT sum(connections) FILTER (rulesTo <= 100) / sum(connections) AS share
FROM 'cost-histogram.parquet' WHERE hop = 'total'`,
  },
  'modelled-cost': {
    asks: 'Mean cost of a new connection by backend, in µs:',
    sql: `SELECT backend, sum((nsFrom + nsTo) / 2 * connections) / sum(connections) / 1000 AS meanUs
FROM 'modelled-cost.parquet' WHERE hop = 'total' GROUP BY backend`,
  },
  timeline: {
    asks: 'When the nodes were furthest behind:',
    sql: `SELECT fromS, changes, latencyP50Ms, latencyP99Ms FROM 'timeline.parquet' WHERE latencies > 0 ORDER BY latencyP99Ms DESC LIMIT 10`,
  },
  outcomes: {
    asks: 'What failed and why:',
    sql: `SELECT outcome, cause, sum(connections) AS connections, max(maxLagMs) AS worstLagMs
FROM 'outcomes.parquet' GROUP BY outcome, cause ORDER BY connections DESC`,
  },
  'node-time': {
    asks: 'The nodes that were furthest behind:',
    sql: `SELECT node, meanLatencyMs, fullSyncs + partialSyncs AS syncs, failed FROM 'node-time.parquet' ORDER BY meanLatencyMs DESC LIMIT 10`,
  },
  sweep: {
    asks: 'How rules and cost grow:',
    sql: `SELECT value, natRules, meanRulesEvaluated, "meanNs:iptables-legacy", "meanNs:nftables" FROM 'sweep.parquet' ORDER BY value`,
  },
  published: {
    asks: 'The largest error against each published statistic:',
    sql: `SELECT statistic, max(abs(error)) AS worst FROM 'published.parquet' GROUP BY statistic`,
  },
}
