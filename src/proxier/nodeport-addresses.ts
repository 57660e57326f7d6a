/**
 * Which addresses of a node take nodePorts: the last rules of nat KUBE-SERVICES, and whether 127.0.0.0/8 is among them.
 * Models NodePortAddresses (pkg/proxy/util/nodeport_addresses.go) and the flags `--nodeport-addresses` and
 * `--iptables-localhost-nodeports`. kube-proxy lists the addresses of all interfaces; here a node has its InternalIPs and loopback.
 */
import type { IpAddress, IpFamily, IpPrefix } from '../net/ip.ts'
import { formatIp, hostPrefix, parseIp, parsePrefix, prefixContains } from '../net/ip.ts'
import type { Rule } from '../ruleset/ruleset.ts'
import type { ProxierConfig } from './proxier-config.ts'
import type { ProxierNode } from './proxier-node.ts'
import { comment, destination, jump, rule, toNode } from './rule-parts.ts'

export interface NodePortAddresses {
  /** 127.0.0.0/8 takes nodePorts (IPv4 only). */
  readonly localhost: boolean
  /** Jumps to KUBE-NODEPORTS that end nat KUBE-SERVICES. */
  readonly jumps: readonly Rule[]
}

export function nodePortAddresses(config: ProxierConfig, node: ProxierNode, family: IpFamily): NodePortAddresses {
  const prefixes = wantedPrefixes(config, node, family)
  const loopback = LOOPBACK[family]
  const localhost =
    family === 4 &&
    config.localhostNodePorts &&
    (prefixes === 'all' || prefixes.some(p => prefixContains(p, LOOPBACK_START) || prefixContains(loopback, p)))
  if (prefixes === 'all') {
    const spared = localhost ? [] : [destination(loopback, true)]
    return { localhost, jumps: [rule([...spared, comment(LAST_RULE), toNode], jump('KUBE-NODEPORTS'))] }
  }
  const addresses = new Map<string, IpAddress>()
  for (const prefix of prefixes)
    for (const address of [...node.interfaceAddresses, LOOPBACK_ADDRESS[family]])
      if (prefixContains(prefix, address) && (localhost || !prefixContains(loopback, address)))
        addresses.set(formatIp(address), address)
  return {
    localhost,
    jumps: [...addresses.values()].map(a =>
      rule([destination(hostPrefix(a)), comment(LAST_RULE)], jump('KUBE-NODEPORTS')),
    ),
  }
}

const LAST_RULE = 'kubernetes service nodeports; NOTE: this must be the last rule in this chain'

const LOOPBACK: Readonly<Record<IpFamily, IpPrefix>> = { 4: parsePrefix('127.0.0.0/8')!, 6: parsePrefix('::1/128')! }
const LOOPBACK_ADDRESS: Readonly<Record<IpFamily, IpAddress>> = { 4: parseIp('127.0.0.1')!, 6: parseIp('::1')! }
const LOOPBACK_START = parseIp('127.0.0.0')!

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
