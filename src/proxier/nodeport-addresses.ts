/**
 * Which addresses of a node take nodePorts. Common to the proxy modes.
 * Models NodePortAddresses (pkg/proxy/util/nodeport_addresses.go) and the flag `--nodeport-addresses`. kube-proxy lists the
 * addresses of all interfaces; here a node has its InternalIPs and loopback.
 */
import type { IpAddress, IpFamily, IpPrefix } from '../net/ip.ts'
import { formatIp, hostPrefix, parseIp, parsePrefix, prefixContains } from '../net/ip.ts'
import type { ProxierConfig } from './proxier-config.ts'
import type { ProxierNode } from './proxier-node.ts'

export interface NodePortAddresses {
  /** Every address of the node takes them; `addresses` is empty then. */
  readonly all: boolean
  /** The node's addresses that take them, each once; loopback may be among them. */
  readonly addresses: readonly IpAddress[]
  /** Some of 127.0.0.0/8 or ::1 is wanted. */
  readonly containsLoopback: boolean
}

export function nodePortAddresses(config: ProxierConfig, node: ProxierNode, family: IpFamily): NodePortAddresses {
  const prefixes = wantedPrefixes(config, node, family)
  if (prefixes === 'all') return { all: true, addresses: [], containsLoopback: true }
  const loopback = LOOPBACK[family]
  const addresses = new Map<string, IpAddress>()
  for (const prefix of prefixes)
    for (const address of [...node.interfaceAddresses, LOOPBACK_ADDRESS[family]])
      if (prefixContains(prefix, address)) addresses.set(formatIp(address), address)
  return {
    all: false,
    addresses: [...addresses.values()],
    containsLoopback: prefixes.some(p => prefixContains(p, loopback) || prefixContains(loopback, p)),
  }
}

export const LOOPBACK: Readonly<Record<IpFamily, IpPrefix>> = {
  4: parsePrefix('127.0.0.0/8')!,
  6: parsePrefix('::1/128')!,
}

const LOOPBACK_ADDRESS: Readonly<Record<IpFamily, IpAddress>> = { 4: parseIp('127.0.0.1')!, 6: parseIp('::1')! }

/** The family's prefixes; `all` when there is none of it, or one holds every address. */
function wantedPrefixes(config: ProxierConfig, node: ProxierNode, family: IpFamily): readonly IpPrefix[] | 'all' {
  const prefixes = isPrimary(config)
    ? node.ip === undefined
      ? []
      : [hostPrefix(node.ip)]
    : config.nodePortAddresses.map(parsePrefix).filter(p => p?.family === family)
  return prefixes.length === 0 || prefixes.some(p => p!.length === 0) ? 'all' : prefixes.map(p => p!)
}

const isPrimary = (config: ProxierConfig): boolean =>
  config.nodePortAddresses.length === 1 && config.nodePortAddresses[0] === 'primary'
