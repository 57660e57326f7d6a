import { describe, expect, it } from 'vitest'
import { parseIp, parsePrefix, prefixContains } from '../net/ip.ts'
import { benchmarkClients } from './benchmark-clients.ts'

describe('clients for benchmarks', () => {
  it('are as many as asked for in each family, all different, within their ranges', () => {
    expect(benchmarkClients(0)).toEqual([])
    expect(benchmarkClients(1)).toEqual(['198.18.0.1', '2001:2::1'])
    const many = benchmarkClients(65_536)
    expect(new Set(many).size).toBe(2 * 65_536)
    const ranges = ['198.18.0.0/15', '2001:2::/48'].map(text => parsePrefix(text)!)
    many.forEach((text, i) => {
      if (!prefixContains(ranges[i % 2], parseIp(text)!)) throw new Error(text)
    })
  })
})
