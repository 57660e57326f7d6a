/**
 * What a cluster's administrator decides before the first object exists: address ranges, limits, the cloud provider.
 * Defaults are those of kubeadm and kind (service 10.96.0.0/12, pods 10.244.0.0/16, nodes on kind's bridge network).
 */
import type { LoadBalancerConfig } from './cloud-load-balancer.ts'

export interface ControlPlaneConfig {
  /** Every random choice is a function of it. */
  readonly seed: string
  /**
   * Where ClusterIPs come from; the family of the first is the cluster's primary one. `infer`: for objects of a cluster whose
   * ranges are not known: any explicit ClusterIP is accepted, dynamic ones come from ServiceCIDR objects or the default ranges.
   */
  readonly serviceCidrs: readonly string[] | 'infer'
  /** Where nodes without podCIDRs get theirs: a /24 a node from each IPv4 range, a /64 from each IPv6 one. */
  readonly clusterCidrs: readonly string[]
  /** Where nodes without addresses get an InternalIP, one of each range. */
  readonly nodeCidrs: readonly string[]
  /** Two Services with one ClusterIP or node port: a Problem, or both keep it and a warning is recorded. */
  readonly onClash: 'error' | 'warn'
  readonly maxPodsPerNode: number
  /** kube-apiserver's --service-node-port-range, both ends included. */
  readonly nodePortRange: { readonly first: number; readonly last: number }
  readonly loadBalancer: LoadBalancerConfig
}

export const DEFAULT_SERVICE_CIDRS = { IPv4: '10.96.0.0/12', IPv6: 'fd00:10:96::/112' } as const

export const defaultControlPlaneConfig: ControlPlaneConfig = {
  seed: 'svcsim',
  serviceCidrs: [DEFAULT_SERVICE_CIDRS.IPv4],
  clusterCidrs: ['10.244.0.0/16'],
  nodeCidrs: ['172.18.0.0/16'],
  onClash: 'error',
  maxPodsPerNode: 110,
  nodePortRange: { first: 30_000, last: 32_767 },
  loadBalancer: { ingress: 'hostname', ipRange: '198.51.100.0/24', hostnamePattern: '{id}.elb.example' },
}

/** The default cluster with both families, IPv4 being the primary one. */
export const dualStackControlPlaneConfig: ControlPlaneConfig = {
  ...defaultControlPlaneConfig,
  serviceCidrs: [DEFAULT_SERVICE_CIDRS.IPv4, DEFAULT_SERVICE_CIDRS.IPv6],
  clusterCidrs: ['10.244.0.0/16', 'fd00:10:244::/56'],
  nodeCidrs: ['172.18.0.0/16', 'fc00:f853:ccd:e793::/64'],
}
