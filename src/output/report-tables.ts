/**
 * The tables that summary.md, the terminal and report.html show: texts and formatted numbers, not escaped. One place decides what is
 * in them, so the three never disagree.
 */
import type { ColumnTable } from '../arrow/column-table.ts'
import { budgetTable } from './budget/budget-findings.ts'
import { numbersOf, tableNamed, textsOf, totalOf } from './column-values.ts'
import { shortened } from './escape.ts'
import type { Evenness } from './evenness.ts'
import { countText, percentText, ratioText } from './number-text.ts'
import type { HopCost, PublishedHead, RunJson } from './run-json.ts'
import type { TimeHead } from './time-columns.ts'
import { msText, spreadCells } from './time-findings.ts'
import { trustTable } from './trust-table.ts'
import { zoneLoads } from './zone-loads.ts'

export interface ReportTable {
  readonly id:
    | 'thresholds'
    | 'budget'
    | 'trust'
    | 'head'
    | 'steps'
    | 'cost'
    | 'modelled'
    | 'published'
    | 'overall'
    | 'worst'
    | 'zones'
    | 'chains'
    | 'detail'
    | 'inputs'
    | 'outcomes'
    | 'latency'
  readonly title: string
  /** One or two sentences on how to read it; empty for none. */
  readonly note: string
  readonly columns: readonly ReportColumn[]
  readonly rows: readonly (readonly string[])[]
}

export interface ReportColumn {
  readonly title: string
  readonly numeric: boolean
}

/** In the order they are read; those without rows are left out. */
export function reportTables(run: RunJson, tables: readonly ColumnTable[], spread: Evenness): readonly ReportTable[] {
  return [
    thresholdsTable(run),
    ...(run.budget === null ? [] : [budgetTable(run.budget, run.head.proxyMode)]),
    ...(run.sweep === null ? [] : [stepsTable(run.sweep.path, tables)]),
    ...(run.sweep?.published == null ? [] : [publishedTable(run.sweep.published, tables)]),
    ...(run.time === null ? [] : [causesTable(tables), latencyTable(run.time)]),
    headTable(run),
    costTable(run),
    modelledTable(run),
    overallTable(spread),
    worstServicesTable(spread),
    zonesTable(tables),
    chainsTable(tables),
    detailNodesTable(run, tables),
    trustTable(run),
    inputsTable(run),
  ]
    .filter(table => table.rows.length > 0)
    .map(kept)
}

/** At most so many rows of a table are shown; the Arrow files hold all. */
const ROWS = 200

function kept(table: ReportTable): ReportTable {
  const rows = table.rows.slice(0, ROWS).map(row => row.map(cell => shortened(cell, 200)))
  const more = table.rows.length - rows.length
  return more === 0 ? { ...table, rows } : { ...table, rows, note: `${table.note} And ${countText(more)} more.`.trim() }
}

const words = (title: string): ReportColumn => ({ title, numeric: false })
const figures = (title: string): ReportColumn => ({ title, numeric: true })

function headTable({ head }: RunJson): ReportTable {
  const rules = Object.entries(head.rulesByTable).map(([table, n]): [string, number] => [`${table} rules of a node`, n])
  const rows: readonly [string, number][] = [
    ['nodes', head.nodes],
    ['zones', head.zones],
    ['pods', head.pods],
    ['Services', head.services],
    ['Service ports', head.servicePorts],
    ['endpoints', head.endpoints],
    ['events in the log', head.events],
    ...rules,
    ["nat rules as kube-proxy's metric counts them", head.kubeProxyNatRules],
    ['connections', head.connections],
    ['packets', head.packets],
  ]
  return {
    id: 'head',
    title: 'Head numbers',
    note: 'Rules are those of the node with the most.',
    columns: [words(''), figures('')],
    rows: rows.map(([name, n]) => [name, countText(n)]),
  }
}

function costTable({ rulesEvaluated: r }: RunJson): ReportTable {
  const row = (name: string, of: (h: HopCost) => string): readonly string[] => [
    name,
    ...[r.firstHop, r.secondHop, r.total].map(of),
  ]
  return {
    id: 'cost',
    title: 'Rules a new connection evaluates',
    note: 'The first packet meets the rules of the node it comes to, and after DNAT those of the node of its endpoint; later packets follow conntrack. Both hops of a connection are added up in the last column.',
    columns: [words(''), ...['first hop', 'second hop', 'both'].map(figures)],
    rows: [
      row('connections', h => countText(h.connections)),
      row('mean', h => ratioText(h.mean)),
      row('median', h => countText(h.p50)),
      row('p90', h => countText(h.p90)),
      row('p99', h => countText(h.p99)),
      row('p99.9', h => countText(h.p999)),
      row('most', h => countText(h.max)),
    ],
  }
}

function modelledTable({ modelledNs }: RunJson): ReportTable {
  return {
    id: 'modelled',
    title: 'Modelled time of a new connection, µs',
    note: `Processor time of its first packet in the kernels of both nodes, by the prices of ${modelledNs[0]?.profile ?? ''}; nftables: the same Services in nftables mode.`,
    columns: [words(''), ...['first hop, mean', 'second hop, mean', 'mean', 'median', 'p90', 'p99'].map(figures)],
    rows: modelledNs.map(({ backend, firstHop, secondHop, total }) => [
      backend,
      ...[firstHop.mean, secondHop.mean, total.mean, total.p50, total.p90, total.p99].map(ns => ratioText(ns / 1000)),
    ]),
  }
}

function publishedTable(head: PublishedHead, tables: readonly ColumnTable[]): ReportTable {
  const published = tableNamed(tables, 'published')
  const statistic = textsOf(published, 'statistic')
  const [at, figure, modelled, error] = ['at', 'published', 'modelled', 'error'].map(c => numbersOf(published, c))
  return {
    id: 'published',
    title: `Published: ${head.what}`,
    note: `Figures of ${head.source}. Modelled: ${ratioText(head.baseUs)} µs and ${ratioText(head.perRuleNs)} ns a rule, fitted to these points.`,
    columns: [figures('at'), words('statistic'), ...[`published, ${head.unit}`, 'modelled', 'error'].map(figures)],
    rows: statistic.map((name, i) => [
      countText(at[i]),
      name,
      ratioText(figure[i]),
      ratioText(modelled[i]),
      percentText(error[i]),
    ]),
  }
}

function overallTable({ overall, pooled, tested, significant, significantByChance }: Evenness): ReportTable {
  return {
    id: 'overall',
    title: 'Evenness overall',
    note: 'The first five are over all endpoints, whatever their Service, so they show popular Services too. The chi-square compares each Service port with the shares its rules give; only ports with at least 5 connections expected per endpoint are tested.',
    columns: [words(''), figures('')],
    rows: [
      ['busiest endpoint / mean', ratioText(overall.maxOverMean)],
      ['coefficient of variation', ratioText(overall.coefficientOfVariation)],
      ['Gini coefficient', ratioText(overall.gini)],
      ["Jain's index", ratioText(overall.jain)],
      ['endpoints that got nothing', countText(overall.idle)],
      ['Service ports tested', countText(tested)],
      ['of them with p < 0.001', countText(significant)],
      ['expected by chance', ratioText(significantByChance)],
      ['chi-square of all tested', `${ratioText(pooled.chiSquare)} (df ${countText(pooled.degreesOfFreedom)})`],
      ['its p-value', ratioText(pooled.pValue)],
    ],
  }
}

const worstServicesTable = ({ canBeUneven, worst, tested }: Evenness): ReportTable => ({
  id: 'worst',
  title: 'Least even Services',
  note:
    tested > 0
      ? 'Of those tested, the largest max / mean first.'
      : 'No Service port has 5 connections expected at each of two or more endpoints; these are unevennesses of small numbers.',
  columns: [
    words('Service port'),
    ...['endpoints', 'connections', 'max / mean', 'CV', 'Gini', 'Jain', 'p', 'idle'].map(figures),
  ],
  rows: (canBeUneven ? worst : []).map(s => [
    s.service,
    countText(s.endpoints),
    countText(s.delivered),
    ...[s.maxOverMean, s.coefficientOfVariation, s.gini, s.jain, s.pValue].map(ratioText),
    countText(s.idle),
  ]),
})

function zonesTable(tables: readonly ColumnTable[]): ReportTable {
  return {
    id: 'zones',
    title: 'Zones',
    note: "Connections are those that ended at endpoints of the zone; expected is what the rules' own probabilities give, and chance gives 99 % of the time what lies between the last two columns.",
    columns: [
      words('zone'),
      ...['nodes', 'endpoints', 'share of endpoints', 'connections', 'share of connections'].map(figures),
      ...['expected', '99 % band from', 'to'].map(figures),
    ],
    rows: zoneLoads(tables).map(z => [
      z.name,
      countText(z.nodes),
      countText(z.endpoints),
      percentText(z.endpointShare),
      countText(z.connections),
      ...[z.share, z.expected, z.bandLow, z.bandHigh].map(percentText),
    ]),
  }
}

const thresholdsTable = ({ thresholds }: RunJson): ReportTable => ({
  id: 'thresholds',
  title: 'Thresholds',
  note: '',
  columns: [words('threshold'), figures('actual'), words('')],
  rows: thresholds.map(t => [
    t.text,
    Number.isInteger(t.actual) ? countText(t.actual) : ratioText(t.actual),
    t.passed ? 'passed' : 'FAILED',
  ]),
})

/** Where the evaluations go: kube-proxy's chains of one kind (KUBE-SVC-…) in one row. */
function chainsTable(tables: readonly ColumnTable[]): ReportTable {
  const rules = tableNamed(tables, 'rules')
  const [table, chain] = ['table', 'chain'].map(c => textsOf(rules, c))
  const family = numbersOf(rules, 'family')
  const [evaluated, matched] = ['evaluated', 'matched'].map(c => numbersOf(rules, c))
  const kinds = new Map<string, { table: string; chain: string; rules: number; evaluated: number; matched: number }>()
  let row = { table: '', chain: '', rules: 0, evaluated: 0, matched: 0 }
  for (let i = 0; i < rules.rowCount; i++) {
    // Rules of one chain follow each other.
    if (i === 0 || chain[i] !== chain[i - 1] || table[i] !== table[i - 1] || family[i] !== family[i - 1]) {
      const kind = chainKind(chain[i])
      const tableName = family[i] === 6 ? `${table[i]} (IPv6)` : table[i]
      const key = `${tableName} ${kind}`
      row = kinds.get(key) ?? { table: tableName, chain: kind, rules: 0, evaluated: 0, matched: 0 }
      kinds.set(key, row)
    }
    row.rules++
    row.evaluated += evaluated[i]
    row.matched += matched[i]
  }
  const all = totalOf(evaluated)
  const largestFirst = [...kinds.values()].toSorted(
    (a, b) => b.evaluated - a.evaluated || (a.table + a.chain < b.table + b.chain ? -1 : 1),
  )
  return {
    id: 'chains',
    title: 'Rules by table and chain',
    note: 'Rules of any node, each counted once; packets added up over all nodes. Chains of one kind are one row.',
    columns: [
      words('table'),
      words('chain'),
      ...['rules', 'packets compared', 'share', 'packets matched'].map(figures),
    ],
    rows: largestFirst
      .slice(0, CHAIN_ROWS)
      .map(k => [
        k.table,
        k.chain,
        countText(k.rules),
        countText(k.evaluated),
        percentText(k.evaluated / all),
        countText(k.matched),
      ]),
  }
}

const CHAIN_ROWS = 24

const chainKind = (chain: string): string => chain.replace(/^(KUBE-(?:SVC|SVL|SEP|EXT|FW|XLB))-[A-Z2-7]{16}$/, '$1-…')

function detailNodesTable(run: RunJson, tables: readonly ColumnTable[]): ReportTable {
  const detail = tableNamed(tables, 'rules-detail')
  const node = textsOf(detail, 'node')
  const table = textsOf(detail, 'table')
  const evaluated = numbersOf(detail, 'evaluated')
  const totals = new Map(run.detailNodes.map(d => [d.node, { nat: 0, filter: 0, compared: 0 }]))
  let total: { nat: number; filter: number; compared: number } | undefined
  for (let i = 0; i < detail.rowCount; i++) {
    if (i === 0 || node[i] !== node[i - 1]) total = totals.get(node[i])
    if (total === undefined) continue
    if (table[i] === 'nat') total.nat++
    if (table[i] === 'filter') total.filter++
    total.compared += evaluated[i]
  }
  return {
    id: 'detail',
    title: 'Nodes in detail',
    note: 'rules-detail.arrow holds every rule of these nodes with its own counters.',
    columns: [words('node'), words('why'), ...['nat rules', 'filter rules', 'comparisons'].map(figures)],
    rows: run.detailNodes.map(({ node: name, why }) => {
      const { nat, filter, compared } = totals.get(name)!
      return [name, why, countText(nat), countText(filter), countText(compared)]
    }),
  }
}

function stepsTable(path: string, tables: readonly ColumnTable[]): ReportTable {
  const sweep = tableNamed(tables, 'sweep')
  const isTimed = sweep.columns.some(c => c.name === 'failed')
  const shown = isTimed ? TIMED_SWEEP_COLUMNS : [...SWEEP_COLUMNS, ...nsColumns(sweep)]
  const columns = shown.map(([name]) => numbersOf(sweep, name))
  return {
    id: 'steps',
    title: 'Steps',
    note: `The whole run for each value of ${path}.`,
    columns: shown.map(([, title]) => figures(title)),
    rows: [...Array(sweep.rowCount).keys()].map(i =>
      columns.map(c => (Number.isInteger(c[i]) ? countText(c[i]) : ratioText(c[i]))),
    ),
  }
}

/** What became of connections over time, over all Services, the most frequent first. */
function causesTable(tables: readonly ColumnTable[]): ReportTable {
  const table = tableNamed(tables, 'outcomes')
  const [outcome, cause] = [textsOf(table, 'outcome'), textsOf(table, 'cause')]
  const [connections, meanLag, maxLag] = ['connections', 'meanLagMs', 'maxLagMs'].map(c => numbersOf(table, c))
  const sums = new Map<string, { cells: readonly string[]; connections: number; lagMs: number; maxMs: number }>()
  outcome.forEach((name, i) => {
    const key = `${name} ${cause[i]}`
    const sum = sums.get(key) ?? { cells: [name, cause[i]], connections: 0, lagMs: 0, maxMs: 0 }
    sum.connections += connections[i]
    sum.lagMs += connections[i] * meanLag[i]
    sum.maxMs = Math.max(sum.maxMs, maxLag[i])
    sums.set(key, sum)
  })
  return {
    id: 'outcomes',
    title: 'Connections over time',
    note: 'Cause rules: the rules of the node were behind the EndpointSlices; slices: these were behind the pods. The lag is by how much.',
    columns: [words('outcome'), words('cause'), ...['connections', 'mean lag', 'longest lag'].map(figures)],
    rows: [...sums.values()]
      .sort((a, b) => b.connections - a.connections)
      .map(s => [
        ...s.cells,
        countText(s.connections),
        ...(s.maxMs > 0 ? [msText(s.lagMs / s.connections), msText(s.maxMs)] : ['', '']),
      ]),
  }
}

const latencyTable = (time: TimeHead): ReportTable => ({
  id: 'latency',
  title: 'How far nodes are behind',
  note: "Network programming latency as SIG Scalability defines it: from a change's trigger time to the end of the sync that brings it to a node, for every node.",
  columns: [words(''), ...['number', 'mean', 'median', 'p90', 'p99', 'most'].map(figures)],
  rows: [
    ['programming latency', ...spreadCells(time.latencyMs)],
    ['partial syncs', ...spreadCells(time.partialSyncMs)],
    ['full syncs', ...spreadCells(time.fullSyncMs)],
    ['lag behind failed connections', ...spreadCells(time.lagMs)],
  ],
})

const TIMED_SWEEP_COLUMNS: readonly (readonly [name: string, title: string])[] = [
  ['value', 'value'],
  ['connections', 'connections'],
  ['failed', 'failed'],
  ['packetsLost', 'packets lost'],
  ['latencyP50Ms', 'latency p50, ms'],
  ['latencyP90Ms', 'p90'],
  ['latencyP99Ms', 'p99'],
  ['syncs', 'syncs'],
  ['partialSyncMs', 'partial sync, ms'],
  ['fullSyncMs', 'full sync, ms'],
  ['busyShare', 'busy share'],
]

/** Mean times of the backends, where the sweep has them. */
const nsColumns = (sweep: ColumnTable): readonly (readonly [name: string, title: string])[] =>
  sweep.columns.flatMap(({ name }) =>
    name.startsWith('meanNs:') ? [[name, `${name.slice(7)}, mean ns`] as const] : [],
  )

const SWEEP_COLUMNS: readonly (readonly [name: string, title: string])[] = [
  ['value', 'value'],
  ['natRules', 'nat rules'],
  ['meanRulesEvaluated', 'rules evaluated, mean'],
  ['p50RulesEvaluated', 'p50'],
  ['p99RulesEvaluated', 'p99'],
  ['maxRulesEvaluated', 'max'],
  ['laterRulesEvaluated', 'later packets, mean'],
  ['maxOverMean', 'max / mean'],
  ['coefficientOfVariation', 'CV'],
  ['gini', 'Gini'],
  ['jain', 'Jain'],
  ['idleEndpoints', 'idle'],
]

/** The scenario as it ran, one row a setting. */
const inputsTable = (run: RunJson): ReportTable => ({
  id: 'inputs',
  title: 'Inputs',
  note: '',
  columns: [words('setting'), words('value')],
  rows: [
    ['scenario', run.scenario],
    ['seed', run.seed],
    ...settings('', run.inputs).filter(([path]) => !['name', 'question', 'seed'].includes(path)),
    ...Object.entries(run.versions).map(([name, version]) => [`version of ${name}`, version]),
    ['digest of the results', run.digest],
  ],
})

function settings(path: string, value: unknown): readonly (readonly [string, string])[] {
  if (value === null || typeof value !== 'object') return [[path, value === '' ? '(empty)' : String(value)]]
  if (Array.isArray(value) && value.every(v => v === null || typeof v !== 'object'))
    return [[path, value.length === 0 ? '(none)' : value.join(', ')]]
  const parts = Array.isArray(value)
    ? value.map((v, i): [string, unknown] => [`${path}[${i}]`, v])
    : Object.entries(value).map(([k, v]): [string, unknown] => [path === '' ? k : `${path}.${k}`, v])
  return parts.flatMap(([k, v]) => settings(k, v))
}
