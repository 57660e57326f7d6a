/**
 * The tables `kubectl get` prints, of a state at an instant. What a real cluster has and this one does not (kubelet versions, kernel
 * names) shows only where an imported object brought it along. Rows are sorted by namespace and name, as the API server lists them.
 */
import type { TimeUs } from '../sim/time.ts'
import type { ClusterState } from './cluster-state.ts'
import { endpointSliceRows, endpointsRows } from './endpoints-rows.ts'
import { nodeRows } from './node-rows.ts'
import { podRows } from './pod-rows.ts'
import { serviceRows } from './service-rows.ts'
import { textTable } from './text-table.ts'

export type TableKind = 'services' | 'endpoints' | 'endpointslices' | 'pods' | 'nodes'

export interface TableRequest {
  /** undefined: all namespaces. Nodes have none, so theirs ignores it. */
  readonly namespace: string | undefined
  readonly name?: string
  readonly wide: boolean
  /** The instant that AGE counts from. */
  readonly nowUs: TimeUs
}

/** `text` is the table, or why there is none (which kubectl writes to stderr); it ends with a newline. */
export interface KubectlTable {
  readonly found: boolean
  readonly text: string
}

/** One line of a table, its cells made only when it is shown. */
export interface TableRow {
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string
  readonly name: string
  /** The columns after NAME: first those always shown, then those of `-o wide`. */
  readonly cells: (nowUs: TimeUs) => readonly string[]
}

interface Table {
  readonly columns: readonly string[]
  readonly wideColumns: readonly string[]
  readonly isNamespaced: boolean
  /** What the API server calls the kind in a NotFound error. */
  readonly resource: string
  readonly rows: (state: ClusterState) => readonly TableRow[]
}

const TABLES: Readonly<Record<TableKind, Table>> = {
  services: {
    columns: ['TYPE', 'CLUSTER-IP', 'EXTERNAL-IP', 'PORT(S)', 'AGE'],
    wideColumns: ['SELECTOR'],
    isNamespaced: true,
    resource: 'services',
    rows: serviceRows,
  },
  endpoints: {
    columns: ['ENDPOINTS', 'AGE'],
    wideColumns: [],
    isNamespaced: true,
    resource: 'endpoints',
    rows: endpointsRows,
  },
  endpointslices: {
    columns: ['ADDRESSTYPE', 'PORTS', 'ENDPOINTS', 'AGE'],
    wideColumns: [],
    isNamespaced: true,
    resource: 'endpointslices.discovery.k8s.io',
    rows: endpointSliceRows,
  },
  pods: {
    columns: ['READY', 'STATUS', 'RESTARTS', 'AGE'],
    wideColumns: ['IP', 'NODE', 'NOMINATED NODE', 'READINESS GATES'],
    isNamespaced: true,
    resource: 'pods',
    rows: podRows,
  },
  nodes: {
    columns: ['STATUS', 'ROLES', 'AGE', 'VERSION'],
    wideColumns: ['INTERNAL-IP', 'EXTERNAL-IP', 'OS-IMAGE', 'KERNEL-VERSION', 'CONTAINER-RUNTIME'],
    isNamespaced: false,
    resource: 'nodes',
    rows: nodeRows,
  },
}

export function kubectlTable(state: ClusterState, kind: TableKind, request: TableRequest): KubectlTable {
  const table = TABLES[kind]
  const { name, wide, nowUs } = request
  const namespace = table.isNamespaced ? request.namespace : ''
  if (namespace === undefined && name !== undefined)
    return { found: false, text: 'error: a resource cannot be retrieved by name across all namespaces\n' }
  const rows = table
    .rows(state)
    .filter(
      row => (namespace === undefined || row.namespace === namespace) && (name === undefined || row.name === name),
    )
    .toSorted(byNamespaceAndName)
  if (rows.length === 0) return { found: false, text: absence(table, namespace, name) }
  const columns = wide ? [...table.columns, ...table.wideColumns] : table.columns
  const lines = rows.map(row => [row.name, ...row.cells(nowUs).slice(0, columns.length)])
  const header = ['NAME', ...columns]
  return {
    found: true,
    text: textTable(
      namespace === undefined
        ? [['NAMESPACE', ...header], ...lines.map((line, i) => [rows[i].namespace, ...line])]
        : [header, ...lines],
    ),
  }
}

function absence(table: Table, namespace: string | undefined, name: string | undefined): string {
  if (name !== undefined) return `Error from server (NotFound): ${table.resource} "${name}" not found\n`
  return namespace === undefined || namespace === ''
    ? 'No resources found\n'
    : `No resources found in ${namespace} namespace.\n`
}

function byNamespaceAndName(a: TableRow, b: TableRow): number {
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}
