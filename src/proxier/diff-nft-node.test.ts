import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { EndpointSlice, Service } from '../cluster/objects.ts'
import { describeProblem } from '../problem/problem.ts'
import type { NftRuleset } from '../ruleset/nft-ruleset.ts'
import { parseNftables } from '../ruleset/parse-nftables.ts'
import { printNftRuleset } from '../ruleset/print-nftables.ts'
import { diffNftNode } from './diff-nft-node.ts'
import { nftablesRuleset } from './nftables-proxier.ts'
import { NFTABLES_PROXIER_CONFIG } from './proxier-config.ts'
import { makeEndpoint, makeNode, makeService, makeSlice, makeState } from './testing/make-objects.ts'
import { randomCluster, randomConfig } from './testing/random-cluster.ts'

const CONFIG = { ...NFTABLES_PROXIER_CONFIG, clusterCidrs: ['10.244.0.0/16'] }

function rulesOf(...objects: (EndpointSlice | Service)[]): NftRuleset {
  return nftablesRuleset(makeState(makeNode('a', { ip: '172.16.0.1' }), ...objects), 'a', CONFIG, 4)
}

/** A node's rules after somebody edited the dump. */
function edited(ruleset: NftRuleset, edit: (text: string) => string): NftRuleset {
  const read = parseNftables(edit(printNftRuleset(ruleset)))
  if (E.isLeft(read)) throw new Error(describeProblem(read.left))
  return read.right[0]
}

const web = makeService({ name: 'web', clusterIPs: ['10.96.0.1'] })
const slice = (...hosts: number[]) =>
  makeSlice(
    hosts.map(host => makeEndpoint(`10.244.0.${host}`)),
    { serviceName: 'web' },
  )
const two = rulesOf(web, slice(1, 2))

const rows = (loaded: NftRuleset, wanted: NftRuleset): string[] =>
  diffNftNode(loaded, wanted).map(
    ({ kind, label, holder, chain, rule, ruleCount }) =>
      `${kind} ${label?.service ?? '-'}:${label?.port ?? ''} ${holder} ${chain.replace(/-[A-Z2-7]{8}-/, '-…-')} ${rule === undefined ? `whole ${ruleCount}` : rule.text.replaceAll(/-[A-Z2-7]{8}-/g, '-…-')}`,
  )

describe('diffNftNode', () => {
  it('finds nothing in what kube-proxy wrote, whatever its affinity sets hold', () => {
    fc.assert(
      fc.property(randomCluster, randomConfig, ({ state }, parts) => {
        const config = { ...parts, mode: 'nftables' as const, chainNames: 'current' as const }
        const wanted = nftablesRuleset(state, 'a', config, 4)
        const loaded = edited(wanted, text =>
          text.replaceAll(/timeout 3h\n/g, 'timeout 3h\n\t\telements = { 10.0.0.1 expires 5s }\n'),
        )
        expect(diffNftNode(loaded, wanted)).toEqual([])
      }),
      { numRuns: 50 },
    )
  })

  it('names the Service of what an endpoint that went away left, but not of the chain it emptied', () => {
    const one = rulesOf(web, slice(1))
    expect(rows(two, one)).toEqual([
      'missing default/web:http chain service-…-default/web/tcp/http numgen random mod 1 vmap { 0 : goto endpoint-…-default/web/tcp/http__10.244.0.1/8080 }',
      'stale default/web:http chain endpoint-…-default/web/tcp/http__10.244.0.2/8080 whole 2',
      'stale default/web:http chain service-…-default/web/tcp/http numgen random mod 2 vmap { 0 : goto endpoint-…-default/web/tcp/http__10.244.0.1/8080, 1 : goto endpoint-…-default/web/tcp/http__10.244.0.2/8080 }',
    ])
    const emptied = edited(one, text =>
      text.replace(/}\n$/, '\tchain endpoint-ABCDEFGH-default/web/tcp/http__10.244.0.9/80 {\n\t}\n}\n'),
    )
    expect(rows(emptied, one)).toEqual([])
  })

  it('names the Services of elements', () => {
    expect(rows(two, rulesOf()).filter(row => !row.includes('chain'))).toEqual([
      'stale default/web: set cluster-ips 10.96.0.1',
      'stale default/web:http map service-ips 10.96.0.1 . tcp . 80 : goto service-…-default/web/tcp/http',
    ])
    expect(rows(rulesOf(), rulesOf(web)).map(row => row.replace(/ comment.*/, ''))).toEqual([
      'missing default/web: set cluster-ips 10.96.0.1',
      'missing default/web:http map no-endpoint-services 10.96.0.1 . tcp . 80',
    ])
  })

  it('tells foreign rules, elements and chains from stale ones', () => {
    const loaded = edited(two, text =>
      text
        .replace('\t\tjump services\n', '\t\tjump services\n\t\tip saddr 198.51.100.7 drop\n')
        .replace('elements = { 10.96.0.1 }', 'elements = { 10.96.0.1, 10.96.0.9 }')
        .replace(/}\n$/, '\tchain mine {\n\t\tdrop\n\t}\n}\n'),
    )
    expect(rows(loaded, two)).toEqual([
      'foreign -: set cluster-ips 10.96.0.9',
      'foreign -: chain mine whole 1',
      'foreign -: chain nat-prerouting ip saddr 198.51.100.7 drop',
    ])
  })

  it('takes settings of another kube-proxy for stale', () => {
    const otherBit = nftablesRuleset(
      makeState(makeNode('a', { ip: '172.16.0.1' })),
      'a',
      { ...CONFIG, masqueradeBit: 3 },
      4,
    )
    const found = rows(otherBit, rulesOf())
    expect(found.filter(row => row.startsWith('foreign'))).toEqual([])
    expect(found).toContain('stale -: chain mark-for-masquerade meta mark set meta mark | 0x00000008')
  })

  it('says that all is missing where kube-proxy never ran', () => {
    const found = rows({ family: 4, tables: [] }, two)
    expect(found).toContain('missing default/web:http chain endpoint-…-default/web/tcp/http__10.244.0.1/8080 whole 2')
    expect(found.every(row => row.startsWith('missing'))).toBe(true)
  })
})
