/** What was run: its head numbers, thresholds and inputs. */
import { countText, ratioText } from '../number-text.ts'
import type { RunJson } from '../run-json.ts'
import { figures, type ReportTable, words } from './report-table.ts'

export function headTable({ head }: RunJson): ReportTable {
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
    ...(head.proxyMode === 'iptables' ? NAT_RULES.map((name): [string, number] => [name, head.kubeProxyNatRules]) : []),
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

const NAT_RULES = ["nat rules as kube-proxy's metric counts them"]

export const thresholdsTable = ({ thresholds }: RunJson): ReportTable => ({
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

/** The scenario as it ran, one row a setting. */
export const inputsTable = (run: RunJson): ReportTable => ({
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
