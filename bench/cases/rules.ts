/**
 * Rules of one node from objects, in both proxy modes: whole rulesets, their text, and syncs. Every Service is a ClusterIP of one port
 * with 5 endpoints. A round makes its own objects, which is not measured; inputs differ in their addresses.
 */
import type { ClusterEvent } from '../../src/cluster/cluster-event.ts'
import type { ClusterState } from '../../src/cluster/cluster-state.ts'
import { applyEvent, emptyState } from '../../src/cluster/cluster-state.ts'
import type { ClusterObject } from '../../src/cluster/objects.ts'
import { iptablesRuleset } from '../../src/proxier/iptables-proxier.ts'
import type { IptablesSync } from '../../src/proxier/iptables-sync.ts'
import { IptablesSyncWriter } from '../../src/proxier/iptables-sync-writer.ts'
import { nftablesRuleset } from '../../src/proxier/nftables-proxier.ts'
import type { NftablesSync } from '../../src/proxier/nftables-sync.ts'
import { NftablesSyncWriter } from '../../src/proxier/nftables-sync-writer.ts'
import { NodeProxier, type SyncWriter } from '../../src/proxier/node-proxier.ts'
import { DEFAULT_PROXIER_CONFIG, NFTABLES_PROXIER_CONFIG } from '../../src/proxier/proxier-config.ts'
import { kubeProxyRuleCount } from '../../src/proxier/rule-count.ts'
import { ServiceCatalog } from '../../src/proxier/service-catalog.ts'
import { SharedBlocks } from '../../src/proxier/shared-blocks.ts'
import { makeNode, makeService, makeSlice } from '../../src/proxier/testing/make-objects.ts'
import type { NftRuleset } from '../../src/ruleset/nft-ruleset.ts'
import { printRuleset } from '../../src/ruleset/print-iptables.ts'
import { printNftRuleset } from '../../src/ruleset/print-nftables.ts'
import type { Ruleset } from '../../src/ruleset/ruleset.ts'
import { type BenchCase, type BenchSize, type Measured, mix, ROTATION } from '../bench-case.ts'

const ENDPOINTS = 5
const NODE = 'node-0'
const CIDRS = { clusterCidrs: ['10.128.0.0/9'] }

interface Sync {
  text(): string
}

/** What the cases need of a proxy mode; rules are those of nat in iptables mode, and all in nftables mode. */
interface Mode<R, S extends Sync> {
  readonly name: string
  readonly rulesOf: (services: number) => number
  readonly rulesetOf: (state: ClusterState) => R
  readonly print: (ruleset: R) => string
  readonly countRules: (ruleset: R) => number
  readonly writer: (catalog: ServiceCatalog) => SyncWriter<S>
  /** Rules in the kernel after a sync. */
  readonly total: (sync: S) => number
}

const IPTABLES_CONFIG = { ...DEFAULT_PROXIER_CONFIG, ...CIDRS }

const IPTABLES: Mode<Ruleset, IptablesSync> = {
  name: 'iptables',
  rulesOf: services => 5 + services * (2 + 3 * ENDPOINTS),
  rulesetOf: state => iptablesRuleset(state, NODE, IPTABLES_CONFIG, 4),
  print: ruleset => printRuleset(ruleset),
  countRules: ruleset => kubeProxyRuleCount(ruleset, 'nat'),
  writer: catalog => new IptablesSyncWriter(catalog, IPTABLES_CONFIG),
  total: sync => sync.size.total.nat,
}

const NFTABLES_CONFIG = { ...NFTABLES_PROXIER_CONFIG, ...CIDRS }

const NFTABLES: Mode<NftRuleset, NftablesSync> = {
  name: 'nftables',
  rulesOf: services => 22 + services * (2 + 2 * ENDPOINTS),
  rulesetOf: state => nftablesRuleset(state, NODE, NFTABLES_CONFIG, 4),
  print: printNftRuleset,
  countRules: ({ tables }) =>
    tables.reduce((sum, { chains }) => [...chains.values()].reduce((rules, c) => rules + c.rules.length, sum), 0),
  writer: catalog => new NftablesSyncWriter(catalog, NFTABLES_CONFIG),
  total: sync => sync.size.total.rules,
}

/** Sizes in Services, to see how time grows with them; at the small size all are `SMALL`. */
const GROWTH = [100, 1_000, 10_000, 30_000]
const SMALL = 20

const servicesOf = (size: BenchSize, services: number): number => (size === 'small' ? SMALL : services)
const sizeText = (services: number): string => `${services} Services x ${ENDPOINTS}`

const casesOf = <R, S extends Sync>(mode: Mode<R, S>): readonly BenchCase[] => [
  ...GROWTH.map(
    (large): BenchCase => ({
      name: `write ${mode.name} rules, ${large} Services`,
      unit: 'rules',
      prepare: size => {
        const services = servicesOf(size, large)
        return {
          size: sizeText(services),
          items: mode.rulesOf(services),
          run: round => {
            const state = makeCluster(round, services)
            return timed(() => mode.rulesetOf(state), mode.countRules)
          },
        }
      },
    }),
  ),
  {
    name: `print ${mode.name} rules`,
    unit: 'rules',
    prepare: size => {
      const services = servicesOf(size, 10_000)
      return {
        size: sizeText(services),
        items: mode.rulesOf(services),
        run: round => {
          const ruleset = mode.rulesetOf(makeCluster(round, services))
          return timed(
            () => mode.print(ruleset),
            text => text.length,
          )
        },
      }
    },
  },
  {
    name: `sync all ${mode.name} rules`,
    unit: 'rules',
    prepare: size => {
      const services = servicesOf(size, 10_000)
      return {
        size: sizeText(services),
        items: mode.rulesOf(services),
        run: round => {
          const proxier = makeProxier(mode, round, services)
          return timed(
            () => proxier.sync().text(),
            text => text.length,
          )
        },
      }
    },
  },
  endpointCase(mode, 'sync one endpoint, how much', mode.total),
  endpointCase(mode, 'sync one endpoint, whole text', sync => (sync.text() === '' ? 0 : mode.total(sync))),
]

/** One endpoint of one Service is replaced, and the node syncs; the naive twin makes the whole ruleset again. */
function endpointCase<R, S extends Sync>(mode: Mode<R, S>, name: string, measure: (sync: S) => number): BenchCase {
  return {
    name: `${name}, ${mode.name}`,
    unit: 'changes',
    prepare: size => {
      const services = servicesOf(size, 10_000)
      const proxiers = Array.from({ length: ROTATION }, (_, round) => makeProxier(mode, round, services))
      for (const proxier of proxiers) proxier.sync()
      const states = Array.from({ length: ROTATION }, (_, round) => makeCluster(round, services))
      let turn = 0
      const changeOf = (round: number, i: number): ClusterEvent => {
        const service = (Math.imul(i + round, 0x9e37_79b1) >>> 0) % services
        return eventOf(sliceOf(round, service, ++turn % 200))
      }
      return {
        size: sizeText(services),
        items: size === 'small' ? 20 : 200,
        run: (round, items) => {
          let checksum = 0
          for (let i = 0; i < items; i++) {
            proxiers[round].apply(changeOf(round, i))
            checksum = mix(checksum, measure(proxiers[round].sync()))
          }
          return checksum
        },
        naive: {
          items: size === 'small' ? 20 : 2,
          run: (round, items) => {
            let checksum = 0
            for (let i = 0; i < items; i++) {
              applyEvent(states[round], changeOf(round, i))
              checksum = mix(checksum, mode.countRules(mode.rulesetOf(states[round])))
            }
            return checksum
          },
        },
      }
    },
  }
}

function timed<T>(work: () => T, checksumOf: (result: T) => number): Measured {
  const start = performance.now()
  const result = work()
  const milliseconds = performance.now() - start
  return { checksum: checksumOf(result), milliseconds }
}

function makeProxier<R, S extends Sync>(mode: Mode<R, S>, round: number, services: number) {
  const catalog = new ServiceCatalog(4)
  const proxier = new NodeProxier(NODE, mode.writer(catalog))
  const apply = (event: ClusterEvent): void => proxier.apply(event, catalog.apply(event))
  for (const event of eventsOf(round, services)) apply(event)
  return { apply, sync: () => proxier.sync(0) }
}

function makeCluster(round: number, services: number): ClusterState {
  const state = emptyState()
  for (const event of eventsOf(round, services)) applyEvent(state, event)
  return state
}

function* eventsOf(round: number, services: number): Generator<ClusterEvent> {
  yield eventOf(makeNode(NODE, { ip: '172.18.0.2' }))
  for (let i = 0; i < services; i++) {
    yield eventOf(makeService({ name: `service-${i}`, clusterIPs: [`10.${96 + round}.${i >> 8}.${i & 255}`] }))
    yield eventOf(sliceOf(round, i, 0))
  }
}

const eventOf = (object: ClusterObject): ClusterEvent => ({ sequence: 0, timeUs: 0, type: 'MODIFIED', object })

/** Endpoints of a Service; the version tells the last one's address. */
const sliceOf = (round: number, service: number, version: number): ClusterObject => {
  const subnet = `10.${128 + round}.${service >> 8}`
  const addresses = Array.from({ length: ENDPOINTS - 1 }, (_, j) => `10.${140 + j}.${service >> 8}.${service & 255}`)
  return makeSlice([...addresses, `${subnet}.${version}`], { serviceName: `service-${service}` })
}

/** One endpoint is replaced, and every node syncs for it; how much it writes is asked of each. */
const manyNodesCase: BenchCase = {
  name: 'sync one endpoint on many nodes, iptables',
  unit: 'syncs',
  prepare: size => {
    const services = servicesOf(size, 10_000)
    const nodes = size === 'small' ? 3 : 1_000
    const changes = size === 'small' ? 5 : 20
    const clusters = Array.from({ length: ROTATION }, (_, round) => makeNodes(round, services, nodes))
    let turn = 0
    return {
      size: `${sizeText(services)}, ${nodes} nodes`,
      items: nodes * changes,
      run: round => {
        const { catalog, proxiers } = clusters[round]
        let checksum = 0
        for (let i = 0; i < changes; i++) {
          const service = (Math.imul(i + round, 0x9e37_79b1) >>> 0) % services
          const event = eventOf(sliceOf(round, service, ++turn % 200))
          const change = catalog.apply(event)
          for (const proxier of proxiers) {
            proxier.apply(event, change)
            checksum = mix(checksum, proxier.sync(0).size.nat.rules)
          }
        }
        return checksum
      },
    }
  },
}

function makeNodes(round: number, services: number, nodes: number) {
  const catalog = new ServiceCatalog(4)
  const common = new SharedBlocks(catalog)
  for (const event of eventsOf(round, services)) catalog.apply(event)
  const proxiers = Array.from({ length: nodes }, (_, i) => {
    const name = `node-${i}`
    const proxier = new NodeProxier(name, new IptablesSyncWriter(catalog, IPTABLES_CONFIG, common))
    proxier.apply(eventOf(makeNode(name, { ip: `172.18.${i >> 8}.${i & 255}` })), undefined)
    proxier.sync(0)
    return proxier
  })
  return { catalog, proxiers }
}

export const ruleCases: readonly BenchCase[] = [...casesOf(IPTABLES), manyNodesCase, ...casesOf(NFTABLES)]
