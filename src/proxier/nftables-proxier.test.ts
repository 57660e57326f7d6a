import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { NftRuleset } from '../ruleset/nft-ruleset.ts'
import { parseNftables } from '../ruleset/parse-nftables.ts'
import { printNftRules } from '../ruleset/print-nft-rule.ts'
import { printNftRuleset } from '../ruleset/print-nftables.ts'
import { nftablesNames } from './nftables-names.ts'
import { nftablesRuleset, nftablesViews } from './nftables-proxier.ts'
import { NFTABLES_PROXIER_CONFIG, type ProxierConfig } from './proxier-config.ts'
import { servicePorts } from './service-ports.ts'
import { makeEndpoint, makeNode, makePort, makeService, makeSlice, makeState } from './testing/make-objects.ts'
import { randomCluster, randomConfig } from './testing/random-cluster.ts'
import { uncontested } from './testing/uncontested.ts'

const CONFIG: ProxierConfig = { ...NFTABLES_PROXIER_CONFIG, clusterCidrs: ['10.244.0.0/16'] }

/** The rules of a Service's chain, by the beginning of its name, as text. */
function rulesOf(ruleset: NftRuleset, chain: string): string[] {
  const found = [...ruleset.tables[0].chains.values()].find(c => c.name.startsWith(chain) && c.name.includes('/'))
  return found === undefined ? [] : printNftRules(found.rules, ruleset.family).split('\n')
}

describe('nftablesRuleset', () => {
  it('matches the port of masqueraded traffic up to release 1.33', () => {
    const state = makeState(makeNode('a'), makeService(), makeSlice(['10.244.0.5']))
    const masquerade = (parts: Partial<ProxierConfig>): string =>
      rulesOf(nftablesRuleset(state, 'a', { ...CONFIG, ...parts }, 4), 'service-')[0]
    const rest = 'jump mark-for-masquerade'
    expect(masquerade({ release: '1.34' })).toBe(`ip daddr 10.96.0.10 ip saddr != 10.244.0.0/16 ${rest}`)
    expect(masquerade({ release: '1.33' })).toBe(`ip daddr 10.96.0.10 tcp dport 80 ip saddr != 10.244.0.0/16 ${rest}`)
    expect(masquerade({ release: '1.34', masqueradeAll: true })).toBe(`ip daddr 10.96.0.10 ${rest}`)
    expect(masquerade({ release: '1.33', masqueradeAll: true })).toBe(`ip daddr 10.96.0.10 tcp dport 80 ${rest}`)
  })

  it('knows no other releases', () => {
    const state = makeState(makeNode('a'))
    for (const release of ['1.32', '1.36', '', 'constructor'])
      expect(() => nftablesRuleset(state, 'a', { ...CONFIG, release }, 4)).toThrow('are known')
  })

  it('needs the node in the state', () => {
    expect(() => nftablesRuleset(makeState(makeNode('a')), 'b', CONFIG, 4)).toThrow('no Node b')
  })

  it('merges source ranges as nft does', () => {
    const firewall = (ranges: readonly string[], vip = '203.0.113.1'): string[] => {
      const service = makeService({
        type: 'LoadBalancer',
        loadBalancerIngress: [{ ip: vip }],
        loadBalancerSourceRanges: ranges,
      })
      return rulesOf(
        nftablesRuleset(makeState(makeNode('a', { ip: '172.18.0.2' }), service), 'a', CONFIG, 4),
        'firewall-',
      )
    }
    expect(firewall([])).toEqual([])
    expect(firewall(['192.0.2.0/24'])).toEqual(['ip saddr != 192.0.2.0/24 drop'])
    expect(firewall(['192.0.2.1/32'])).toEqual(['ip saddr != 192.0.2.1 drop'])
    expect(firewall(['192.0.2.0/24', '10.0.0.0/9', '10.128.0.0/9'])).toEqual([
      'ip saddr != { 10.0.0.0/8, 192.0.2.0/24 } drop',
    ])
    expect(firewall(['10.0.0.0/9', '10.128.0.0/10'])).toEqual(['ip saddr != { 10.0.0.0-10.191.255.255 } drop'])
    expect(firewall(['172.18.0.0/16'])).toEqual(['ip saddr != { 172.18.0.0/16, 203.0.113.1 } drop'])
    expect(firewall(['172.18.0.0/16'], '172.18.9.9')).toEqual(['ip saddr != { 172.18.0.0/16 } drop'])
    expect(firewall(['192.0.2.0/24', '0.0.0.0/0'])).toEqual([])
  })

  it('prints what reads back to the same text', () => {
    fc.assert(
      fc.property(randomCluster, randomConfig, ({ state }, config) => {
        const text = printNftRuleset(nftablesRuleset(state, 'a', config, 4))
        const read = parseNftables(text)
        expect(E.isRight(read) && read.right.map(printNftRuleset).join('')).toBe(text)
      }),
    )
  })
})

describe('nftablesNames', () => {
  it('cuts what is too long for nft', () => {
    const long = 'x'.repeat(63)
    const endpoint = makeEndpoint('fd00:1111:2222:3333:4444:5555:6666:7777')
    const port = makePort({ name: long, protocol: 'SCTP', targetPort: 65535 })
    const state = makeState(
      makeService({ namespace: long, name: long, clusterIPs: ['fd00:96::1'], ports: [port] }),
      makeSlice([endpoint], {
        namespace: long,
        serviceName: long,
        addressType: 'IPv6',
        ports: [{ name: long, protocol: 'SCTP', port: 65535 }],
      }),
    )
    const [names] = servicePorts(state, 6).map(nftablesNames)
    expect(names.cluster).toHaveLength('service-'.length + 9 + 3 * 63 + 7)
    expect(names.endpoints[0]).toHaveLength('endpoint-'.length + 240)
    expect(names.endpoints[0]).toMatch(/__fd00\.1111\.2222\.3333\.4444.*\.\.\.$/)
  })
})

describe('nftablesViews', () => {
  it('gives every node the ruleset it would have alone, and equal rulesets, chains and sets once', () => {
    fc.assert(
      fc.property(randomCluster.map(uncontested), randomConfig, ({ state, nodeNames }, config) => {
        const { views, viewOfNode } = nftablesViews(state, nodeNames, config, 4)
        const texts = views.map(printNftRuleset)
        nodeNames.forEach((name, i) => {
          expect(texts[viewOfNode[i]]).toBe(printNftRuleset(nftablesRuleset(state, name, config, 4)))
        })
        expect(new Set(texts).size).toBe(views.length)
        const seen = new Map<string, unknown>()
        const expectOnce = (key: string, value: unknown): void => {
          expect(seen.get(key) ?? value, key).toBe(value)
          seen.set(key, value)
        }
        for (const { tables } of views) {
          const [{ chains, sets }] = tables
          for (const chain of chains.values()) expectOnce(`${chain.name} ${printNftRules(chain.rules, 4)}`, chain)
          for (const set of sets.values()) expectOnce(`${set.name} ${JSON.stringify([...set.elements], bigints)}`, set)
        }
      }),
    )
  })

  it('says what the chains of endpoints stand for, and makes nothing of no nodes', () => {
    const state = makeState(makeNode('a'), makeNode('b'), makeService(), makeSlice(['10.244.0.5', '10.244.0.6']))
    const { views, viewOfNode, endpointChains, servicePorts: ports } = nftablesViews(state, ['a', 'b'], CONFIG, 4)
    expect([...viewOfNode]).toEqual([0, 0])
    expect(ports.map(p => p.name)).toEqual(['web'])
    expect([...endpointChains.values()]).toEqual([
      { servicePort: 0, endpoint: 0 },
      { servicePort: 0, endpoint: 1 },
    ])
    for (const name of endpointChains.keys()) expect(views[0].tables[0].chains.has(name)).toBe(true)
    expect(nftablesViews(makeState(), [], CONFIG, 4).views).toEqual([])
  })
})

const bigints = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}` : value)
