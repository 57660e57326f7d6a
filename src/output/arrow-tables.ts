/**
 * The result of a run as tables: the last step before files, digest, summary and report, which are all functions of these tables and
 * run.json. Every column has its unit and a description; they travel in the field metadata of the Arrow files (docs/arrow.md).
 * Ratios are rounded here (rounded.ts), so that equal runs have equal columns on every machine.
 */
import type { Column, ColumnTable } from '../arrow/column-table.ts'
import type { Distribution } from '../metrics/distribution.ts'
import { buckets } from '../metrics/histogram.ts'
import { rounded } from './rounded.ts'
import type { PublishedColumns, RuleColumns, RunResult, SweepColumns } from './run-result.ts'

/** Name of the hop a cost-histogram row belongs to. */
export const HOPS = ['first', 'second', 'total'] as const

/** The tables of every run; a sweep has one more, `sweep`. */
export const RESULT_TABLES = [
  'endpoints',
  'services',
  'nodes',
  'zones',
  'rules',
  'rules-detail',
  'cost-histogram',
  'modelled-cost',
] as const

/** In the order they are listed in run.json. A sweep's own table comes last; the others then show its last step. */
export function resultTables(result: RunResult, sweep?: SweepColumns): readonly ColumnTable[] {
  const tables = [
    endpointsTable(result),
    servicesTable(result),
    nodesTable(result),
    zonesTable(result),
    rulesTable(result),
    detailTable(result),
    costHistogramTable(result),
    modelledCostTable(result),
  ]
  if (sweep === undefined) return tables
  return [...tables, sweepTable(sweep), ...(sweep.published === undefined ? [] : [publishedTable(sweep.published)])]
}

function endpointsTable({ endpoints: e }: RunResult): ColumnTable {
  return table('endpoints', 'One row an endpoint of a Service port: what it got and what it should have got.', [
    dictionary('service', 'Service as namespace/name', e.service),
    dictionary('portName', 'name of the Service port; empty when unnamed', e.portName),
    dictionary('protocol', 'TCP, UDP or SCTP', e.protocol),
    text('address', 'address of the endpoint', e.address),
    { name: 'port', type: 'uint16', unit: 'port', description: 'port of the endpoint', values: e.port },
    text('pod', 'pod as namespace/name; empty when it is none', e.pod),
    dictionary('node', 'node the endpoint is on; empty when unknown', e.node),
    dictionary('zone', 'zone of the endpoint; empty when unknown', e.zone),
    whole('connections', 'connections', 'connections delivered to the endpoint', e.connections),
    whole('packets', 'packets', 'packets delivered to the endpoint', e.packets),
    ratio(
      'expectedShare',
      '1',
      "share of its Service port's delivered connections in closed form, from the rules",
      e.expectedShare,
    ),
    ratio('share', '1', "share of its Service port's delivered connections in this run", e.share),
  ])
}

function servicesTable({ services: s }: RunResult): ColumnTable {
  const measure = (name: keyof Distribution, unit: string, description: string): Column =>
    ratio(
      name,
      unit,
      description,
      Float64Array.from(s.distribution, d => d[name]),
    )
  return table(
    'services',
    'One row a Service port: outcomes of its connections and how evenly its endpoints are loaded.',
    [
      dictionary('namespace', 'namespace of the Service', s.namespace),
      text('name', 'name of the Service', s.name),
      dictionary('portName', 'name of the Service port; empty when unnamed', s.portName),
      dictionary('protocol', 'TCP, UDP or SCTP', s.protocol),
      { name: 'port', type: 'uint16', unit: 'port', description: 'port of the Service', values: s.port },
      dictionary('type', 'ClusterIP, NodePort or LoadBalancer', s.type),
      text('clusterIP', 'first ClusterIP of the Service', s.clusterIP),
      count('endpoints', 'endpoints', 'endpoints that rules send to', s.endpoints),
      whole('connections', 'connections', 'connections asked for', s.connections),
      whole('packets', 'packets', 'packets accounted for, original direction', s.packets),
      whole('delivered', 'connections', 'connections that reached an endpoint', s.delivered),
      whole('rejected', 'connections', 'connections refused by a REJECT rule', s.rejected),
      whole('dropped', 'connections', 'connections dropped', s.dropped),
      whole('unmatched', 'connections', 'connections that no rule sent to an endpoint', s.unmatched),
      ratio(
        'meanRulesEvaluated',
        'rules',
        'mean rules a new connection evaluates where it first meets rules',
        s.meanRulesEvaluated,
      ),
      measure('mean', 'connections', 'mean connections of an endpoint'),
      measure('max', 'connections', 'connections of the busiest endpoint'),
      measure('maxOverMean', '1', 'busiest endpoint over mean; 1 is even'),
      measure('coefficientOfVariation', '1', 'population standard deviation over mean; 0 is even'),
      measure('gini', '1', 'Gini coefficient of connections per endpoint; 0 is even'),
      measure('jain', '1', "Jain's fairness index of connections per endpoint; 1 is even"),
      measure('chiSquare', '1', "Pearson's chi-square of connections per endpoint against the expected shares"),
      measure('degreesOfFreedom', '1', 'degrees of freedom of the chi-square'),
      measure(
        'pValue',
        '1',
        'chance of a chi-square this large or larger if every connection is drawn by the expected shares',
      ),
      measure(
        'smallestExpected',
        'connections',
        'smallest expected count of an endpoint; below 5 the p-value is a rough one',
      ),
      measure('idle', 'endpoints', 'endpoints without a connection'),
    ],
  )
}

function nodesTable({ nodes: n }: RunResult): ColumnTable {
  return table('nodes', 'One row a node: its rules, the connections that met them, and the load of its endpoints.', [
    text('node', 'name of the node', n.node),
    dictionary('zone', 'zone of the node; empty when unknown', n.zone),
    count('localEndpoints', 'endpoints', 'endpoints on the node', n.localEndpoints),
    count('natRules', 'rules', 'rules in its nat table', n.natRules),
    count('filterRules', 'rules', 'rules in its filter table', n.filterRules),
    whole('connections', 'connections', "connections that met this node's rules first", n.connections),
    whole(
      'secondHopConnections',
      'connections',
      'connections that came here for their second hop',
      n.secondHopConnections,
    ),
    whole(
      'endpointConnections',
      'connections',
      'connections delivered to endpoints on the node',
      n.endpointConnections,
    ),
    whole('endpointPackets', 'packets', 'packets delivered to endpoints on the node', n.endpointPackets),
    whole('rulesEvaluated', 'rules', 'rules the node evaluated for new connections, both hops', n.rulesEvaluated),
  ])
}

function zonesTable({ zones: z }: RunResult): ColumnTable {
  return table('zones', 'One row a zone.', [
    text('zone', 'name of the zone; empty when unknown', z.zone),
    count('nodes', 'nodes', 'nodes in the zone', z.nodes),
    count('endpoints', 'endpoints', 'endpoints in the zone', z.endpoints),
    whole(
      'endpointConnections',
      'connections',
      'connections delivered to endpoints in the zone',
      z.endpointConnections,
    ),
    whole('endpointPackets', 'packets', 'packets delivered to endpoints in the zone', z.endpointPackets),
  ])
}

const rulesTable = ({ rules }: RunResult): ColumnTable =>
  table('rules', 'One row a rule, counters summed over all nodes.', [
    family(rules.family),
    dictionary('table', 'iptables table', rules.table),
    dictionary('chain', 'chain', rules.chain),
    count('index', '1', 'place in its chain, from 1', rules.index),
    text('rule', 'the rule as iptables-save prints it', rules.rule),
    ...ruleCounters(rules.matched, rules.evaluated),
  ])

function detailTable({ detailNodes }: RunResult): ColumnTable {
  // By hand: a large cluster has a million rows here.
  const rowCount = detailNodes.reduce((sum, d) => sum + d.rules.index.length, 0)
  const texts = (of: (node: DetailNode) => readonly string[] | string): readonly string[] => {
    const all = new Array<string>(rowCount)
    let row = 0
    for (const node of detailNodes) {
      const own = of(node)
      for (let i = 0; i < node.rules.index.length; i++) all[row++] = typeof own === 'string' ? own : own[i]
    }
    return all
  }
  const counts = (of: (rules: RuleColumns) => Float64Array) =>
    joined(
      Float64Array,
      detailNodes.map(d => of(d.rules)),
    )
  const nodes = texts(d => d.node)
  const reasons = texts(d => d.why)
  const families = joined(
    Uint8Array,
    detailNodes.map(d => d.rules.family),
  )
  const tables = texts(d => d.rules.table)
  const chains = texts(d => d.rules.chain)
  const places = joined(
    Uint32Array,
    detailNodes.map(d => d.rules.index),
  )
  const rules = texts(d => d.rules.rule)
  return table('rules-detail', 'One row a rule of a few nodes, each with its own counters.', [
    dictionary('node', 'name of the node', nodes),
    dictionary('why', 'why the node was chosen', reasons),
    family(families),
    dictionary('table', 'iptables table', tables),
    dictionary('chain', 'chain', chains),
    count('index', '1', 'place in its chain, from 1', places),
    dictionary('rule', 'the rule as iptables-save prints it', rules),
    ...ruleCounters(
      counts(r => r.matched),
      counts(r => r.evaluated),
    ),
  ])
}

type DetailNode = RunResult['detailNodes'][number]

const family = (values: Uint8Array): Column => ({
  name: 'family',
  type: 'uint8',
  unit: 'IP version',
  description: '4: iptables, 6: ip6tables',
  values,
})

const ruleCounters = (matched: Float64Array, evaluated: Float64Array): readonly Column[] => [
  whole('matched', 'packets', 'packets that matched the rule, as iptables counts them', matched),
  whole('evaluated', 'packets', 'packets that were compared with the rule', evaluated),
]

function costHistogramTable({ rulesEvaluated: r }: RunResult): ColumnTable {
  const perHop = [r.firstHop, r.secondHop, r.total].map(buckets)
  const rows = perHop.flat()
  return table('cost-histogram', 'Rules evaluated by the first packet of a new connection: one row a hop and bucket.', [
    dictionary(
      'hop',
      'first: where it meets the rules; second: the node of its endpoint; total: both',
      perHop.flatMap((b, i) => Array<string>(b.length).fill(HOPS[i])),
    ),
    count(
      'rulesFrom',
      'rules',
      'fewest rules of the bucket',
      Uint32Array.from(rows, b => b.from),
    ),
    count(
      'rulesTo',
      'rules',
      'most rules of the bucket, inclusive',
      Uint32Array.from(rows, b => b.to),
    ),
    whole(
      'connections',
      'connections',
      'new connections in the bucket',
      Float64Array.from(rows, b => b.count),
    ),
  ])
}

function modelledCostTable({ modelledNs }: RunResult): ColumnTable {
  const parts = modelledNs.flatMap(({ backend, firstHop, secondHop, total }) =>
    [firstHop, secondHop, total].map((hop, i) => ({ backend, hop: HOPS[i], rows: buckets(hop) })),
  )
  const rows = parts.flatMap(p => p.rows)
  const words = (of: (part: (typeof parts)[number]) => string): readonly string[] =>
    parts.flatMap(p => Array<string>(p.rows.length).fill(of(p)))
  return table(
    'modelled-cost',
    'Modelled processor time of the first packet of a new connection: one row a backend, hop and bucket.',
    [
      dictionary(
        'backend',
        'iptables-legacy, iptables-nft, or nftables: the same Services in nftables mode',
        words(p => p.backend),
      ),
      dictionary(
        'hop',
        'first: where it meets the rules; second: the node of its endpoint; total: both',
        words(p => p.hop),
      ),
      count(
        'nsFrom',
        'ns',
        'shortest time of the bucket',
        Uint32Array.from(rows, b => b.from),
      ),
      count(
        'nsTo',
        'ns',
        'longest time of the bucket, inclusive',
        Uint32Array.from(rows, b => b.to),
      ),
      whole(
        'connections',
        'connections',
        'new connections in the bucket',
        Float64Array.from(rows, b => b.count),
      ),
    ],
  )
}

const sweepTable = (s: SweepColumns): ColumnTable =>
  table('sweep', `One row a step: the whole run repeated for each value of ${s.path}.`, [
    ratio('value', '1', `value of ${s.path}`, s.value),
    ratio('natRules', 'rules', "nat rules of a node as kube-proxy's metric counts them", s.natRules),
    ratio('meanRulesEvaluated', 'rules', 'rules a new connection evaluates over both hops, mean', s.meanRulesEvaluated),
    ratio('p50RulesEvaluated', 'rules', 'the same, median', s.p50RulesEvaluated),
    ratio('p90RulesEvaluated', 'rules', 'the same, 90th percentile', s.p90RulesEvaluated),
    ratio('p99RulesEvaluated', 'rules', 'the same, 99th percentile', s.p99RulesEvaluated),
    ratio('maxRulesEvaluated', 'rules', 'the same, largest', s.maxRulesEvaluated),
    ratio(
      'laterRulesEvaluated',
      'rules',
      'rules a later packet of a connection evaluates over both hops, mean',
      s.laterRulesEvaluated,
    ),
    ...s.modelledNs.flatMap(({ backend, mean, p50, p99 }) => [
      ratio(`meanNs:${backend}`, 'ns', `modelled time of a new connection over both hops, mean, ${backend}`, mean),
      ratio(`p50Ns:${backend}`, 'ns', 'the same, median', p50),
      ratio(`p99Ns:${backend}`, 'ns', 'the same, 99th percentile', p99),
    ]),
    ratio('maxOverMean', '1', 'busiest endpoint over mean, over all endpoints', s.maxOverMean),
    ratio(
      'coefficientOfVariation',
      '1',
      'standard deviation over mean of connections per endpoint',
      s.coefficientOfVariation,
    ),
    ratio('gini', '1', 'Gini coefficient of connections per endpoint', s.gini),
    ratio('jain', '1', "Jain's fairness index of connections per endpoint", s.jain),
    ratio('idleEndpoints', 'endpoints', 'endpoints without a connection', s.idleEndpoints),
  ])

const publishedTable = (p: PublishedColumns): ColumnTable =>
  table(
    'published',
    `One row a published figure: ${p.what} (${p.source}), and what base + rules x price say, fitted to all of them.`,
    [
      ratio('at', '1', 'value of the sweep', p.at),
      dictionary('statistic', 'mean, p50, p90 or p99', p.statistic),
      ratio('rules', 'rules', 'that statistic of the rules a new connection evaluates', p.rules),
      ratio('published', p.unit, 'the published figure', p.published),
      ratio('modelled', p.unit, 'what the simulation says, with the two constants fitted', p.modelled),
      ratio('error', '1', 'modelled / published - 1', p.error),
    ],
  )

function table(name: string, description: string, columns: readonly Column[]): ColumnTable {
  const rowCount = columns[0].values.length
  const odd = columns.find(c => c.values.length !== rowCount)
  if (odd !== undefined)
    throw new Error(`${name}.${odd.name} has ${odd.values.length} rows where others have ${rowCount}`)
  return { name, description, rowCount, columns }
}

const text = (name: string, description: string, values: readonly string[]): Column => ({
  name,
  type: 'utf8',
  unit: '',
  description,
  values,
})

const dictionary = (name: string, description: string, values: readonly string[]): Column => ({
  name,
  type: 'dictionary',
  unit: '',
  description,
  values,
})

const count = (name: string, unit: string, description: string, values: Uint32Array): Column => ({
  name,
  type: 'uint32',
  unit,
  description,
  values,
})

const whole = (name: string, unit: string, description: string, values: Float64Array): Column => ({
  name,
  type: 'int64',
  unit,
  description,
  values,
})

const ratio = (name: string, unit: string, description: string, values: Float64Array): Column => ({
  name,
  type: 'float64',
  unit,
  description,
  values: values.map(rounded),
})

function joined<T extends Float64Array | Uint32Array | Uint8Array>(
  make: new (length: number) => T,
  parts: readonly T[],
): T {
  const all = new make(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
