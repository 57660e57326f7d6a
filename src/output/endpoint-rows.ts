/**
 * The endpoints that some node's rules can choose, Service port by Service port, each in the place it has there: what their rows say
 * whatever the tallies do, and which DNAT rules translate to each (several where nodes differ).
 */
import { nodeZone, objectKey } from '../cluster/objects.ts'
import { formatIp, type IpFamily } from '../net/ip.ts'
import type { ServiceEndpoint } from '../proxier/service-endpoints.ts'
import type { ExpectedShares } from '../replay/expected-shares.ts'
import type { PlannedRun } from '../replay/plan-run.ts'
import type { EndpointColumns } from './run-result.ts'

export interface EndpointRows {
  /** Endpoints of row r of the run's Service ports are firstOfRow[r] … firstOfRow[r + 1] - 1. */
  readonly firstOfRow: Uint32Array
  /** By DNAT id of a family: the endpoint it translates to. */
  readonly endpointOfDnat: Readonly<Record<IpFamily, Uint32Array>>
  /** Connections that the rules' own probabilities give each. */
  readonly expected: Float64Array
  readonly columns: Omit<EndpointColumns, 'connections' | 'packets' | 'share'>
}

export function endpointRows(run: PlannedRun, shares: ExpectedShares): EndpointRows {
  const firstPlace = firstPlaces(run)
  const placeOfDnat = { 4: placesOfDnat(run, 4, firstPlace), 6: placesOfDnat(run, 6, firstPlace) }
  // Places in the lists of all Service ports, then of those alone that some rule translates to.
  const isChosen = new Uint8Array(firstPlace[run.rows.length])
  for (const family of [4, 6] as const) for (const place of placeOfDnat[family]) isChosen[place] = 1
  const numbers = new Uint32Array(isChosen.length)
  const firstOfRow = new Uint32Array(run.rows.length + 1)
  const rowOf: number[] = []
  const endpoints: ServiceEndpoint[] = []
  run.rows.forEach(({ port }, row) => {
    for (let e = 0; e < port.endpoints.length; e++) {
      if (isChosen[firstPlace[row] + e] === 0) continue
      numbers[firstPlace[row] + e] = endpoints.length
      rowOf.push(row)
      endpoints.push(port.endpoints[e])
    }
    firstOfRow[row + 1] = endpoints.length
  })
  const endpointOfDnat = { 4: placeOfDnat[4].map(p => numbers[p]), 6: placeOfDnat[6].map(p => numbers[p]) }
  const expected = expectedOf(run, shares, endpointOfDnat, endpoints.length)
  return {
    firstOfRow,
    endpointOfDnat,
    expected,
    columns: columnsOf(run, rowOf, endpoints, sharesOfRows(expected, firstOfRow)),
  }
}

/** By row: where its endpoints begin in the lists of all rows, one behind the other. */
function firstPlaces(run: PlannedRun): Uint32Array {
  const first = new Uint32Array(run.rows.length + 1)
  run.rows.forEach(({ port }, row) => {
    first[row + 1] = first[row] + port.endpoints.length
  })
  return first
}

/** By DNAT id of the family: its endpoint's place in those lists. */
function placesOfDnat({ families }: PlannedRun, family: IpFamily, firstPlace: Uint32Array): Uint32Array {
  const own = families[family]
  if (own === null) return new Uint32Array()
  return Uint32Array.from(own.chainOfDnat, chain => {
    const { servicePort, endpoint } = own.views.endpointChains.get(chain)!
    return firstPlace[own.firstRow + servicePort] + endpoint
  })
}

function expectedOf(
  run: PlannedRun,
  shares: ExpectedShares,
  endpointOfDnat: EndpointRows['endpointOfDnat'],
  count: number,
): Float64Array {
  const ofDnat = { 4: new Float64Array(endpointOfDnat[4].length), 6: new Float64Array(endpointOfDnat[6].length) }
  run.rowOfDestination.forEach((row, d) => {
    const own = ofDnat[run.rows[row].family]
    for (let entry = shares.start[d]; entry < shares.start[d + 1]; entry++)
      own[shares.dnat[entry]] += shares.backendConnections[entry]
  })
  return summedByEndpoint(ofDnat, endpointOfDnat, count)
}

/** What a family's DNAT rules have, added up by endpoint. */
export function summedByEndpoint(
  ofDnat: Readonly<Partial<Record<IpFamily, Float64Array>>>,
  endpointOfDnat: EndpointRows['endpointOfDnat'],
  count: number,
): Float64Array {
  const sum = new Float64Array(count)
  for (const family of [4, 6] as const)
    endpointOfDnat[family].forEach((endpoint, dnat) => {
      sum[endpoint] += ofDnat[family]![dnat]
    })
  return sum
}

function columnsOf(
  run: PlannedRun,
  rowOf: readonly number[],
  endpoints: readonly ServiceEndpoint[],
  expectedShare: Float64Array,
): EndpointRows['columns'] {
  const zoneOf = new Map(run.nodes.map(node => [node.name, nodeZone(node)]))
  const ports = run.rows.map(({ port }) => port)
  const services = ports.map(objectKey)
  return {
    service: rowOf.map(row => services[row]),
    portName: rowOf.map(row => ports[row].portName),
    protocol: rowOf.map(row => ports[row].protocol),
    address: endpoints.map(({ address }) => formatIp(address)),
    port: Uint16Array.from(endpoints, ({ port }) => port),
    pod: endpoints.map(({ endpoint: { podName } }, i) =>
      podName === '' ? '' : `${ports[rowOf[i]].namespace}/${podName}`,
    ),
    node: endpoints.map(({ endpoint }) => endpoint.nodeName),
    zone: endpoints.map(({ endpoint }) => endpoint.zone || (zoneOf.get(endpoint.nodeName) ?? '')),
    expectedShare,
  }
}

/** Each value as a share of its row's sum; NaN where that is 0. */
export function sharesOfRows(values: Float64Array, firstOfRow: Uint32Array): Float64Array {
  const shares = new Float64Array(values.length)
  for (let row = 0; row + 1 < firstOfRow.length; row++) {
    let sum = 0
    for (let i = firstOfRow[row]; i < firstOfRow[row + 1]; i++) sum += values[i]
    for (let i = firstOfRow[row]; i < firstOfRow[row + 1]; i++) shares[i] = values[i] / sum
  }
  return shares
}
