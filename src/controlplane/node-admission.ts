/**
 * What a Node gets when it joins and brings none of its own: an InternalIP from each node CIDR, a pod CIDR from each cluster CIDR.
 * Imported nodes keep what they have; their addresses and pod CIDRs are taken before any new one is drawn.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { ClusterNode, NodeAddress } from '../cluster/objects.ts'
import { AddressSet } from '../net/address-set.ts'
import type { IpPrefix } from '../net/ip.ts'
import { formatPrefix, parsePrefix } from '../net/ip.ts'
import type { Place, Problem } from '../problem/problem.ts'
import { badInput } from '../problem/problem.ts'
import { AddressPool } from './address-pool.ts'
import type { ControlPlaneConfig } from './control-plane-config.ts'
import { NodeCidrPool } from './node-cidr-pool.ts'

export class NodeAdmission {
  readonly #addressesInUse = new AddressSet()
  readonly #addressPools: readonly AddressPool[]
  readonly #cidrPools: readonly NodeCidrPool[]

  /** `config` is one that `checkConfig` accepts. */
  constructor(config: ControlPlaneConfig) {
    this.#addressPools = prefixesOf(config.nodeCidrs).map(p => new AddressPool(p, 2n, this.#addressesInUse))
    this.#cidrPools = prefixesOf(config.clusterCidrs).map(p => new NodeCidrPool(p))
  }

  /** First step: what the node brings is taken. */
  reserve(node: ClusterNode): void {
    for (const { address } of node.addresses) this.#addressesInUse.add(address)
    for (const prefix of prefixesOf(node.podCIDRs)) for (const pool of this.#cidrPools) pool.mark(prefix)
  }

  /** Second step: what the node lacks, or had `before` and no longer mentions. */
  complete(node: ClusterNode, before: ClusterNode | undefined, place: Place): E.Either<Problem, ClusterNode> {
    const podCIDRs = this.#podCidrs(node, before, place)
    if (E.isLeft(podCIDRs)) return podCIDRs
    const addresses = this.#addresses(node, before, place)
    if (E.isLeft(addresses)) return addresses
    return E.right({ ...node, podCIDRs: podCIDRs.right, addresses: addresses.right })
  }

  release(node: ClusterNode): void {
    for (const { address } of node.addresses) this.#addressesInUse.delete(address)
    for (const prefix of prefixesOf(node.podCIDRs)) for (const pool of this.#cidrPools) pool.free(prefix)
  }

  #podCidrs(node: ClusterNode, before: ClusterNode | undefined, place: Place): E.Either<Problem, readonly string[]> {
    if (node.podCIDRs.length > 0) return E.right(node.podCIDRs)
    if (before !== undefined) return E.right(before.podCIDRs)
    const podCIDRs: string[] = []
    for (const pool of this.#cidrPools) {
      const cidr = pool.take()
      if (cidr === undefined)
        return E.left(
          badInput(
            { ...place, field: 'spec.podCIDR' },
            `no pod CIDR left for Node "${node.name}": cluster CIDR ${formatPrefix(pool.clusterCidr)} holds ${pool.capacity} nodes, a /${pool.clusterCidr.family === 4 ? 24 : 64} each`,
            'use a larger range in cluster.clusterCidrs, or fewer nodes',
          ),
        )
      podCIDRs.push(cidr)
    }
    return E.right(podCIDRs)
  }

  #addresses(
    node: ClusterNode,
    before: ClusterNode | undefined,
    place: Place,
  ): E.Either<Problem, readonly NodeAddress[]> {
    if (node.addresses.length > 0) return E.right(node.addresses)
    if (before !== undefined) return E.right(before.addresses)
    const addresses: NodeAddress[] = []
    for (const pool of this.#addressPools) {
      const address = pool.take()
      if (address === undefined)
        return E.left(
          badInput(
            { ...place, field: 'status.addresses' },
            `no address left for Node "${node.name}": node CIDR ${formatPrefix(pool.prefix)} holds ${pool.capacity} nodes`,
            'use a larger range in cluster.nodeCidrs, or fewer nodes',
          ),
        )
      addresses.push({ type: 'InternalIP', address })
    }
    return E.right(addresses)
  }
}

const prefixesOf = (cidrs: readonly string[]): IpPrefix[] =>
  cidrs.map(parsePrefix).filter((p): p is IpPrefix => p !== undefined)
