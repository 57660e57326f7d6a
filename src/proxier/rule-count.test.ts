import { describe, expect, it } from 'vitest'
import type { ClusterObject } from '../cluster/objects.ts'
import { printRuleset } from '../ruleset/print-iptables.ts'
import type { TableName } from '../ruleset/ruleset.ts'
import { iptablesRuleset } from './iptables-proxier.ts'
import { IptablesSyncWriter } from './iptables-sync-writer.ts'
import { NodeProxier } from './node-proxier.ts'
import { DEFAULT_PROXIER_CONFIG } from './proxier-config.ts'
import { kubeProxyRuleCount } from './rule-count.ts'
import { ServiceCatalog } from './service-catalog.ts'
import { makeNode, makeService, makeSlice, makeState } from './testing/make-objects.ts'

const CONFIG = { ...DEFAULT_PROXIER_CONFIG, clusterCidrs: ['10.244.0.0/16'] }

const clusterIPServices = (services: number, endpoints: number) =>
  Array.from({ length: services }, (_, i) => [
    makeService({ name: `s${i}`, clusterIPs: [`10.96.${i >> 8}.${i & 255}`] }),
    makeSlice(
      Array.from({ length: endpoints }, (_, j) => `10.244.${j >> 8}.${j & 255}`),
      { serviceName: `s${i}` },
    ),
  ]).flat()

describe('rules as kube-proxy counts them', () => {
  it.each([
    [0, 0],
    [1, 0],
    [7, 0],
    [1, 1],
    [1, 3],
    [3, 7],
    [40, 5],
    [1, 1000],
    [201, 5],
  ])('%i Services of %i endpoints', (services, endpoints) => {
    const filter = endpoints === 0 ? 4 + services : 4
    const nat = endpoints === 0 ? 5 : 5 + services * (2 + 3 * endpoints)
    const objects = [makeNode('a'), ...clusterIPServices(services, endpoints)]
    const ruleset = iptablesRuleset(makeState(...objects), 'a', CONFIG, 4)
    const count = (table: TableName): number => kubeProxyRuleCount(ruleset, table)
    expect({ filter: count('filter'), nat: count('nat') }).toEqual({ filter, nat })
    expect(firstSync(objects)).toMatchObject({ filter, nat })
    // The base chains' jumps are no rules of kube-proxy's own.
    const saved = printRuleset({ ...ruleset, tables: ruleset.tables.filter(t => t.name === 'nat') })
    expect(saved.match(/^-A /gm)).toHaveLength(nat + 3)
  })
})

function firstSync(objects: readonly ClusterObject[]) {
  const catalog = new ServiceCatalog(4)
  const proxier = new NodeProxier('a', new IptablesSyncWriter(catalog, CONFIG))
  objects.forEach((object, sequence) => {
    const event = { sequence, timeUs: 0, type: 'ADDED', object } as const
    proxier.apply(event, catalog.apply(event))
  })
  return proxier.sync(0).size.total
}
