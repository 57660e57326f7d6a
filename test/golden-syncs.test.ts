/**
 * What one sync after another pipes to iptables-restore and to nft, against what a real kube-proxy wrote (testdata/golden/README.md):
 * byte for byte, but for the random order in which it walks Services.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ClusterEvent } from '../src/cluster/cluster-event.ts'
import type { IpFamily } from '../src/net/ip.ts'
import { IptablesSyncWriter } from '../src/proxier/iptables-sync-writer.ts'
import { NftablesSyncWriter } from '../src/proxier/nftables-sync-writer.ts'
import { NodeProxier } from '../src/proxier/node-proxier.ts'
import type { ProxierConfig } from '../src/proxier/proxier-config.ts'
import { ServiceCatalog } from '../src/proxier/service-catalog.ts'
import { canonicalRestore } from '../src/proxier/testing/canonical-restore.ts'
import { canonicalTransaction } from '../src/proxier/testing/canonical-transaction.ts'
import { callsOf, configOfFlags, GOLDEN, goldenConfig, goldenEvents } from './golden-case.ts'
import { makeThousandEndpoints } from './make-thousand-endpoints.ts'

const INPUTS = [
  [4, 'iptables-restore-input.txt'],
  [6, 'ip6tables-restore-input.txt'],
] as const

const TRANSACTIONS = [
  [4, 'nft-transactions.txt'],
  [6, 'nft6-transactions.txt'],
] as const

/** Steps whose list is what was deleted, with how many of its objects kube-proxy had heard of when it synced. */
const DELETIONS: Readonly<Record<string, number>> = { '70-seq-endpoint-changes/step-3.json': 1 }

/** Cases in which a Service's lists for the policies Cluster and Local differ. */
const ANY_ENDPOINT_ORDER = new Set([
  '34-etp-local-only-terminating-local',
  '40-topology-hints-etp-local',
  '71-seq-affinity-and-policy',
])

const SECOND_US = 1_000_000

describe('syncs as a real kube-proxy v1.34.9 wrote them', () => {
  for (const name of readdirSync(GOLDEN).filter(f => f !== 'README.md'))
    for (const [family, file] of INPUTS)
      it(`${name} (IPv${family})`, () => {
        const canonical = (text: string): string => canonicalRestore(text, ANY_ENDPOINT_ORDER.has(name))
        const sync = syncs(goldenConfig(name), family)
        const [first, ...empty] = callsOf(`${name}/${file}`).map(canonical)
        expect(sync(eventsOf(`${name}/objects.json`)).map(canonical)).toEqual([first])
        for (const call of empty) expect(sync([], true).map(canonical)).toEqual([call])
        let late: readonly ClusterEvent[] = []
        for (let step = 1; existsSync(join(GOLDEN, name, `step-${step}.json`)); step++) {
          const events = eventsOf(`${name}/step-${step}.json`)
          const heard = DELETIONS[`${name}/step-${step}.json`] ?? events.length
          const wrote = [...sync(late), ...sync(events.slice(0, heard))]
          late = events.slice(heard)
          expect(wrote.map(canonical), `step ${step}`).toEqual(
            callsOf(`${name}/after-step-${step}/${file}`).map(canonical),
          )
        }
      })

  for (const name of readdirSync(GOLDEN).filter(f => existsSync(join(GOLDEN, f, 'nft-transactions.txt'))))
    for (const [family, file] of TRANSACTIONS)
      it(`${name} (nftables, IPv${family})`, () => {
        const sync = nftSyncs(goldenConfig(name, 'nftables'), family)
        const golden = (folder: string): string[] => callsOf(`${folder}/${file}`).map(canonicalTransaction)
        expect(sync(eventsOf(`${name}/objects.json`))).toEqual(golden(name))
        let late: readonly ClusterEvent[] = []
        for (let step = 1; existsSync(join(GOLDEN, name, `step-${step}.json`)); step++) {
          const events = eventsOf(`${name}/step-${step}.json`)
          const heard = DELETIONS[`${name}/step-${step}.json`] ?? events.length
          expect([...sync(late), ...sync(events.slice(0, heard))], `step ${step}`).toEqual(
            golden(`${name}/after-step-${step}`),
          )
          late = events.slice(heard)
        }
      })

  it.each([
    [false, 4, '89f89e782b8cfb723018c04e9fc1d6f780aa631469e4bb46bf1d1c5479084741'],
    [false, 6, '3469d39477511d0fdaa7e89f57500f072b6aee4f30781db308796736d0ee63bb'],
    [true, 4, 'd64451704755e466f02b40a610b8b56d53d4e41dc48516b71c1f3ee02daf46b9'],
    [true, 6, '3469d39477511d0fdaa7e89f57500f072b6aee4f30781db308796736d0ee63bb'],
  ] as const)('more than 1,000 endpoints: %s (IPv%s)', (isLarge, family, sha256) => {
    const [text] = syncs(
      configOfFlags(['--cluster-cidr=10.244.0.0/16']),
      family,
    )(makeThousandEndpoints(isLarge).map(object => ({ sequence: 0, timeUs: 0, type: 'ADDED', object })))
    expect(createHash('sha256').update(canonicalRestore(text)).digest('hex')).toBe(sha256)
  })
})

/** node-a's kube-proxy in nftables mode: events in, the transactions of the sync out; none when nothing is due. */
function nftSyncs(config: ProxierConfig, family: IpFamily): (events: readonly ClusterEvent[]) => string[] {
  const catalog = new ServiceCatalog(family)
  const proxier = new NodeProxier('node-a', new NftablesSyncWriter(catalog, config))
  let timeUs = 0
  return events => {
    timeUs += SECOND_US
    for (const event of events) proxier.apply(event, catalog.apply(event))
    if (!proxier.isDue) return []
    const sync = proxier.sync(timeUs)
    const calls = sync.calls()
    expect(sync.size.bytes).toBe(calls.join('').length)
    return calls.map(canonicalTransaction)
  }
}

/** node-a's kube-proxy: events in, the text of the sync out; when nothing is due, it is made to sync, or there is none. */
function syncs(
  config: ProxierConfig,
  family: IpFamily,
): (events: readonly ClusterEvent[], always?: boolean) => string[] {
  const catalog = new ServiceCatalog(family)
  const proxier = new NodeProxier('node-a', new IptablesSyncWriter(catalog, config))
  let timeUs = 0
  return (events, always = false) => {
    timeUs += SECOND_US
    for (const event of events) proxier.apply(event, catalog.apply(event))
    if (!proxier.isDue && !always) return []
    const sync = proxier.sync(timeUs)
    const text = sync.text()
    expect(sync.size.bytes).toBe(text.length)
    return [text]
  }
}

const eventsOf = (file: string): ClusterEvent[] => goldenEvents(file, file in DELETIONS ? 'DELETED' : 'MODIFIED')
