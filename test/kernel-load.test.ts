/**
 * Rules that svcsim prints, loaded into this machine's kernel and read back: iptables-save must show what was loaded, and
 * `iptables -L -n` what `--format list` shows. In a private network namespace, so nothing of the machine is touched. It needs root
 * and iptables.
 */
import { describe, expect, it } from 'vitest'
import type { IpFamily } from '../src/net/ip.ts'
import { iptablesRuleset } from '../src/proxier/iptables-proxier.ts'
import { DEFAULT_PROXIER_CONFIG } from '../src/proxier/proxier-config.ts'
import {
  makeEndpoint,
  makeNode,
  makePort,
  makeService,
  makeSlice,
  makeState,
} from '../src/proxier/testing/make-objects.ts'
import { listTable } from '../src/ruleset/list-iptables.ts'
import { printRuleset } from '../src/ruleset/print-iptables.ts'
import type { Ruleset } from '../src/ruleset/ruleset.ts'
import { toolsAreRequired, useNamespace, whatIsMissing } from './kernel-namespace.ts'

const missing = whatIsMissing(['iptables-legacy', 'ip6tables-legacy'])

describe(`rules in the kernel${missing === '' ? '' : ` (needs ${missing})`}`, () => {
  it.runIf(toolsAreRequired)('has what it needs', () => {
    expect(missing).toBe('')
  })

  describe.skipIf(missing !== '')('loaded and read back', () => {
    const inNamespace = useNamespace('load')

    for (const family of [4, 6] as const) {
      const tool = family === 4 ? 'iptables' : 'ip6tables'
      const ruleset = manyKinds(family)

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
    }
  })
})

/** Services of all kinds; every match and verdict that kube-proxy writes, but for nfacct's, which need objects of their own. */
function manyKinds(family: IpFamily): Ruleset {
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
  const state = makeState(
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
  const config = { ...DEFAULT_PROXIER_CONFIG, clusterCidrs: ['10.244.0.0/16', 'fd00:244::/56'] }
  return iptablesRuleset(state, 'a', config, family)
}

/** Release 1.8.9 lists protocols by number, and two dashes under opt in both families. */
const withProtocolNumbers = (listed: string): string =>
  listed.replace(
    /^(\S* +!?)(all|tcp|udp|sctp|0|6|17|132) +(-- |)(?=[ !]\S)/gm,
    (_, target: string, protocol: string) => `${target}${PROTOCOL_NUMBERS[protocol] ?? protocol} `,
  )

const PROTOCOL_NUMBERS: Readonly<Record<string, string>> = { all: '0', tcp: '6', udp: '17', sctp: '132' }
