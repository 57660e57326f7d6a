import { describe, expect, it } from 'vitest'
import { makeRun } from '../../test/make-run-json.ts'
import { tableNamed, textsOf } from './column-values.ts'
import { endpointPlaces, nodePlaces, zonePlaces } from './expected-loads.ts'

const { tables } = makeRun({ serviceSizes: [4, 2, 1, 0], nodes: 3, connections: () => 600 })
const endpoints = tableNamed(tables, 'endpoints')
const nodes = textsOf(tableNamed(tables, 'nodes'), 'node')

describe('expected loads', () => {
  it('of endpoints are their share, with the band of a binomial', () => {
    const places = endpointPlaces(endpoints)
    expect(places.map(p => p.expected)).toEqual([150, 150, 150, 150, 300, 300, 600])
    const half = 2.576 * Math.sqrt(600 * 0.25 * 0.75)
    expect(places[0].bandLow).toBeCloseTo(150 - half, 9)
    expect(places[0].bandHigh).toBeCloseTo(150 + half, 9)
    // The only endpoint gets all, whatever chance does.
    expect([places[6].load, places[6].bandLow, places[6].bandHigh]).toEqual([600, 600, 600])
  })

  it('of nodes are those of their endpoints; two of one Service are one choice', () => {
    // Endpoints 0 to 6 lie on nodes 0, 1, 2, 0, 1, 2, 0.
    const places = nodePlaces(endpoints, nodes)
    expect(places.map(p => p.expected)).toEqual([150 + 150 + 600, 150 + 300, 150 + 300])
    expect(places[0].bandHigh - places[0].expected).toBeCloseTo(2.576 * Math.sqrt(600 * 0.5 * 0.5), 9)
    expect(places[1].bandHigh - places[1].expected).toBeCloseTo(2.576 * Math.sqrt(600 * 0.25 * 0.75 + 600 * 0.25), 9)
    expect(places.reduce((sum, p) => sum + p.load, 0)).toBe(1_800)
  })

  it('of zones are those of the nodes in them', () => {
    const zones = textsOf(tableNamed(tables, 'zones'), 'zone')
    const zone = textsOf(tableNamed(tables, 'nodes'), 'zone')
    const ofNodes = nodePlaces(endpoints, nodes)
    const places = zonePlaces(endpoints, tableNamed(tables, 'nodes'), [...zones, 'nowhere'])
    const summed = zones.map(z => ofNodes.reduce((sum, p, n) => sum + (zone[n] === z ? p.expected : 0), 0))
    expect(places.map(p => p.expected)).toEqual([...summed, 0])
    expect(places.reduce((sum, p) => sum + p.load, 0)).toBe(1_800)
    for (const { bandLow, bandHigh, expected } of places) expect(bandLow + bandHigh).toBeCloseTo(2 * expected, 9)
  })

  it('of a node without endpoints, and of nodes nobody knows, are nothing', () => {
    expect(nodePlaces(endpoints, ['elsewhere'])).toEqual([{ load: 0, expected: 0, bandLow: 0, bandHigh: 0 }])
    expect(nodePlaces(endpoints, [])).toEqual([])
  })
})
