import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { EndpointSlice, Service } from '../cluster/objects.ts'
import { parseIptables } from '../ruleset/parse-iptables.ts'
import { printRuleset } from '../ruleset/print-iptables.ts'
import type { Ruleset } from '../ruleset/ruleset.ts'
import { diffNode } from './diff-node.ts'
import { iptablesRuleset } from './iptables-proxier.ts'
import { DEFAULT_PROXIER_CONFIG } from './proxier-config.ts'
import { makeEndpoint, makeNode, makePort, makeService, makeSlice, makeState } from './testing/make-objects.ts'
import { randomCluster, randomConfig } from './testing/random-cluster.ts'

const CONFIG = { ...DEFAULT_PROXIER_CONFIG, clusterCidrs: ['10.244.0.0/16'] }

function rulesOf(...objects: (EndpointSlice | Service)[]): Ruleset {
  return iptablesRuleset(makeState(makeNode('a', { ip: '172.16.0.1' }), ...objects), 'a', CONFIG, 4)
}

/** A node's rules after somebody edited the lines of its dump. */
function edited(ruleset: Ruleset, edit: (lines: string[]) => string[]): Ruleset {
  const read = parseIptables(edit(printRuleset(ruleset).split('\n')).join('\n'))
  if (E.isLeft(read)) throw new Error('the edited dump is not read')
  return read.right.ruleset
}

/** Puts lines at the end of the named table. */
const withLines =
  (table: string, ...added: string[]) =>
  (lines: string[]): string[] =>
    lines.toSpliced(lines.indexOf('COMMIT', lines.indexOf(`*${table}`)), 0, ...added)

const servicesReversed = (ruleset: Ruleset): Ruleset => ({
  ...ruleset,
  tables: ruleset.tables.map(table => ({
    ...table,
    chains: new Map(
      [...table.chains].map(([name, chain]) =>
        /^KUBE-(SERVICES|NODEPORTS|EXTERNAL-SERVICES|PROXY-FIREWALL)$/.test(name)
          ? [name, { ...chain, rules: [...chain.rules].reverse() }]
          : [name, chain],
      ),
    ),
  })),
})

const web = makeService({ name: 'web', clusterIPs: ['10.96.0.1'] })
const slice = (...hosts: number[]) =>
  makeSlice(
    hosts.map(host => makeEndpoint(`10.244.0.${host}`)),
    { serviceName: 'web' },
  )
const three = rulesOf(web, slice(1, 2, 3))

const rows = (loaded: Ruleset, wanted: Ruleset): string[] =>
  diffNode(loaded, wanted).map(
    ({ kind, label, table, chain, rule, ruleCount }) =>
      `${kind} ${label?.service ?? '-'}:${label?.port ?? ''} ${table} ${chain.replace(/-[A-Z2-7]{16}$/, '-…')} ${rule === undefined ? `whole ${ruleCount}` : rule.index}`,
  )

describe('diffNode', () => {
  it('finds nothing in what kube-proxy wrote, in any order of Services, counters and comments aside', () => {
    fc.assert(
      fc.property(randomCluster, randomConfig, fc.boolean(), ({ state }, config, reversed) => {
        const wanted = iptablesRuleset(state, 'a', config, 4)
        const loaded = edited(reversed ? servicesReversed(wanted) : wanted, lines =>
          lines.map(line => line.replace(/ -m comment --comment ("[^"]*"|\S+)/, '').replace('[0:0]', '[7:9]')),
        )
        expect(diffNode(loaded, wanted)).toEqual([])
      }),
      { numRuns: 50 },
    )
  })

  it('finds every rule that is taken out, once', () => {
    fc.assert(
      fc.property(randomCluster, fc.nat(), ({ state }, n) => {
        const wanted = iptablesRuleset(state, 'a', CONFIG, 4)
        const rules = printRuleset(wanted)
          .split('\n')
          .filter(line => line.startsWith('-A') && !line.endsWith('-j KUBE-FIREWALL'))
        const lost = rules[n % rules.length]
        const loaded = edited(wanted, lines => lines.toSpliced(lines.indexOf(lost), 1))
        const found = diffNode(loaded, wanted)
        expect(found.map(d => d.kind)).toEqual(['missing'])
        expect(`-A ${found[0].chain} ${found[0].rule?.text}`).toBe(lost)
      }),
      { numRuns: 50 },
    )
  })

  it('names the Service of what an endpoint that went away left', () => {
    expect(rows(three, rulesOf(web, slice(1, 3)))).toEqual([
      'missing default/web:http nat KUBE-SVC-… 1',
      'stale default/web:http nat KUBE-SEP-… whole 2',
      'stale default/web:http nat KUBE-SVC-… 1',
      'stale default/web:http nat KUBE-SVC-… 2',
    ])
  })

  it('names the Service of what an endpoint that came lacks', () => {
    expect(rows(rulesOf(web, slice(1, 3)), three)).toEqual([
      'missing default/web:http nat KUBE-SEP-… whole 2',
      'missing default/web:http nat KUBE-SVC-… 1',
      'missing default/web:http nat KUBE-SVC-… 2',
      'stale default/web:http nat KUBE-SVC-… 1',
    ])
  })

  it('names Services that are gone, and knows their chains without comments', () => {
    const bare = edited(three, lines =>
      lines.map(line => line.replace(/^(-A KUBE-S(?:EP|VC)-.*?) -m comment --comment ("[^"]*"|\S+)/, '$1')),
    )
    expect(rows(bare, rulesOf())).toEqual([
      ...['whole 2', 'whole 2', 'whole 2'].map(whole => `stale default/web:http nat KUBE-SEP-… ${whole}`),
      'stale default/web:http nat KUBE-SERVICES 0',
      'stale default/web:http nat KUBE-SVC-… whole 4',
    ])
  })

  it('tells foreign rules and chains from stale ones', () => {
    const loaded = edited(
      three,
      withLines(
        'filter',
        ':KUBE-MINE - [0:0]',
        '-A KUBE-MINE -j DROP',
        '-A FORWARD -j KUBE-MINE',
        '-A FORWARD -j ACCEPT',
        '-A KUBE-FORWARD -s 10.0.0.0/8 -j DROP',
        '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack pod source rule" -j ACCEPT',
      ),
    )
    expect(rows(loaded, three)).toEqual([
      'stale -: filter KUBE-FORWARD 4',
      'foreign -: filter FORWARD 4',
      'foreign -: filter KUBE-FORWARD 3',
      'foreign -: filter KUBE-MINE whole 1',
    ])
    expect(rows(edited(three, withLines('nat', '-A KUBE-SERVICES -d 1.2.3.4/32 -j DROP')), three)).toEqual([
      'foreign -: nat KUBE-SERVICES 2',
    ])
  })

  it('takes settings of another kube-proxy for stale', () => {
    const otherBit = iptablesRuleset(
      makeState(makeNode('a', { ip: '172.16.0.1' })),
      'a',
      { ...CONFIG, masqueradeBit: 3 },
      4,
    )
    const found = rows(otherBit, rulesOf())
    expect(found.filter(row => row.startsWith('foreign'))).toEqual([])
    expect(found).toContain('stale -: nat KUBE-MARK-MASQ 0')
    expect(found).toContain('missing -: nat KUBE-MARK-MASQ 0')
  })

  it('minds the order of rules where it counts', () => {
    const loaded = edited(three, lines => {
      const choice = lines.findIndex(line => /^-A KUBE-SVC-.*statistic/.test(line))
      return lines.toSpliced(choice, 2, lines[choice + 1], lines[choice])
    })
    expect(rows(loaded, three)).toHaveLength(2)
  })

  it('leaves what the kubelet keeps alone', () => {
    const kubelets = [
      withLines('mangle', ':KUBE-IPTABLES-HINT - [0:0]', ':KUBE-KUBELET-CANARY - [0:0]'),
      withLines('nat', ':KUBE-MARK-DROP - [0:0]', '-A KUBE-MARK-DROP -j MARK --set-xmark 0x8000/0x8000'),
      withLines(
        'filter',
        '-A INPUT -j KUBE-FIREWALL',
        '-A KUBE-FIREWALL -m comment --comment "kubernetes firewall for dropping marked packets" -m mark --mark 0x8000/0x8000 -j DROP',
      ),
    ]
    const loaded = kubelets.reduce(edited, three)
    expect(rows(loaded, three)).toEqual([])
    const withoutLocalhost = iptablesRuleset(
      makeState(makeNode('a', { ip: '172.16.0.1' }), web, slice(1, 2, 3)),
      'a',
      { ...CONFIG, localhostNodePorts: false },
      4,
    )
    expect(rows(kubelets.reduce(edited, withoutLocalhost), withoutLocalhost)).toEqual([])
    expect(rows(edited(loaded, withLines('filter', '-A KUBE-FIREWALL -j ACCEPT')), three)).toEqual([
      'foreign -: filter KUBE-FIREWALL 2',
    ])
  })

  it('says that all is missing where kube-proxy never ran', () => {
    const found = rows({ family: 4, tables: [] }, three)
    expect(found).toContain('missing default/web:http nat KUBE-SVC-… whole 4')
    expect(found).toContain('missing -: nat PREROUTING 0')
    expect(found.every(row => row.startsWith('missing'))).toBe(true)
  })

  it('knows unnamed ports, and the trailing colon of releases before 1.20', () => {
    const unnamed = makeService({ name: 'web', clusterIPs: ['10.96.0.1'], ports: [makePort({ name: '' })] })
    const legacy = iptablesRuleset(
      makeState(makeNode('a', { ip: '172.16.0.1' }), unnamed),
      'a',
      { ...CONFIG, chainNames: 'legacy' },
      4,
    )
    expect(rows(legacy, rulesOf()).filter(row => !row.includes('default/web: '))).toEqual([])
  })
})
