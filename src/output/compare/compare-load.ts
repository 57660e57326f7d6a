/**
 * Is the load of endpoints the same in two runs? Service port by Service port, over the endpoints that both have: connections of each
 * endpoint as a table of two rows, chi-square and degrees of freedom added up. A Service port whose endpoints are others in the other run is left out.
 */
import type { ColumnTable } from '../../arrow/column-table.ts'
import { chiSquareTail } from '../../metrics/chi-square.ts'
import { compareCounts, type TestResult } from '../../metrics/two-samples.ts'
import { numbersOf, tableNamed, textsOf } from '../column-values.ts'

export interface LoadComparison {
  readonly result: TestResult
  readonly tested: number
  /** Service ports that are in one run alone, or have other endpoints there. */
  readonly others: number
  /** Service ports of either run whose connections do not choose each for itself (ClientIP affinity): no chi-square is fit for them. */
  readonly dependent: number
}

export function compareLoad(before: readonly ColumnTable[], after: readonly ColumnTable[]): LoadComparison {
  const a = loads(before)
  const b = loads(after)
  let statistic = 0
  let degreesOfFreedom = 0
  let tested = 0
  let others = 0
  const dependent = new Set([...dependentPorts(before), ...dependentPorts(after)])
  for (const [service, loadA] of a) {
    if (dependent.has(service)) continue
    const loadB = b.get(service)
    if (loadB === undefined || !sameKeys(loadA, loadB)) {
      others++
      continue
    }
    const endpoints = [...loadA.keys()]
    const result = compareCounts(
      endpoints.map(e => loadA.get(e)!),
      endpoints.map(e => loadB.get(e)!),
    )
    if (result.test === 'too few') continue
    statistic += result.statistic
    degreesOfFreedom += result.degreesOfFreedom
    tested++
  }
  for (const service of b.keys()) if (!a.has(service) && !dependent.has(service)) others++
  const result: TestResult =
    tested === 0
      ? { test: 'too few', statistic: NaN, degreesOfFreedom: 0, pValue: NaN }
      : { test: 'chi-square', statistic, degreesOfFreedom, pValue: chiSquareTail(statistic, degreesOfFreedom) }
  return { result, tested, others, dependent: dependent.size }
}

/** Those without a chi-square though it has endpoints to choose from. */
function dependentPorts(tables: readonly ColumnTable[]): string[] {
  const services = tableNamed(tables, 'services')
  const [namespace, name, portName, protocol] = ['namespace', 'name', 'portName', 'protocol'].map(c =>
    textsOf(services, c),
  )
  const [endpoints, delivered, degrees] = ['endpoints', 'delivered', 'degreesOfFreedom'].map(c =>
    numbersOf(services, c),
  )
  return Array.from({ length: services.rowCount }, (_, i) => i)
    .filter(i => endpoints[i] > 1 && delivered[i] > 0 && Number.isNaN(degrees[i]))
    .map(i => JSON.stringify([`${namespace[i]}/${name[i]}`, portName[i], protocol[i]]))
}

type Loads = Map<string, Map<string, number>>

/** Connections by Service port and endpoint. */
function loads(tables: readonly ColumnTable[]): Loads {
  const endpoints = tableNamed(tables, 'endpoints')
  const [service, portName, protocol, address] = ['service', 'portName', 'protocol', 'address'].map(name =>
    textsOf(endpoints, name),
  )
  const port = numbersOf(endpoints, 'port')
  const connections = numbersOf(endpoints, 'connections')
  const found: Loads = new Map()
  for (let i = 0; i < endpoints.rowCount; i++) {
    const key = JSON.stringify([service[i], portName[i], protocol[i]])
    let own = found.get(key)
    if (own === undefined) {
      own = new Map()
      found.set(key, own)
    }
    own.set(`${address[i]} ${port[i]}`, connections[i])
  }
  return found
}

const sameKeys = (a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean =>
  a.size === b.size && [...a.keys()].every(key => b.has(key))
