/**
 * What endpoints, and nodes and zones with theirs, should get by the rules' own probabilities: the expected load and the 99 % band of chance around
 * it. The connections of a Service fall on the endpoints of a node, or zone, as one binomial choice; Services are independent of each other.
 */
import type { ColumnTable } from '../arrow/column-table.ts'
import { numbersOf, textsOf } from './column-values.ts'
import type { Place } from './load-bands.ts'

/** Half-width of a two-sided 99 % interval of the normal distribution. */
const Z99 = 2.576

/** By endpoint, in the order of the table. */
export const endpointPlaces = (endpoints: ColumnTable): readonly Place[] => placesBy(endpoints, i => i)

/** By node, in the order of `nodes`; those without endpoints expect nothing. */
export function nodePlaces(endpoints: ColumnTable, nodes: readonly string[]): readonly Place[] {
  const index = new Map(nodes.map((name, n) => [name, n]))
  const node = textsOf(endpoints, 'node')
  const places = placesBy(endpoints, i => index.get(node[i]) ?? -1)
  return nodes.map((_, n) => places[n] ?? NOTHING)
}

/** By zone of the endpoints' nodes, in the order of `zones`. */
export function zonePlaces(endpoints: ColumnTable, nodes: ColumnTable, zones: readonly string[]): readonly Place[] {
  const index = new Map(zones.map((zone, z) => [zone, z]))
  const zone = textsOf(nodes, 'zone')
  const zoneOfNode = new Map(textsOf(nodes, 'node').map((name, n) => [name, index.get(zone[n]) ?? -1]))
  const node = textsOf(endpoints, 'node')
  const places = placesBy(endpoints, i => zoneOfNode.get(node[i]) ?? -1)
  return zones.map((_, z) => places[z] ?? NOTHING)
}

const NOTHING: Place = { load: 0, expected: 0, bandLow: 0, bandHigh: 0 }

/** What a Service port's endpoints got, and the share that each place should get of it. */
interface PortLoad {
  delivered: number
  readonly shares: Map<number, number>
}

/** Rows of the table by the place they belong to; -1: to none. */
function placesBy(endpoints: ColumnTable, placeOf: (row: number) => number): readonly Place[] {
  const [service, portName, protocol] = ['service', 'portName', 'protocol'].map(c => textsOf(endpoints, c))
  const [connections, share] = ['connections', 'expectedShare'].map(c => numbersOf(endpoints, c))
  const ports = new Map<string, PortLoad>()
  const loads: number[] = []
  let port: PortLoad = { delivered: 0, shares: new Map() }
  for (let i = 0; i < endpoints.rowCount; i++) {
    // Endpoints of one Service port follow each other.
    if (
      i === 0 ||
      service[i] !== service[i - 1] ||
      portName[i] !== portName[i - 1] ||
      protocol[i] !== protocol[i - 1]
    ) {
      const key = `${service[i]}\0${portName[i]}\0${protocol[i]}`
      port = ports.get(key) ?? { delivered: 0, shares: new Map() }
      ports.set(key, port)
    }
    port.delivered += connections[i]
    const place = placeOf(i)
    if (place < 0) continue
    port.shares.set(place, (port.shares.get(place) ?? 0) + share[i])
    loads[place] = (loads[place] ?? 0) + connections[i]
  }
  const expected: number[] = []
  const variance: number[] = []
  for (const { delivered, shares } of ports.values())
    for (const [place, p] of shares) {
      expected[place] = (expected[place] ?? 0) + delivered * p
      variance[place] = (variance[place] ?? 0) + delivered * p * Math.max(0, 1 - p)
    }
  return loads.map((load, place) => {
    const half = Z99 * Math.sqrt(variance[place])
    return {
      load,
      expected: expected[place],
      bandLow: Math.max(0, expected[place] - half),
      bandHigh: expected[place] + half,
    }
  })
}
