/**
 * Numbers of rules as kube-proxy's metric counts them, Service by Service: the formula of a LoadBalancer's, and the rows that
 * kube-proxy's own tests expect (kube-proxy-rule-count-oracle.csv in the folder named by SVCSIM_DATA, used in place, when it is named).
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { describe, expect, it } from 'vitest'
import type { Service } from '../src/cluster/objects.ts'
import { iptablesRuleset } from '../src/proxier/iptables-proxier.ts'
import { DEFAULT_PROXIER_CONFIG } from '../src/proxier/proxier-config.ts'
import { kubeProxyRuleCount } from '../src/proxier/rule-count.ts'
import { makeNode, makePort, makeService, makeSlice, makeState } from '../src/proxier/testing/make-objects.ts'

/** What the Services are, apart from their number: the load balancers have an external IP, a node port and one source range. */
const SERVICES = {
  ClusterIP: i => ({ ports: [makePort({ name: '8080', port: 80 + i })] }),
  LoadBalancer: i => ({
    type: 'LoadBalancer',
    ports: [makePort({ name: '8080', port: 80 + i, nodePort: 30_000 + i })],
    externalIPs: ['1.2.3.4'],
    loadBalancerSourceRanges: [' 1.2.3.4/28'],
    loadBalancerIngress: [{ ip: '1.2.3.4' }],
  }),
} as const satisfies Record<string, (i: number) => Partial<Service>>

function ruleCounts(type: keyof typeof SERVICES, services: number, endpoints: number) {
  const objects = Array.from({ length: services }, (_, i) => [
    makeService({ name: `svc${i}`, clusterIPs: [`10.0.0.${i + 1}`], ...SERVICES[type](i) }),
    makeSlice(
      Array.from({ length: endpoints }, (_, j) => `172.16.0.${j + 1}`),
      { serviceName: `svc${i}`, ports: [{ name: '8080', protocol: 'TCP', port: 8080 }] },
    ),
  ]).flat()
  const config = { ...DEFAULT_PROXIER_CONFIG, clusterCidrs: ['10.0.0.0/24'], nfacct: true }
  const ruleset = iptablesRuleset(makeState(makeNode('a'), ...objects), 'a', config, 4)
  return { filter: kubeProxyRuleCount(ruleset, 'filter'), nat: kubeProxyRuleCount(ruleset, 'nat') }
}

describe('rules of LoadBalancers as kube-proxy counts them', () => {
  it.each([
    [0, 0],
    [1, 0],
    [6, 0],
    [1, 4],
    [6, 9],
    [30, 1],
  ])('%i Services of %i endpoints', (services, endpoints) => {
    // With endpoints: 4 ways in and localhost's, KUBE-EXT 2, KUBE-FW 2, the masquerade; the drop of what KUBE-FW does not take.
    const filter = 4 + services * (endpoints === 0 ? 4 : 1)
    const nat = 5 + services * (endpoints === 0 ? 0 : 10 + 3 * endpoints)
    expect(ruleCounts('LoadBalancer', services, endpoints)).toEqual({ filter, nat })
  })
})

const data = process.env['SVCSIM_DATA']
if (data !== undefined)
  describe('rules that kube-proxy expects of itself', () => {
    const csv = readFileSync(join(data, 'kube-proxy-rule-count-oracle.csv'), 'utf8')
    const rows = csv.trim().split('\n').slice(1)

    it('are 18 rows', () => {
      expect(rows).toHaveLength(18)
    })

    it.each(rows)('%s', row => {
      const [name, services, endpoints, filter, nat] = row.split(',')
      const type = name.endsWith('LoadBalancer') ? 'LoadBalancer' : 'ClusterIP'
      expect(ruleCounts(type, Number(services), Number(endpoints))).toEqual({
        filter: Number(filter),
        nat: Number(nat),
      })
    })
  })
