/**
 * The scheduler's and the kubelet's part of a pod: a node, its addresses, Running and ready. A pod that the input brings with a status is
 * left as it is and only takes its place; its addresses are never given again. Start-up takes no time here.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { ClusterNode, Pod } from '../cluster/objects.ts'
import { nodeInternalIp, objectKey } from '../cluster/objects.ts'
import { AddressSet } from '../net/address-set.ts'
import { parsePrefix } from '../net/ip.ts'
import type { Place, Problem } from '../problem/problem.ts'
import { badInput } from '../problem/problem.ts'
import { AddressPool } from './address-pool.ts'
import { asRecord } from './owner-reference.ts'
import { PodScheduler } from './pod-scheduler.ts'

export class PodPlacement {
  readonly #scheduler: PodScheduler
  readonly #maxPodsPerNode: number
  readonly #nodeOf: (name: string) => ClusterNode | undefined
  readonly #addressesInUse = new AddressSet()
  readonly #pools = new Map<string, readonly AddressPool[]>()
  /** Keys of pods that brought their place, or their end, with them. */
  readonly #adopted = new Set<string>()

  constructor(seed: string, maxPodsPerNode: number, nodeOf: (name: string) => ClusterNode | undefined) {
    this.#scheduler = new PodScheduler(seed, maxPodsPerNode)
    this.#maxPodsPerNode = maxPodsPerNode
    this.#nodeOf = nodeOf
  }

  nodeChanged(node: ClusterNode): void {
    this.#scheduler.setNode(node.name, node.ready && node.unschedulable !== true)
    this.#pools.delete(node.name)
  }

  nodeRemoved(node: ClusterNode): void {
    this.#scheduler.removeNode(node.name)
    this.#pools.delete(node.name)
  }

  /** A Problem when the ready nodes have no room for `count` more pods. */
  expect(count: number, place: Place): Problem | undefined {
    return count > this.#scheduler.room ? this.#noRoom(count, place) : undefined
  }

  /** Whether a pod of the cluster was given its node here and still has it: it lives and dies with the node. */
  isPlaced = (pod: Pod): boolean => !hasEnded(pod) && !this.#adopted.has(objectKey(pod))

  /** Whether `pod` is one to give a node and addresses to: it has no status of its own. */
  isBare(pod: Pod): boolean {
    if (asRecord(pod.source?.['status'])?.['phase'] !== undefined) return false
    return pod.podIPs.length === 0 && !hasEnded(pod)
  }

  /** Takes the node and addresses that `pod` already has. */
  adopt(pod: Pod): void {
    this.#adopted.add(objectKey(pod))
    if (hasEnded(pod)) return
    if (pod.nodeName !== '') this.#scheduler.occupy(pod.nodeName)
    if (!pod.hostNetwork) for (const ip of pod.podIPs) this.#addressesInUse.add(ip)
  }

  /**
   * `pod` with a node (its own if it names one, which must exist) and addresses of it, Running. A Pending one starts and becomes ready as
   * its node is; one that is Running already keeps its own word on whether it is ready.
   */
  place(pod: Pod, place: Place): E.Either<Problem, Pod> {
    const nodeName = this.#takeRoom(pod)
    if (nodeName === undefined) return E.left(this.#noRoom(1, place))
    const node = this.#nodeNamed(nodeName, pod)
    const podIPs = this.#addressesOf(pod, node, place)
    if (E.isLeft(podIPs)) {
      this.#scheduler.vacate(nodeName)
      return podIPs
    }
    const ready = node.ready && (pod.phase === 'Pending' || pod.ready)
    return E.right({ ...pod, nodeName, podIPs: podIPs.right, phase: 'Running', ready })
  }

  /** The scheduler's part: `pod` with a node (its own if it names one, which must exist); undefined when no ready node has room. */
  bind(pod: Pod): Pod | undefined {
    const nodeName = this.#takeRoom(pod)
    return nodeName === undefined ? undefined : { ...pod, nodeName }
  }

  /** The kubelet's part: a bound `pod` with addresses of its node, Running and not ready. */
  start(pod: Pod, place: Place): E.Either<Problem, Pod> {
    const podIPs = this.#addressesOf(pod, this.#nodeNamed(pod.nodeName, pod), place)
    return E.isLeft(podIPs) ? podIPs : E.right({ ...pod, podIPs: podIPs.right, phase: 'Running', ready: false })
  }

  /** Room for one more pod on some ready node. */
  get hasReadyRoom(): boolean {
    return this.#scheduler.room > 0
  }

  /** Room for one more pod on this node, ready or not. */
  hasRoom = (nodeName: string): boolean => this.#scheduler.roomOn(nodeName) > 0

  /** Gives back what `pod` has. */
  release(pod: Pod): void {
    this.#adopted.delete(objectKey(pod))
    if (hasEnded(pod)) return
    if (pod.nodeName !== '') this.#scheduler.vacate(pod.nodeName)
    if (!pod.hostNetwork) for (const ip of pod.podIPs) this.#addressesInUse.delete(ip)
  }

  #noRoom(count: number, place: Place): Problem {
    const { room, readyNodeCount } = this.#scheduler
    return badInput(
      place,
      `${count} pod(s) to place, and room for ${room} on ${readyNodeCount} ready Node(s) of at most ${this.#maxPodsPerNode} pods each`,
      'raise cluster.nodes or cluster.maxPodsPerNode, or lower the replicas',
    )
  }

  #takeRoom({ nodeName }: Pod): string | undefined {
    const name = nodeName === '' ? this.#scheduler.pick() : nodeName
    if (name !== undefined) this.#scheduler.occupy(name)
    return name
  }

  #nodeNamed(name: string, pod: Pod): ClusterNode {
    const node = this.#nodeOf(name)
    if (node === undefined) throw new Error(`pod ${objectKey(pod)} started on node ${name}, which is not there`)
    return node
  }

  #addressesOf(pod: Pod, node: ClusterNode, place: Place): E.Either<Problem, readonly string[]> {
    return pod.hostNetwork ? E.right(hostAddresses(node)) : this.#takeAddresses(pod, node, place)
  }

  #takeAddresses(pod: Pod, node: ClusterNode, place: Place): E.Either<Problem, readonly string[]> {
    const addresses: string[] = []
    for (const pool of this.#poolsOf(node)) {
      const address = pool.take()
      if (address === undefined) {
        for (const taken of addresses) this.#addressesInUse.delete(taken)
        return E.left(
          badInput(
            place,
            `no address left for Pod "${objectKey(pod)}": the podCIDR of Node "${node.name}" holds ${pool.capacity} pods`,
            'lower cluster.maxPodsPerNode, raise cluster.nodes, or give the Node a larger podCIDR',
          ),
        )
      }
      addresses.push(address)
    }
    return E.right(addresses)
  }

  #poolsOf(node: ClusterNode): readonly AddressPool[] {
    let pools = this.#pools.get(node.name)
    if (pools === undefined) {
      pools = node.podCIDRs.flatMap(cidr => {
        const prefix = parsePrefix(cidr)
        return prefix === undefined ? [] : [new AddressPool(prefix, 2n, this.#addressesInUse)]
      })
      this.#pools.set(node.name, pools)
    }
    return pools
  }
}

/** What status.podIPs of a hostNetwork pod shows: the node's InternalIP of each family, in the node's order. */
function hostAddresses(node: ClusterNode): string[] {
  const four = nodeInternalIp(node, 4)
  const six = nodeInternalIp(node, 6)
  const found = [four, six].filter(ip => ip !== undefined)
  return node.addresses.find(a => a.type === 'InternalIP')?.address === six ? found.reverse() : found
}

/** Its node and addresses are free again. */
const hasEnded = (pod: Pod): boolean => pod.phase === 'Succeeded' || pod.phase === 'Failed'
