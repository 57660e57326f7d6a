/**
 * kube-proxy's flags as text -> ProxierConfig, with kube-proxy's own names, defaults and checks. A flag that does not make sense is
 * one clear sentence that names it.
 */
import * as E from 'fp-ts/lib/Either.js'
import { parsePrefix } from '../net/ip.ts'
import { didYouMean } from '../problem/near-names.ts'
import { badUsage, type Problem, quoted } from '../problem/problem.ts'
import { DEFAULT_CONFIGURATION, type KubeProxyConfiguration } from '../proxier/kube-proxy-configuration.ts'
import { NFTABLES_RELEASES } from '../proxier/nftables-releases.ts'
import {
  CHAIN_NAME_STYLES,
  DETECT_LOCAL_MODES,
  PROXY_MODES,
  type ProxierConfig,
  type ProxyMode,
} from '../proxier/proxier-config.ts'

/** As the command line gave them; absent: the default. A flag without a value is `true`. */
export interface ProxierFlags {
  readonly proxyMode?: string
  readonly proxyVersion?: string
  readonly clusterCidr?: string
  readonly masqueradeAll?: string | true
  readonly detectLocalMode?: string
  readonly podBridgeInterface?: string
  readonly podInterfaceNamePrefix?: string
  readonly nodeportAddresses?: string
  readonly iptablesLocalhostNodeports?: string | true
  readonly iptablesMasqueradeBit?: string
  readonly chainNames?: string
  readonly nfacct?: string
}

/** `file`: the settings that flags override. */
export function proxierConfigOf(
  flags: ProxierFlags,
  file: KubeProxyConfiguration = DEFAULT_CONFIGURATION,
): E.Either<Problem, ProxierConfig> {
  const problems: Problem[] = []
  const read = <A>(flag: string, text: string | true | undefined, decode: Decode<A>, byDefault: A): A => {
    if (text === undefined) return byDefault
    const decoded = text === true ? decode('true') : decode(text)
    if (typeof decoded === 'object' && decoded !== null && 'wrong' in decoded) {
      problems.push(badUsage(`--${flag} ${quoted(text === true ? '' : text)} ${decoded.wrong}`, decoded.mend))
      return byDefault
    }
    return decoded
  }
  const mode = read('proxy-mode', flags.proxyMode, oneOf(PROXY_MODES), file.mode)
  const d = file.configs[mode]
  const config: ProxierConfig = {
    mode,
    release: read('proxy-version', flags.proxyVersion, oneRelease(RELEASES[mode], mode), d.release),
    clusterCidrs: read('cluster-cidr', flags.clusterCidr, cidrs, d.clusterCidrs),
    masqueradeAll: read('masquerade-all', flags.masqueradeAll, bool, d.masqueradeAll),
    detectLocalMode: read('detect-local-mode', flags.detectLocalMode, oneOf(DETECT_LOCAL_MODES), d.detectLocalMode),
    podBridgeInterface: read('pod-bridge-interface', flags.podBridgeInterface, interfaceName(15), d.podBridgeInterface),
    // The + that ends a prefix is one of the 15 characters iptables takes.
    podInterfaceNamePrefix: read(
      'pod-interface-name-prefix',
      flags.podInterfaceNamePrefix,
      interfaceName(14),
      d.podInterfaceNamePrefix,
    ),
    nodePortAddresses: read('nodeport-addresses', flags.nodeportAddresses, nodePortAddresses, d.nodePortAddresses),
    localhostNodePorts: read(
      'iptables-localhost-nodeports',
      flags.iptablesLocalhostNodeports,
      bool,
      d.localhostNodePorts,
    ),
    masqueradeBit: masqueradeBit(d, read('iptables-masquerade-bit', flags.iptablesMasqueradeBit, bit, d.masqueradeBit)),
    bindAddress: d.bindAddress,
    nfacct: read('nfacct', flags.nfacct, onOff, d.nfacct),
    chainNames: read('chain-names', flags.chainNames, oneOf(CHAIN_NAME_STYLES), d.chainNames),
    largeClusterEndpoints: d.largeClusterEndpoints,
  }
  const first = problems[0] ?? missingInterface(config) ?? legacyNames(config)
  return first === undefined ? E.right(config) : E.left(first)
}

interface Wrong {
  readonly wrong: string
  readonly mend: string
}

type Decode<A> = (text: string) => A | Wrong

/** Releases whose rules are the ones written here, as their sources say. */
const RELEASES: Readonly<Record<ProxyMode, readonly string[]>> = {
  iptables: ['1.31', '1.32', '1.33', '1.34', '1.35', '1.36'],
  nftables: Object.keys(NFTABLES_RELEASES),
}

const oneRelease =
  (known: readonly string[], mode: ProxyMode): Decode<string> =>
  text => {
    const minor = /^v?(\d+\.\d+)(\.\d+)?$/.exec(text)?.[1] ?? ''
    return known.includes(minor)
      ? minor
      : { wrong: `is a release whose ${mode} rules are not known`, mend: `known are ${known.join(', ')}` }
  }

/** kube-proxy's flag is for iptables alone; nftables mode has its bit from the configuration file. */
const masqueradeBit = (byDefault: ProxierConfig, flag: number): number =>
  byDefault.mode === 'iptables' ? flag : byDefault.masqueradeBit

const oneOf =
  <A extends string>(known: readonly A[]): Decode<A> =>
  text =>
    known.find(k => k === text) ?? {
      wrong: 'is unknown',
      mend: didYouMean(text, known, `it is ${known.join(' or ')}`),
    }

const bool: Decode<boolean> = text =>
  text === 'true' || (text === 'false' ? false : { wrong: 'is neither true nor false', mend: 'write true or false' })

const onOff: Decode<boolean> = text =>
  text === 'on' || (text === 'off' ? false : { wrong: 'is neither on nor off', mend: 'write on or off' })

const cidrs: Decode<readonly string[]> = text => {
  const list = text.split(',').filter(t => t !== '')
  const bad = list.find(t => parsePrefix(t) === undefined)
  return bad === undefined
    ? list
    : { wrong: `holds ${quoted(bad)}, no CIDR`, mend: 'write CIDRs as 10.244.0.0/16,fd00::/56' }
}

const nodePortAddresses: Decode<readonly string[]> = text => (text === 'primary' ? ['primary'] : cidrs(text))

const interfaceName =
  (longest: number): Decode<string> =>
  text =>
    text.length <= longest && /^[^\s/+!]+$/.test(text)
      ? text
      : { wrong: 'is no interface name', mend: `write 1 to ${longest} characters, without blanks, / + or !` }

const bit: Decode<number> = text =>
  /^\d{1,2}$/.test(text) && Number(text) <= 31
    ? Number(text)
    : { wrong: 'is no bit of the mark', mend: 'write 0 to 31' }

function legacyNames({ mode, chainNames }: ProxierConfig): Problem | undefined {
  return mode === 'nftables' && chainNames === 'legacy'
    ? badUsage('--chain-names legacy is for iptables mode', 'leave it out')
    : undefined
}

function missingInterface(config: ProxierConfig): Problem | undefined {
  if (config.detectLocalMode === 'BridgeInterface' && config.podBridgeInterface === '')
    return badUsage('--detect-local-mode BridgeInterface needs a bridge', 'add --pod-bridge-interface NAME')
  if (config.detectLocalMode === 'InterfaceNamePrefix' && config.podInterfaceNamePrefix === '')
    return badUsage('--detect-local-mode InterfaceNamePrefix needs a prefix', 'add --pod-interface-name-prefix PREFIX')
  return undefined
}
