import { describe, expect, it } from 'vitest'
import { makeRun } from '../../test/make-run-json.ts'
import { makeRunResult, makeSweep, type RunResultOptions } from '../../test/make-run-result.ts'
import { distribution } from '../metrics/distribution.ts'
import { resultTables } from './arrow-tables.ts'
import { evenness } from './evenness.ts'
import { findings } from './findings.ts'

const foundFor = (options: RunResultOptions = {}) => {
  const { run, tables } = makeRun(options)
  return findings(run, tables)
}

describe('findings', () => {
  it('answer with rules, cost, evenness and what failed', () => {
    expect(foundFor({ serviceSizes: [3, 1, 2, 0] }).answer).toMatchInlineSnapshot(`
      [
        "A new connection passes 100 µs of kernel time beyond 9,000 Services with iptables-legacy, beyond 5,000 Services with iptables-nft and at no number of Services with nftables; here it costs 12.3, 11.3 and 10.3 µs.",
        "A node carries 41 nat rules; a new connection evaluates 27 rules at the median, 31 at the 99th percentile and 31 at most, over both hops.",
        "The load is as even as chance allows around the shares the rules give (0 of 2 Service ports tested have p < 0.001, where chance gives 0.002); the busiest endpoint of shop/web-2 has 1.05 times the mean of its Service, and every endpoint got some.",
        "Of 2,400 connections 600 were rejected.",
      ]
    `)
  })

  it('have three numbers', () => {
    expect(foundFor().keyNumbers).toMatchInlineSnapshot(`
      [
        {
          "label": "Services until a new connection costs 100 µs, iptables-nft",
          "note": "9,000 with iptables-legacy, any number with nftables; for the slowest hundredth 3,000",
          "value": "5,000",
        },
        {
          "label": "new connections a second a core carries here, iptables-nft",
          "note": "11.3 µs each; 81,000 with iptables-legacy, 83,000 with nftables",
          "value": "82,000",
        },
        {
          "label": "busiest endpoint over mean, in the worst Service",
          "note": "shop/web-2, p = 0.221; every endpoint got some",
          "value": "1.05×",
        },
      ]
    `)
  })

  it('say so when nothing was asked for, nothing arrived, or too little came', () => {
    expect(foundFor({ connections: () => 0 }).answer).toEqual([
      'A node carries 39 nat rules; no connection was asked for.',
    ])
    expect(foundFor({ serviceSizes: [0] }).answer.slice(2)).toEqual([
      'No connection reached an endpoint.',
      'Of 600 connections 600 were rejected.',
    ])
    expect(foundFor({ serviceSizes: [3], connections: () => 4 }).answer[2]).toContain(
      'Too few connections per endpoint',
    )
  })

  it('answer a sweep with its ends', () => {
    const { run, tables } = makeRun({ serviceSizes: [1_000], connections: () => 20_000 }, { sweep: makeSweep() })
    expect(findings(run, tables).answer).toMatchInlineSnapshot(`
      [
        "As cluster.workloads[0].replicas goes from 1 to 1,000, the rules a new connection evaluates go from 30.5 to 530 on average (p99 from 31 to 1,030), and the nat rules of a node, as kube-proxy counts them, from 23 to 3,020; the busiest endpoint carries 1.01 to 1.32 times the mean, most where cluster.workloads[0].replicas is 1,000.",
        "A new connection passes 100 µs of kernel time beyond 9,000 Services with iptables-legacy, beyond 5,000 Services with iptables-nft and at no number of Services with nftables; here it costs 12.3, 11.3 and 10.3 µs.",
        "At the last step the load is as even as chance allows around the shares the rules give (p = 0.686 in the one Service port tested); the busiest endpoint of shop/web-0 has 1.75 times the mean of its Service, and every endpoint got some.",
      ]
    `)
  })
})

describe('evenness', () => {
  const testedAgainst = (p: readonly number[]) => {
    const result = makeRunResult({ serviceSizes: p.map(() => 2), connections: () => 20 })
    const services = {
      ...result.services,
      distribution: result.services.distribution.map((d, i) => ({ ...d, pValue: p[i] })),
    }
    return evenness(resultTables({ ...result, services }))
  }

  it('tests only Service ports with two endpoints and five connections expected at each', () => {
    const e = evenness(
      resultTables(makeRunResult({ serviceSizes: [1, 2, 2, 0], connections: i => [600, 9, 10, 600][i] })),
    )
    expect([e.tested, e.worst.map(w => w.service)]).toEqual([1, ['shop/web-2']])
  })

  it('counts Services below p = 0.001 against those that chance gives', () => {
    const none = testedAgainst(Array(1_000).fill(0.5))
    expect(none).toMatchObject({ tested: 1_000, significant: 0, significantByChance: 1, moreThanChance: false })
    expect(testedAgainst([...Array(997).fill(0.5), 1e-9, 0, 0.0009])).toMatchObject({
      significant: 3,
      moreThanChance: false,
    })
    expect(testedAgainst([...Array(980).fill(0.5), ...Array(20).fill(1e-9)])).toMatchObject({
      significant: 20,
      moreThanChance: true,
    })
    expect(testedAgainst([0])).toMatchObject({ significant: 1, moreThanChance: true })
  })

  it('lists ten Services, the largest max / mean first', () => {
    const { worst } = evenness(resultTables(makeRunResult({ serviceSizes: Array(14).fill(5) })))
    const ratios = worst.map(w => w.maxOverMean)
    expect(ratios).toEqual(ratios.toSorted((a, b) => b - a))
    expect(worst.length).toBe(10)
  })

  it('measures all endpoints together as distribution does', () => {
    const result = makeRunResult({ serviceSizes: [3, 20] })
    const { overall, idleEndpoints } = evenness(resultTables(result))
    const { gini, jain, maxOverMean, idle } = distribution(result.endpoints.connections, Array(23).fill(1 / 23))
    expect(overall).toMatchObject({ gini, jain, maxOverMean, idle })
    expect(idleEndpoints).toBe(idle)
  })
})
