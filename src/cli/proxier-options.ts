/** kube-proxy's own flags, for every command that makes rules from objects. What they mean is decided in app/proxier-flags.ts. */
import type { Command } from 'commander'
import { Option } from 'commander'

const OPTIONS: readonly (readonly [flags: string, description: string])[] = [
  ['--proxy-mode <mode>', 'iptables (default) or nftables'],
  ['--proxy-version <version>', 'release of kube-proxy to write the rules of (default 1.34)'],
  ['--cluster-cidr <cidrs>', 'CIDRs of the pods, one for each IP family'],
  ['--masquerade-all [bool]', 'masquerade all traffic to clusterIPs'],
  ['--detect-local-mode <mode>', 'ClusterCIDR (default), NodeCIDR, BridgeInterface or InterfaceNamePrefix'],
  ['--pod-bridge-interface <name>', 'bridge of the pods, for BridgeInterface'],
  ['--pod-interface-name-prefix <prefix>', "beginning of the pods' interface names, for InterfaceNamePrefix"],
  [
    '--nodeport-addresses <cidrs>',
    'CIDRs of node addresses that take nodePorts, or primary (default: all; nftables: primary)',
  ],
  ['--iptables-localhost-nodeports [bool]', 'nodePorts on 127.0.0.0/8 too (default true)'],
  ['--iptables-masquerade-bit <bit>', 'bit of the packet mark that asks for a masquerade (default 14)'],
  ['--chain-names <style>', 'current (default) or legacy: hashes as releases before 1.20 made them'],
  ['--config <file>', 'a KubeProxyConfiguration, as kube-proxy reads it; flags override it'],
  ['--nfacct <on|off>', 'the kernel has nfnetlink_acct: rules carry its counters (default off)'],
]

/** Commander names the values as ProxierFlags (app/proxier-flags.ts) does. */
export function addProxierOptions(command: Command): Command {
  for (const [flags, description] of OPTIONS) command.addOption(new Option(flags, description))
  return command
}
