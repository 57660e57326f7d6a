/** Every node's rules of one IP family, written as its kube-proxies' mode has them and compiled; where their backends live. */
import * as E from 'fp-ts/lib/Either.js'
import type { ClusterState } from '../cluster/cluster-state.ts'
import type { ClusterNode } from '../cluster/objects.ts'
import type { IpFamily } from '../net/ip.ts'
import { ChainDirectories } from '../netfilter/chain-directory.ts'
import { chainOfDnat } from '../netfilter/chain-of-dnat.ts'
import { compileInterned } from '../netfilter/compile.ts'
import type { CostProfiles } from '../netfilter/cost/cost-profile.ts'
import { programPrices } from '../netfilter/cost/program-prices.ts'
import { type Host, hostView } from '../netfilter/host.ts'
import { compileNftViews, type NftChainPlace } from '../netfilter/nft/compile-nft.ts'
import type { Problem } from '../problem/problem.ts'
import { type IptablesViews, iptablesViews } from '../proxier/iptables-proxier.ts'
import { type NftablesViews, nftablesViews } from '../proxier/nftables-proxier.ts'
import type { ProxierConfig } from '../proxier/proxier-config.ts'
import type { AddressMap } from './address-map.ts'
import { hostTable } from './host-table.ts'
import type { FamilyPlan, NftFamilyPlan } from './replay-plan.ts'

export interface IptablesFamily extends FamilyRows {
  readonly mode: 'iptables'
  readonly views: IptablesViews
  /** Where the chains of each view ended up in the program. */
  readonly directories: ChainDirectories
  readonly plan: FamilyPlan
}

export interface NftFamily extends FamilyRows {
  readonly mode: 'nftables'
  readonly views: NftablesViews
  readonly plan: NftFamilyPlan
  /** Where the chains of all views ended up in the program. */
  readonly places: readonly NftChainPlace[]
}

interface FamilyRows {
  /** Row of the family's first Service port. */
  readonly firstRow: number
  /** By DNAT id: name of the chain that stands for the endpoint (views.endpointChains). */
  readonly chainOfDnat: readonly string[]
}

/** What both families of a cluster have in common. */
export interface FamilyInput {
  readonly state: ClusterState
  readonly nodes: readonly ClusterNode[]
  readonly hosts: readonly Host[]
  readonly config: ProxierConfig
  readonly nodeOfAddress: AddressMap
  /** Prices to model nanoseconds with; absent: none are. */
  readonly profiles?: CostProfiles
}

/** null: no Service has an address of the family. */
export function planIptables(
  { state, nodes, hosts, config, nodeOfAddress, profiles }: FamilyInput,
  family: IpFamily,
  firstRow: number,
): E.Either<Problem, IptablesFamily | null> {
  const names = nodes.map(n => n.name)
  const views = iptablesViews(state, names, config, family)
  if (views.servicePorts.length === 0) return E.right(null)
  const compiled = compileInterned(views.views)
  if (E.isLeft(compiled)) return compiled
  const { program, interned } = compiled.right
  return E.right({
    mode: 'iptables',
    views,
    firstRow,
    directories: new ChainDirectories(program, views.views),
    chainOfDnat: chainOfDnat(program, interned),
    plan: {
      program,
      ...(profiles === undefined ? {} : { prices: programPrices(program, interned, profiles, program.dnatCount) }),
      ...placesOf(hosts, family, views, program, nodeOfAddress),
    },
  })
}

/** The same in nftables mode. */
export function planNftables(
  { state, nodes, hosts, config, nodeOfAddress, profiles }: FamilyInput,
  family: IpFamily,
  firstRow: number,
): NftFamily | null {
  const names = nodes.map(n => n.name)
  const views = nftablesViews(state, names, config, family)
  if (views.servicePorts.length === 0) return null
  const { program, places, chainOfDnat } = compileNftViews(views.views)
  return {
    mode: 'nftables',
    views,
    firstRow,
    places,
    chainOfDnat,
    plan: {
      program,
      ...(profiles === undefined ? {} : { prices: profiles.nftables }),
      ...placesOf(hosts, family, views, program, nodeOfAddress),
    },
  }
}

function placesOf(
  hosts: readonly Host[],
  family: IpFamily,
  { viewOfNode }: { readonly viewOfNode: Uint32Array },
  program: { readonly dnatCount: number; readonly dnatAddress: Uint32Array },
  nodeOfAddress: AddressMap,
) {
  const views = hosts.map(host => hostView(host, family))
  return {
    viewOfNode: Int32Array.from(viewOfNode),
    hosts: hostTable(family, views),
    backendNode: backendNodes(program, family, nodeOfAddress),
  }
}

function backendNodes(
  { dnatCount, dnatAddress }: { readonly dnatCount: number; readonly dnatAddress: Uint32Array },
  family: IpFamily,
  nodeOfAddress: AddressMap,
): Int32Array {
  const nodes = new Int32Array(new SharedArrayBuffer(4 * dnatCount))
  for (let d = 0; d < dnatCount; d++) nodes[d] = nodeOfAddress.get(family, dnatAddress, 4 * d) ?? -1
  return nodes
}
