import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeProblem } from '../problem/problem.ts'
import { readKubeProxyConfiguration } from './kube-proxy-configuration.ts'
import { DEFAULT_PROXIER_CONFIG, NFTABLES_PROXIER_CONFIG } from './proxier-config.ts'

const HEAD = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n'

const read = (text: string) => readKubeProxyConfiguration({ name: 'f', bytes: new TextEncoder().encode(text) })

function configuration(text: string) {
  const result = read(HEAD + text)
  if (E.isLeft(result)) throw new Error(describeProblem(result.left))
  return result.right
}

function problemOf(text: string): string {
  const result = read(text)
  return E.isLeft(result) ? describeProblem(result.left) : 'was read'
}

/** What kubeadm writes, with every other field of release 1.34 set to something. */
const WHOLE = `
featureGates: {SomeGate: true}
clientConnection: {kubeconfig: /var/lib/kube-proxy/kubeconfig.conf, acceptContentTypes: "", contentType: "", qps: 0.5, burst: 0}
logging:
  format: text
  flushFrequency: 5000000000
  verbosity: 2
  vmodule: [{filePattern: proxier, verbosity: 5}]
  options: {text: {splitStream: false, infoBufferSize: "0"}, json: {splitStream: true, infoBufferSize: 64Ki}}
hostnameOverride: node-a
bindAddress: 0.0.0.0
healthzBindAddress: ""
metricsBindAddress: ""
bindAddressHardFail: false
enableProfiling: false
showHiddenMetricsForVersion: ""
mode: ""
iptables: {masqueradeBit: null, masqueradeAll: false, localhostNodePorts: null, syncPeriod: 0s, minSyncPeriod: 0s}
ipvs: {syncPeriod: 0s, minSyncPeriod: 0s, scheduler: "", excludeCIDRs: null, strictARP: false, tcpTimeout: 0s, tcpFinTimeout: 0s, udpTimeout: 0s}
nftables: {masqueradeBit: null, masqueradeAll: false, syncPeriod: 0s, minSyncPeriod: 0s}
winkernel: {networkName: "", sourceVip: "", enableDSR: false, rootHnsEndpointName: "", forwardHealthCheckVip: false}
detectLocalMode: ""
detectLocal: {bridgeInterface: "", interfaceNamePrefix: ""}
clusterCIDR: ""
nodePortAddresses: null
oomScoreAdj: null
conntrack: {maxPerCore: null, min: 0, tcpEstablishedTimeout: null, tcpCloseWaitTimeout: 1h0m0s, tcpBeLiberal: false, udpTimeout: 0s, udpStreamTimeout: 0s}
configSyncPeriod: 15m0s
portRange: ""
windowsRunAsService: false
`

describe('readKubeProxyConfiguration', () => {
  it('knows every field, and the defaults behind empty values', () => {
    expect(configuration(WHOLE)).toEqual({
      mode: 'iptables',
      hostnameOverride: 'node-a',
      configs: { iptables: DEFAULT_PROXIER_CONFIG, nftables: NFTABLES_PROXIER_CONFIG },
    })
  })

  it('takes what rules depend on, for each mode', () => {
    const { mode, configs } = configuration(`
mode: nftables
clusterCIDR: 10.244.0.0/16,fd00::/56
detectLocalMode: BridgeInterface
detectLocal: {bridgeInterface: cni0, interfaceNamePrefix: veth}
nodePortAddresses: [192.0.2.0/24, "2001:db8::/64"]
bindAddress: 192.0.2.7
iptables: {masqueradeBit: 3, masqueradeAll: true, localhostNodePorts: false}
nftables: {masqueradeBit: 5}
`)
    const common = {
      clusterCidrs: ['10.244.0.0/16', 'fd00::/56'],
      detectLocalMode: 'BridgeInterface',
      podBridgeInterface: 'cni0',
      podInterfaceNamePrefix: 'veth',
      nodePortAddresses: ['192.0.2.0/24', '2001:db8::/64'],
      localhostNodePorts: false,
      bindAddress: '192.0.2.7',
    }
    expect(mode).toBe('nftables')
    expect(configs.iptables).toEqual({ ...DEFAULT_PROXIER_CONFIG, ...common, masqueradeBit: 3, masqueradeAll: true })
    expect(configs.nftables).toEqual({ ...NFTABLES_PROXIER_CONFIG, ...common, masqueradeBit: 5 })
  })

  it('may be JSON', () => {
    const json = {
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      nodePortAddresses: ['primary'],
    }
    const result = read(JSON.stringify(json))
    expect(E.isRight(result) && result.right.configs.iptables.nodePortAddresses).toEqual(['primary'])
  })

  const rows: readonly [string, string][] = [
    ['iptable: {}', 'f:3:10: iptable: kube-proxy 1.34 has no field "iptable" here; did you mean iptables or nftables?'],
    [
      'iptables:\n  masqBit: 3',
      'f:4:12: iptables.masqBit: kube-proxy 1.34 has no field "masqBit" here; known here are masqueradeBit, masqueradeAll, localhostNodePorts, syncPeriod, minSyncPeriod',
    ],
    [
      'logging: {vmodule: [{pattern: x}]}',
      'f:3:31: logging.vmodule[0].pattern: kube-proxy 1.34 has no field "pattern" here; known here are filePattern, verbosity',
    ],
    ['iptables: 3', 'f:3:11: iptables: expected an object, found 3; write an object here'],
    [
      'iptables: {masqueradeAll: "true"}',
      'f:3:27: iptables.masqueradeAll: expected true or false, found "true"; write true or false here',
    ],
    [
      'iptables: {masqueradeBit: 32}',
      'f:3:27: iptables.masqueradeBit: 32 is not from 0 to 31; write a number from 0 to 31',
    ],
    [
      'nftables: {masqueradeBit: 1.5}',
      'f:3:27: nftables.masqueradeBit: expected a whole number, found 1.5; write a whole number here',
    ],
    ['iptables: {syncPeriod: 30}', 'f:3:24: iptables.syncPeriod: expected text, found 30; write text here'],
    [
      'iptables: {syncPeriod: "30"}',
      'f:3:24: iptables.syncPeriod: "30" is no duration; write it as 30s, 1m30s or 250ms',
    ],
    ['iptables: {syncPeriod: -1s}', 'f:3:24: iptables.syncPeriod: "-1s" is below 0; write 0 or more'],
    [
      'nftables: {minSyncPeriod: 40s}',
      'f:3:27: nftables.minSyncPeriod: is longer than syncPeriod; make syncPeriod (30s by default) at least as long',
    ],
    ['mode: ipvs', 'f:3:7: mode: ipvs is not modelled; write iptables or nftables'],
    ['mode: userspace', 'f:3:7: mode: "userspace" is not supported; write one of iptables, nftables'],
    [
      'detectLocalMode: clusterCIDR',
      'f:3:18: detectLocalMode: "clusterCIDR" is not supported; write one of ClusterCIDR, NodeCIDR, BridgeInterface, InterfaceNamePrefix',
    ],
    [
      'detectLocalMode: BridgeInterface',
      'f:3:18: detectLocalMode: BridgeInterface needs a bridge; add detectLocal.bridgeInterface',
    ],
    [
      'detectLocalMode: InterfaceNamePrefix',
      'f:3:18: detectLocalMode: InterfaceNamePrefix needs a prefix; add detectLocal.interfaceNamePrefix',
    ],
    [
      'detectLocal: {bridgeInterface: "a b"}',
      'f:3:32: detectLocal.bridgeInterface: "a b" is no interface name; write 1 to 15 characters, without blanks, / + or !',
    ],
    [
      'clusterCIDR: 10.0.0.0/8,10.1.0.0/16',
      'f:3:14: clusterCIDR: "10.0.0.0/8,10.1.0.0/16" is neither a CIDR nor one of each family; write it as 10.244.0.0/16 or 10.244.0.0/16,fd00::/56',
    ],
    [
      'nodePortAddresses: [10.0.0.0/8, primary]',
      'f:3:33: nodePortAddresses[1]: primary stands beside others; write it alone',
    ],
    [
      'nodePortAddresses: [10.0.0.1]',
      'f:3:21: nodePortAddresses[0]: "10.0.0.1" is no CIDR; write CIDRs, or primary alone',
    ],
    ['bindAddress: host', 'f:3:14: bindAddress: "host" is no IP address; write the IP of the node, 0.0.0.0 or ::'],
    [
      'featureGates: {A: "yes"}',
      'f:3:19: featureGates.A: expected true or false, found "yes"; write true or false here',
    ],
    [
      'logging: {options: {json: {infoBufferSize: 1Q}}}',
      'f:3:44: logging.options.json.infoBufferSize: "1Q" is no quantity; write it as 65536 or 64Ki',
    ],
  ]
  it.each(rows)('refuses %s', (text, problem) => {
    expect(problemOf(HEAD + text)).toBe(problem)
  })

  const documents: readonly [string, string][] = [
    ['', 'f: holds 0 documents; give one KubeProxyConfiguration of kubeproxy.config.k8s.io/v1alpha1'],
    [
      `${HEAD}---\n${HEAD}`,
      'f: holds 2 documents; give one KubeProxyConfiguration of kubeproxy.config.k8s.io/v1alpha1',
    ],
    ['[]', 'f:1:1: is []; give one KubeProxyConfiguration of kubeproxy.config.k8s.io/v1alpha1'],
    ['kind: Service', 'f:1:7: kind: is "Service"; give a KubeProxyConfiguration'],
    ['a: 1', 'f:1:1: kind: is undefined; give a KubeProxyConfiguration'],
    [
      HEAD.replace('v1alpha1', 'v1'),
      'f:1:13: apiVersion: is "kubeproxy.config.k8s.io/v1"; write kubeproxy.config.k8s.io/v1alpha1',
    ],
    [
      'apiVersion: v1\nkind: ConfigMap\ndata: {}',
      "f:2:7: kind: is a ConfigMap; give the text in it: kubectl -n kube-system get configmap kube-proxy -o jsonpath='{.data.config\\.conf}'",
    ],
  ]
  it.each(documents)('refuses the document %j', (text, problem) => {
    expect(problemOf(text)).toBe(problem)
  })
})
