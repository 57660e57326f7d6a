/**
 * Syncs really piped to iptables-restore, one after another, as kube-proxy does: after each iptables-save must show the ruleset that
 * `svcsim rules` prints of that state. In a private network namespace; it needs root and iptables.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { applyEvent, type ClusterState, emptyState } from '../src/cluster/cluster-state.ts'
import type { IpFamily } from '../src/net/ip.ts'
import { iptablesRuleset } from '../src/proxier/iptables-proxier.ts'
import { IptablesSyncWriter } from '../src/proxier/iptables-sync-writer.ts'
import { NodeProxier } from '../src/proxier/node-proxier.ts'
import { ServiceCatalog } from '../src/proxier/service-catalog.ts'
import { printRuleset } from '../src/ruleset/print-iptables.ts'
import { GOLDEN, goldenConfig, goldenEvents } from './golden-case.ts'
import { type RunTool, toolsAreRequired, useNamespace, whatIsMissing } from './kernel-namespace.ts'

/** The two sequences, and first syncs that have every kind of rule in them. */
const CASES = [
  '08-sctp',
  '14-external-ips',
  '16-etp-local-no-local',
  '18-itp-local-no-local',
  '22-session-affinity-etp-local',
  '24-lb-source-ranges-contain-node',
  '44-dual-stack',
  '47-detect-local-bridge',
  '51-nodeport-addresses-cidr',
  '54-localhost-nodeports-off',
  '56-masquerade-bit-10',
  '70-seq-endpoint-changes',
  '71-seq-affinity-and-policy',
]

const TABLES = ['mangle', 'filter', 'nat']
const NODE = 'node-a'
const SECOND_US = 1_000_000

const missing = whatIsMissing(['iptables-legacy', 'ip6tables-legacy'])

describe(`syncs in the kernel${missing === '' ? '' : ` (needs ${missing})`}`, () => {
  it.runIf(toolsAreRequired)('has what it needs', () => {
    expect(missing).toBe('')
  })

  describe.skipIf(missing !== '')('piped to iptables-restore', () => {
    const inNamespace = useNamespace('syncs')
    for (const name of CASES)
      for (const family of [4, 6] as const)
        it(`${name} (IPv${family})`, () => {
          followSyncs(name, family, inNamespace)
        })
  })
})

function followSyncs(name: string, family: IpFamily, inNamespace: RunTool): void {
  const tool = family === 4 ? 'iptables-legacy' : 'ip6tables-legacy'
  // nfacct's matches need objects of their own.
  const config = { ...goldenConfig(name), nfacct: false }
  const catalog = new ServiceCatalog(family)
  const proxier = new NodeProxier(NODE, new IptablesSyncWriter(catalog, config))
  const state = emptyState()
  const rulesOf = (cluster: ClusterState): string => printRuleset(iptablesRuleset(cluster, NODE, config, family))
  for (let step = 0; step === 0 || existsSync(join(GOLDEN, name, `step-${step}.json`)); step++) {
    const file = step === 0 ? 'objects.json' : `step-${step}.json`
    // The list of this step is what was deleted.
    const type = `${name}/${file}` === '70-seq-endpoint-changes/step-3.json' ? 'DELETED' : 'MODIFIED'
    for (const event of goldenEvents(`${name}/${file}`, type)) {
      applyEvent(state, event)
      proxier.apply(event, catalog.apply(event))
    }
    // Chains and jumps of an empty cluster: kube-proxy makes those one by one, before its first sync.
    if (step === 0) inNamespace(`${tool}-restore`, [], rulesOf({ ...emptyState(), nodes: state.nodes }))
    const input = proxier.isDue ? proxier.sync(step * SECOND_US).text() : ''
    if (input !== '') inNamespace(`${tool}-restore`, ['-w', '5', '--noflush', '--counters'], input)
    const saved = TABLES.map(table => inNamespace(`${tool}-save`, ['-t', table])).join('')
    expect(saved.replace(/^#.*\n/gm, ''), file).toBe(rulesOf(state))
  }
}
