/** What each zone got of all connections, and what it should have got, as shares of the whole; by the zone of the endpoint's node. */
import type { ColumnTable } from '../arrow/column-table.ts'
import { numbersOf, tableNamed, textsOf, totalOf } from './column-values.ts'
import { zonePlaces } from './expected-loads.ts'

export interface ZoneLoad {
  readonly name: string
  readonly nodes: number
  readonly endpoints: number
  readonly connections: number
  /** From 0 to 1; NaN where nothing was delivered at all. */
  readonly share: number
  readonly endpointShare: number
  readonly expected: number
  readonly bandLow: number
  readonly bandHigh: number
}

/** In the order of the table. */
export function zoneLoads(tables: readonly ColumnTable[]): readonly ZoneLoad[] {
  const zones = tableNamed(tables, 'zones')
  const names = textsOf(zones, 'zone')
  const [nodes, endpoints, connections] = ['nodes', 'endpoints', 'endpointConnections'].map(c => numbersOf(zones, c))
  const places = zonePlaces(tableNamed(tables, 'endpoints'), tableNamed(tables, 'nodes'), names)
  const [allEndpoints, all] = [totalOf(endpoints), totalOf(connections)]
  return names.map((name, i) => ({
    name: name === '' ? '(none)' : name,
    nodes: nodes[i],
    endpoints: endpoints[i],
    connections: connections[i],
    share: connections[i] / all,
    endpointShare: endpoints[i] / allEndpoints,
    expected: places[i].expected / all,
    bandLow: places[i].bandLow / all,
    bandHigh: Math.min(1, places[i].bandHigh / all),
  }))
}
