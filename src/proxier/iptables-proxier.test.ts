import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { printRules, printRuleset } from '../ruleset/print-iptables.ts'
import type { Chain, Rule, Ruleset } from '../ruleset/ruleset.ts'
import { iptablesRuleset, iptablesViews } from './iptables-proxier.ts'
import type { ProxierConfig } from './proxier-config.ts'
import { DEFAULT_PROXIER_CONFIG } from './proxier-config.ts'
import { makeEndpoint, makeNode, makePort, makeService, makeSlice, makeState } from './testing/make-objects.ts'
import { randomCluster, randomConfig } from './testing/random-cluster.ts'

const CONFIG: ProxierConfig = { ...DEFAULT_PROXIER_CONFIG, clusterCidrs: ['10.244.0.0/16'] }

const chainText = (ruleset: Ruleset, name: string, table = 'nat'): string[] =>
  printRules(name, chainOf(ruleset, name, table).rules, ruleset.family).split('\n')

const chainOf = (ruleset: Ruleset, name: string, table = 'nat'): Chain =>
  ruleset.tables.find(t => t.name === table)!.chains.get(name)!

describe('iptablesRuleset', () => {
  it('picks the endpoints of coredns in order of their addresses', () => {
    const state = makeState(
      makeNode('a'),
      makeService({
        namespace: 'kube-system',
        name: 'coredns',
        clusterIPs: ['192.168.0.10'],
        ports: [makePort({ name: 'dns-tcp', port: 53 })],
      }),
      makeSlice(['192.168.33.9', '192.168.32.9'], {
        namespace: 'kube-system',
        serviceName: 'coredns',
        ports: [{ name: 'dns-tcp', protocol: 'TCP', port: 53 }],
      }),
    )
    const name = 'KUBE-SVC-FAITROITGXHS3QVF'
    expect(chainText(iptablesRuleset(state, 'a', CONFIG, 4), name)).toEqual([
      `-A ${name} ! -s 10.244.0.0/16 -d 192.168.0.10/32 -p tcp -m comment --comment "kube-system/coredns:dns-tcp cluster IP" -m tcp --dport 53 -j KUBE-MARK-MASQ`,
      `-A ${name} -m comment --comment "kube-system/coredns:dns-tcp -> 192.168.32.9:53" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-TJ2CXVZOWVM6T4YV`,
      `-A ${name} -m comment --comment "kube-system/coredns:dns-tcp -> 192.168.33.9:53" -j KUBE-SEP-HWX34FYUV4Y7PLZG`,
    ])
  })

  it('writes legacy names and comments with the colon of an unnamed port', () => {
    const state = makeState(
      makeNode('a'),
      makeService({
        namespace: 'kube-system',
        name: 'kubernetes-dashboard',
        clusterIPs: ['192.168.18.202'],
        ports: [makePort({ name: '', port: 443 })],
      }),
      makeSlice(['192.168.34.17'], {
        namespace: 'kube-system',
        serviceName: 'kubernetes-dashboard',
        ports: [{ name: '', protocol: 'TCP', port: 8443 }],
      }),
    )
    const ruleset = iptablesRuleset(state, 'a', { ...DEFAULT_PROXIER_CONFIG, chainNames: 'legacy' }, 4)
    expect(chainText(ruleset, 'KUBE-SEP-NG56X4MU77FFZ5RK')[1]).toBe(
      '-A KUBE-SEP-NG56X4MU77FFZ5RK -p tcp -m comment --comment "kube-system/kubernetes-dashboard:" -m tcp -j DNAT --to-destination 192.168.34.17:8443',
    )
    expect(chainText(ruleset, 'KUBE-SERVICES')[0]).toContain('-j KUBE-SVC-XGLOHA7QRQ3V22RZ')
  })

  it('holds every chain that a rule jumps to', () => {
    fc.assert(
      fc.property(randomCluster, randomConfig, ({ state }, config) => {
        for (const { chains } of iptablesRuleset(state, 'a', config, 4).tables)
          for (const { rules } of chains.values())
            for (const { verdict } of rules) if (verdict?.kind === 'jump') expect(chains.has(verdict.chain)).toBe(true)
      }),
    )
  })

  it('is the same for the same state, and does not care for the order of Services', () => {
    const services = ['x', 'y', 'z'].map(name => makeService({ name }))
    const print = (...order: number[]) =>
      printRuleset(iptablesRuleset(makeState(makeNode('a'), ...order.map(i => services[i])), 'a', CONFIG, 4))
    expect(print(2, 0, 1)).toBe(print(0, 1, 2))
  })

  it('has the fixed chains alone without Services, in both families', () => {
    for (const family of [4, 6] as const) {
      const ruleset = iptablesRuleset(makeState(makeNode('a')), 'a', CONFIG, family)
      expect([...ruleset.tables.find(t => t.name === 'nat')!.chains.keys()]).toEqual([
        'PREROUTING',
        'INPUT',
        'OUTPUT',
        'POSTROUTING',
        'KUBE-MARK-MASQ',
        'KUBE-NODEPORTS',
        'KUBE-POSTROUTING',
        'KUBE-PROXY-CANARY',
        'KUBE-SERVICES',
      ])
    }
  })

  it.each([
    [
      4,
      [
        '-A KUBE-NODEPORTS -d 127.0.0.0/8 -p tcp -m comment --comment "default/web:http" -m tcp --dport 30080 -m nfacct --nfacct-name  localhost_nps_accepted_pkts -j KUBE-EXT-CDGGSHYLG3RE2FKL',
      ],
    ],
    [6, []],
  ] as const)('counts localhost nodePorts (IPv%s) and invalid packets with nfacct alone', (family, localhost) => {
    const parts = family === 4 ? {} : ({ clusterIPs: ['fd00::10'], ipFamilies: ['IPv6'] } as const)
    const slice = family === 4 ? makeSlice(['10.0.0.1']) : makeSlice(['fd00::1'], { addressType: 'IPv6' })
    const state = makeState(
      makeNode('a'),
      makeService({ ...parts, type: 'NodePort', ports: [makePort({ nodePort: 30080 })] }),
      slice,
    )
    const [off, on] = [false, true].map(nfacct =>
      printRuleset(iptablesRuleset(state, 'a', { ...CONFIG, nfacct }, family)).split('\n'),
    )
    const invalid = '-A KUBE-FORWARD -m conntrack --ctstate INVALID'
    expect(off.filter(line => !on.includes(line))).toEqual([`${invalid} -j DROP`])
    expect(on.filter(line => !off.includes(line))).toEqual([
      `${invalid} -m nfacct --nfacct-name  ct_state_invalid_dropped_pkts -j DROP`,
      ...localhost,
    ])
  })

  it('needs the node in the state', () => {
    expect(() => iptablesRuleset(makeState(makeNode('a')), 'b', CONFIG, 4)).toThrow('no Node b')
  })
})

describe('iptablesViews', () => {
  it('gives every node the ruleset it would have alone, and equal rulesets and chains once', () => {
    fc.assert(
      fc.property(randomCluster, randomConfig, ({ state, nodeNames }, config) => {
        const { views, viewOfNode } = iptablesViews(state, nodeNames, config, 4)
        const texts = views.map(view => printRuleset(view))
        nodeNames.forEach((name, i) => {
          expect(texts[viewOfNode[i]]).toBe(printRuleset(iptablesRuleset(state, name, config, 4)))
        })
        expect(new Set(texts).size).toBe(views.length)
        const seen = new Map<string, readonly Rule[]>()
        for (const { tables } of views)
          for (const { name: table, chains } of tables)
            for (const { name, rules } of chains.values()) {
              const key = `${table} ${name} ${printRules(name, rules, 4)}`
              expect(seen.get(key) ?? rules, key).toBe(rules)
              seen.set(key, rules)
            }
      }),
    )
  })

  it('shares one ruleset among nodes that differ in nothing that matters', () => {
    const nodes = ['a', 'b', 'c', 'd']
    const state = makeState(
      ...nodes.map((name, i) => makeNode(name, { zone: `zone-${i}`, ip: `172.16.0.${i}` })),
      makeService(),
      makeSlice(nodes.map((nodeName, i) => makeEndpoint(`10.244.0.${i}`, { nodeName }))),
    )
    expect(iptablesViews(state, nodes, CONFIG, 4)).toMatchObject({
      views: { length: 1 },
      viewOfNode: new Uint32Array(4),
    })
  })

  it('tells a node with a local endpoint apart when a policy is Local', () => {
    const state = makeState(
      makeNode('a'),
      makeNode('b'),
      makeNode('c'),
      makeService({ internalTrafficPolicy: 'Local' }),
      makeSlice([makeEndpoint('10.244.0.1', { nodeName: 'b' })]),
    )
    const { views, viewOfNode } = iptablesViews(state, ['a', 'b', 'c'], CONFIG, 4)
    expect([...viewOfNode]).toEqual([0, 1, 0])
    expect(chainText(views[0], 'KUBE-SERVICES', 'filter')[0]).toContain('has no local endpoints')
    expect(chainOf(views[1], 'KUBE-SERVICES', 'filter').rules).toEqual([])
    expect(chainOf(views[0], 'KUBE-POSTROUTING')).toBe(chainOf(views[1], 'KUBE-POSTROUTING'))
  })

  it('finds the Service port and endpoint of every KUBE-SEP chain', () => {
    fc.assert(
      fc.property(randomCluster, randomConfig, ({ state, nodeNames }, config) => {
        const { views, servicePorts, endpointChains } = iptablesViews(state, nodeNames, config, 4)
        for (const view of views)
          for (const { name, rules } of view.tables.find(t => t.name === 'nat')!.chains.values()) {
            if (!name.startsWith('KUBE-SEP-')) continue
            const place = endpointChains.get(name)!
            const { address, port } = servicePorts[place.servicePort].endpoints[place.endpoint]
            expect(rules[1].verdict).toEqual({ kind: 'dnat', address, port })
          }
      }),
    )
  })

  it('of no nodes are none', () => {
    expect(iptablesViews(makeState(), [], CONFIG, 4).views).toEqual([])
  })
})
