/**
 * kube-proxy's own settings, as far as its rules depend on them: the same names, meanings and defaults as the flags of
 * kube-proxy 1.34 (`--proxy-mode`, `--cluster-cidr`, …). Three fields stand for the machine and the binary instead of a flag: `nfacct`
 * (the kernel has nfnetlink_acct), `release`, and `chainNames` (which releases' hashes to write).
 */
export interface ProxierConfig {
  readonly mode: ProxyMode
  /** `1.34`. */
  readonly release: string
  /** CIDRs of all pods; the first of each family counts. */
  readonly clusterCidrs: readonly string[]
  readonly masqueradeAll: boolean
  readonly detectLocalMode: DetectLocalMode
  /** Bridge of the pods, for `BridgeInterface`. */
  readonly podBridgeInterface: string
  /** Beginning of the pods' interface names, for `InterfaceNamePrefix`. */
  readonly podInterfaceNamePrefix: string
  /** CIDRs of node addresses that take nodePorts, or `primary` alone; empty: all local addresses. */
  readonly nodePortAddresses: readonly string[]
  /** NodePorts answer on 127.0.0.0/8 too (IPv4 only). */
  readonly localhostNodePorts: boolean
  /** Bit of the packet mark that asks for a masquerade, 0 to 31. */
  readonly masqueradeBit: number
  /** An address that stands for the node's own of its family; empty: none. kube-proxy binds nothing to it. */
  readonly bindAddress: string
  /** The kernel counts with nfacct: the INVALID drop carries a counter and every IPv4 nodePort has a counted 127.0.0.0/8 rule. */
  readonly nfacct: boolean
  readonly chainNames: ChainNameStyle
  /** Above this many endpoints rules of endpoints carry no comment. */
  readonly largeClusterEndpoints: number
}

export const PROXY_MODES = ['iptables', 'nftables'] as const
export type ProxyMode = (typeof PROXY_MODES)[number]

export const DETECT_LOCAL_MODES = ['ClusterCIDR', 'NodeCIDR', 'BridgeInterface', 'InterfaceNamePrefix'] as const
export type DetectLocalMode = (typeof DETECT_LOCAL_MODES)[number]

/** `legacy`: an unnamed port is hashed and written with a trailing colon, as releases before 1.20 did. */
export const CHAIN_NAME_STYLES = ['current', 'legacy'] as const
export type ChainNameStyle = (typeof CHAIN_NAME_STYLES)[number]

/** In iptables mode. In nftables mode `nodePortAddresses` is `primary` (NFTABLES_PROXIER_CONFIG). */
export const DEFAULT_PROXIER_CONFIG: ProxierConfig = {
  mode: 'iptables',
  release: '1.34',
  clusterCidrs: [],
  masqueradeAll: false,
  detectLocalMode: 'ClusterCIDR',
  podBridgeInterface: '',
  podInterfaceNamePrefix: '',
  nodePortAddresses: [],
  localhostNodePorts: true,
  masqueradeBit: 14,
  bindAddress: '',
  nfacct: false,
  chainNames: 'current',
  largeClusterEndpoints: 1000,
}

export const NFTABLES_PROXIER_CONFIG: ProxierConfig = {
  ...DEFAULT_PROXIER_CONFIG,
  mode: 'nftables',
  nodePortAddresses: ['primary'],
}
