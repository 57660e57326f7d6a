import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeProblem } from '../problem/problem.ts'
import { DEFAULT_PROXIER_CONFIG, NFTABLES_PROXIER_CONFIG } from '../proxier/proxier-config.ts'
import { type ProxierFlags, proxierConfigOf } from './proxier-flags.ts'

const sentence = (flags: ProxierFlags): string => {
  const config = proxierConfigOf(flags)
  return E.isLeft(config) ? describeProblem(config.left) : 'accepted'
}

describe('proxierConfigOf', () => {
  it('without flags is kube-proxy as it comes', () => {
    expect(proxierConfigOf({})).toEqual(E.right(DEFAULT_PROXIER_CONFIG))
  })

  it('takes every flag', () => {
    const flags: ProxierFlags = {
      proxyMode: 'iptables',
      proxyVersion: 'v1.33.2',
      clusterCidr: '10.244.0.0/16,fd00::/56',
      masqueradeAll: true,
      detectLocalMode: 'BridgeInterface',
      podBridgeInterface: 'cni0',
      podInterfaceNamePrefix: 'veth',
      nodeportAddresses: 'primary',
      iptablesLocalhostNodeports: 'false',
      iptablesMasqueradeBit: '31',
      chainNames: 'legacy',
      nfacct: 'on',
    }
    expect(proxierConfigOf(flags)).toEqual(
      E.right({
        mode: 'iptables',
        release: '1.33',
        clusterCidrs: ['10.244.0.0/16', 'fd00::/56'],
        masqueradeAll: true,
        detectLocalMode: 'BridgeInterface',
        podBridgeInterface: 'cni0',
        podInterfaceNamePrefix: 'veth',
        nodePortAddresses: ['primary'],
        localhostNodePorts: false,
        masqueradeBit: 31,
        nfacct: true,
        chainNames: 'legacy',
        bindAddress: '',
        largeClusterEndpoints: 1000,
      }),
    )
  })

  it('has the defaults of nftables mode, where the masquerade bit is no flag', () => {
    expect(proxierConfigOf({ proxyMode: 'nftables', iptablesMasqueradeBit: '10' })).toEqual(
      E.right(NFTABLES_PROXIER_CONFIG),
    )
    expect(NFTABLES_PROXIER_CONFIG).toMatchObject({ nodePortAddresses: ['primary'], masqueradeBit: 14 })
  })

  it.each<[ProxierFlags, string]>([
    [{ clusterCidr: '' }, 'accepted'],
    [{ masqueradeAll: 'false' }, 'accepted'],
    [
      { clusterCidr: '10.0.0.0' },
      '--cluster-cidr "10.0.0.0" holds "10.0.0.0", no CIDR; write CIDRs as 10.244.0.0/16,fd00::/56',
    ],
    [
      { clusterCidr: '10.0.0.0/33' },
      '--cluster-cidr "10.0.0.0/33" holds "10.0.0.0/33", no CIDR; write CIDRs as 10.244.0.0/16,fd00::/56',
    ],
    [
      { nodeportAddresses: 'primary,10.0.0.0/8' },
      '--nodeport-addresses "primary,10.0.0.0/8" holds "primary", no CIDR; write CIDRs as 10.244.0.0/16,fd00::/56',
    ],
    [{ masqueradeAll: 'yes' }, '--masquerade-all "yes" is neither true nor false; write true or false'],
    [{ nfacct: 'true' }, '--nfacct "true" is neither on nor off; write on or off'],
    [{ iptablesMasqueradeBit: '32' }, '--iptables-masquerade-bit "32" is no bit of the mark; write 0 to 31'],
    [{ iptablesMasqueradeBit: '-1' }, '--iptables-masquerade-bit "-1" is no bit of the mark; write 0 to 31'],
    [{ iptablesMasqueradeBit: 'NaN' }, '--iptables-masquerade-bit "NaN" is no bit of the mark; write 0 to 31'],
    [{ detectLocalMode: 'ClusterCidr' }, '--detect-local-mode "ClusterCidr" is unknown; did you mean ClusterCIDR?'],
    [
      { detectLocalMode: 'BridgeInterface' },
      '--detect-local-mode BridgeInterface needs a bridge; add --pod-bridge-interface NAME',
    ],
    [
      { detectLocalMode: 'InterfaceNamePrefix' },
      '--detect-local-mode InterfaceNamePrefix needs a prefix; add --pod-interface-name-prefix PREFIX',
    ],
    [
      { podBridgeInterface: 'a name' },
      '--pod-bridge-interface "a name" is no interface name; write 1 to 15 characters, without blanks, / + or !',
    ],
    [
      { podInterfaceNamePrefix: '123456789012345' },
      '--pod-interface-name-prefix "123456789012345" is no interface name; write 1 to 14 characters, without blanks, / + or !',
    ],
    [{ chainNames: 'old' }, '--chain-names "old" is unknown; it is current or legacy'],
    [{ proxyMode: 'ipvs' }, '--proxy-mode "ipvs" is unknown; it is iptables or nftables'],
    [
      { proxyVersion: '1.20' },
      '--proxy-version "1.20" is a release whose iptables rules are not known; known are 1.31, 1.32, 1.33, 1.34, 1.35, 1.36',
    ],
    [
      { proxyMode: 'nftables', proxyVersion: '1.36' },
      '--proxy-version "1.36" is a release whose nftables rules are not known; known are 1.33, 1.34',
    ],
    [{ proxyMode: 'nftables', chainNames: 'legacy' }, '--chain-names legacy is for iptables mode; leave it out'],
  ])('says of %j: %s', (flags, text) => {
    expect(sentence(flags)).toBe(text)
  })
})
