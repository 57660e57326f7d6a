/**
 * Rules that svcsim prints, loaded into this machine's kernel and read back: iptables-save and nft list must show what was loaded, and
 * `iptables -L -n` what `--format list` shows. Syncs in nftables mode are run one after another, as kube-proxy would. In a private
 * network namespace, so nothing of the machine is touched. It needs root, iptables and nft.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ClusterEvent } from '../src/cluster/cluster-event.ts'
import { applyEvent, type ClusterState, emptyState } from '../src/cluster/cluster-state.ts'
import type { IpFamily } from '../src/net/ip.ts'
import { iptablesRuleset } from '../src/proxier/iptables-proxier.ts'
import { nftablesRuleset } from '../src/proxier/nftables-proxier.ts'
import { NFTABLES_RELEASES } from '../src/proxier/nftables-releases.ts'
import { NftablesSyncWriter } from '../src/proxier/nftables-sync-writer.ts'
import { NodeProxier } from '../src/proxier/node-proxier.ts'
import { DEFAULT_PROXIER_CONFIG, NFTABLES_PROXIER_CONFIG, type ProxierConfig } from '../src/proxier/proxier-config.ts'
import { ServiceCatalog } from '../src/proxier/service-catalog.ts'
import { canonicalNft } from '../src/proxier/testing/canonical-nft.ts'
import {
  makeEndpoint,
  makeNode,
  makePort,
  makeService,
  makeSlice,
  makeState,
} from '../src/proxier/testing/make-objects.ts'
import { randomCluster, randomConfig } from '../src/proxier/testing/random-cluster.ts'
import { randomEvents } from '../src/proxier/testing/random-events.ts'
import { uncontested } from '../src/proxier/testing/uncontested.ts'
import { listTable } from '../src/ruleset/list-iptables.ts'
import { printRuleset } from '../src/ruleset/print-iptables.ts'
import { printNftRuleset } from '../src/ruleset/print-nftables.ts'
import { SECOND_US } from '../src/sim/time.ts'
import { GOLDEN, goldenConfig, goldenEvents, goldenState } from './golden-case.ts'
import { toolsAreRequired, useNamespace, whatIsMissing } from './kernel-namespace.ts'

const CASES = readdirSync(GOLDEN).filter(f => f !== 'README.md')

/** Steps whose list is what was deleted. */
const DELETIONS = new Set(['70-seq-endpoint-changes/step-3.json'])

const missing = whatIsMissing(['iptables-legacy', 'ip6tables-legacy', 'nft'])

describe(`rules in the kernel${missing === '' ? '' : ` (needs ${missing})`}`, () => {
  it.runIf(toolsAreRequired)('has what it needs', () => {
    expect(missing).toBe('')
  })

  describe.skipIf(missing !== '')('loaded and read back', () => {
    const inNamespace = useNamespace('load')

    for (const family of [4, 6] as const) {
      const tool = family === 4 ? 'iptables' : 'ip6tables'
      const ruleset = iptablesRuleset(manyKinds(family), 'a', { ...DEFAULT_PROXIER_CONFIG, ...CIDRS }, family)

      it(`${tool}-save prints what was printed`, () => {
        const text = printRuleset(ruleset)
        inNamespace(`${tool}-legacy-restore`, [], text)
        const saved = ruleset.tables.map(t => inNamespace(`${tool}-legacy-save`, ['-t', t.name])).join('')
        expect(saved.replace(/^#.*\n/gm, '')).toBe(text)
      })

      it(`${tool} -L -n lists what was listed`, () => {
        inNamespace(`${tool}-legacy-restore`, [], printRuleset(ruleset))
        for (const table of ruleset.tables) {
          const listed = inNamespace(`${tool}-legacy`, ['-t', table.name, '-L', '-n'])
          expect(withProtocolNumbers(listTable(table, family))).toBe(withProtocolNumbers(listed))
        }
      })

      const list = (): string => inNamespace('nft', ['list', 'table', family === 4 ? 'ip' : 'ip6', 'kube-proxy'])
      const load = (text: string): void => {
        inNamespace('nft', ['-f', '-'], text)
      }

      it(`nft lists what was printed, of a Service of every kind and release (IPv${family})`, () => {
        for (const release of Object.keys(NFTABLES_RELEASES))
          for (const parts of [{}, { nodePortAddresses: [] }, { masqueradeAll: true }, { masqueradeBit: 31 }]) {
            const config = { ...NFTABLES_PROXIER_CONFIG, ...CIDRS, release, ...parts }
            const text = printNftRuleset(nftablesRuleset(manyKinds(family), 'a', config, family))
            load(`flush ruleset\n${text}`)
            expect(list()).toBe(text)
          }
      })

      it.each(CASES)(`nft lists what was printed of %s (IPv${family})`, name => {
        const config = goldenConfig(name, 'nftables')
        const text = printNftRuleset(nftablesRuleset(goldenState(name), 'node-a', config, family))
        load(`flush ruleset\n${text}`)
        expect(list()).toBe(text)
      })

      it.each(CASES.filter(name => name.startsWith('7')))(`nft runs the syncs of %s (IPv${family})`, name => {
        const catalog = new ServiceCatalog(family)
        const writer = new NftablesSyncWriter(catalog, goldenConfig(name, 'nftables'))
        const proxier = new NodeProxier('node-a', writer)
        load('flush ruleset')
        for (let step = 0; step === 0 || existsSync(join(GOLDEN, name, `step-${step}.json`)); step++) {
          const file = `${name}/${step === 0 ? 'objects' : `step-${step}`}.json`
          for (const event of goldenEvents(file, DELETIONS.has(file) ? 'DELETED' : 'MODIFIED'))
            proxier.apply(event, catalog.apply(event))
          if (proxier.isDue) for (const call of proxier.sync(step * SECOND_US).calls()) load(call)
          const golden = join(
            GOLDEN,
            name,
            step === 0 ? '' : `after-step-${step}`,
            family === 4 ? 'nft.txt' : 'nft6.txt',
          )
          expect(canonicalNft(list()), file).toBe(canonicalNft(readFileSync(golden, 'utf8')))
        }
      })
    }

    it('nft lists of a first sync what was printed, of any cluster', () => {
      fc.assert(
        fc.property(randomCluster.map(uncontested), randomConfig, ({ state }, config) => {
          const kinds = [state.nodes, state.services, state.endpointSlices]
          const objects = kinds.flatMap(stored => [...stored.values()].map(s => s.object))
          const [listed, expected] = afterSyncs([objects.map(object => ({ type: 'ADDED', object }))], config)
          expect(listed).toBe(expected)
        }),
        { numRuns: 20 },
      )
    })

    it('nft runs the syncs of any history', () => {
      fc.assert(
        fc.property(randomEvents, randomConfig, (events, config) => {
          const [listed, expected] = afterSyncs([events.slice(0, 4), ...events.slice(4).map(event => [event])], config)
          expect(settled(listed)).toBe(settled(expected))
        }),
        { numRuns: 10 },
      )
    })

    /** Each list of events and a sync in nftables mode, a second after the last: what nft lists in the end, and what is printed of the state. */
    function afterSyncs(
      steps: readonly (readonly Pick<ClusterEvent, 'type' | 'object'>[])[],
      config: ProxierConfig,
    ): readonly [listed: string, expected: string] {
      const state = emptyState()
      const catalog = new ServiceCatalog(4)
      const proxier = new NodeProxier('a', new NftablesSyncWriter(catalog, config))
      inNamespace('nft', ['flush', 'ruleset'])
      steps.forEach((step, i) => {
        for (const change of step) {
          const event = { sequence: 0, timeUs: 0, ...change }
          applyEvent(state, event)
          proxier.apply(event, catalog.apply(event))
        }
        if (proxier.isDue) for (const call of proxier.sync(i * SECOND_US).calls()) inNamespace('nft', ['-f', '-'], call)
      })
      const listed = inNamespace('nft', ['list', 'table', 'ip', 'kube-proxy'])
      return [listed, printNftRuleset(nftablesRuleset(state, 'a', config, 4))]
    }
  })
})

/** Without chains that wait to be deleted, and the names of Services that share an element: the one that came first is named. */
const settled = (table: string): string =>
  canonicalNft(table)
    .replaceAll(/chain \S+\/\S+ \{\n\t\}\n?/g, '')
    .replaceAll(/ comment "default\/s\d:http"/g, '')

const CIDRS = { clusterCidrs: ['10.244.0.0/16', 'fd00:244::/56'] }

/** Services of all kinds; every match and verdict that kube-proxy writes, but for nfacct's, which need objects of their own. */
function manyKinds(family: IpFamily): ClusterState {
  const ip = (host: number): string => (family === 4 ? `10.96.0.${host}` : `fd00:96::${host}`)
  const ranges = family === 4 ? ['192.0.2.0/24', '172.18.0.0/16'] : ['2001:db8:2::/48']
  const addressType = family === 4 ? 'IPv4' : 'IPv6'
  const endpoints = [5, 6, 7].map(host =>
    makeEndpoint(family === 4 ? `10.244.0.${host}` : `fd00:244::${host}`, { nodeName: host === 5 ? 'a' : 'b' }),
  )
  const external = {
    type: 'LoadBalancer' as const,
    externalIPs: [ip(100)],
    loadBalancerIngress: [{ ip: ip(101) }],
    loadBalancerSourceRanges: ranges,
  }
  return makeState(
    makeNode('a', { ip: family === 4 ? '172.18.0.2' : 'fd00:18::2' }),
    makeService({ name: 'plain', clusterIPs: [ip(1)] }),
    makeService({ name: 'sticky', clusterIPs: [ip(2)], sessionAffinity: 'ClientIP' }),
    makeService({ name: 'udp', clusterIPs: [ip(3)], ports: [makePort({ protocol: 'UDP', port: 53 })] }),
    makeService({ name: 'sctp', clusterIPs: [ip(4)], ports: [makePort({ protocol: 'SCTP', port: 132 })] }),
    makeService({
      name: 'local',
      clusterIPs: [ip(5)],
      ...external,
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 32000,
      ports: [makePort({ nodePort: 30080 })],
    }),
    makeService({ name: 'empty', clusterIPs: [ip(6)], ...external, ports: [makePort({ port: 81, nodePort: 30081 })] }),
    makeService({ name: 'away', clusterIPs: [ip(7)], internalTrafficPolicy: 'Local' }),
    ...['plain', 'sticky', 'local'].map(serviceName => makeSlice(endpoints, { serviceName, addressType })),
    makeSlice(endpoints.slice(1), { serviceName: 'away', addressType }),
    ...(['UDP', 'SCTP'] as const).map(protocol =>
      makeSlice(endpoints, {
        serviceName: protocol.toLowerCase(),
        addressType,
        ports: [{ name: 'http', protocol, port: 8080 }],
      }),
    ),
  )
}

/** Release 1.8.9 lists protocols by number, and two dashes under opt in both families. */
const withProtocolNumbers = (listed: string): string =>
  listed.replace(
    /^(\S* +!?)(all|tcp|udp|sctp|0|6|17|132) +(-- |)(?=[ !]\S)/gm,
    (_, target: string, protocol: string) => `${target}${PROTOCOL_NUMBERS[protocol] ?? protocol} `,
  )

const PROTOCOL_NUMBERS: Readonly<Record<string, string>> = { all: '0', tcp: '6', udp: '17', sctp: '132' }
