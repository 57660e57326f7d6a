/**
 * kube-proxy's configuration file (KubeProxyConfiguration, kubeproxy.config.k8s.io/v1alpha1; YAML or JSON) -> what of it rules depend
 * on. Every field must be one of kube-proxy 1.34's and of its type; values are checked as kube-proxy's validation does where they
 * matter here. The first fault is named with its file, line and path.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { FieldCursor, isJsonObject } from '../cluster/field-cursor.ts'
import { readManifest } from '../cluster/manifest.ts'
import { type ManifestDocument, type ManifestFile, placeIn } from '../cluster/manifest-document.ts'
import { parseIp, parsePrefix } from '../net/ip.ts'
import { badInput, type Problem, quoted } from '../problem/problem.ts'
import { parseDurationUs } from '../sim/time.ts'
import { checkFields, KUBE_PROXY_FIELDS } from './kube-proxy-schema.ts'
import {
  DEFAULT_PROXIER_CONFIG,
  DETECT_LOCAL_MODES,
  NFTABLES_PROXIER_CONFIG,
  PROXY_MODES,
  type ProxierConfig,
  type ProxyMode,
} from './proxier-config.ts'

export interface KubeProxyConfiguration {
  readonly mode: ProxyMode
  /** The node's name; empty: its host's. */
  readonly hostnameOverride: string
  /** kube-proxy's settings in each mode: a flag may choose another than the file does. */
  readonly configs: Readonly<Record<ProxyMode, ProxierConfig>>
}

/** The settings of a kube-proxy without a configuration file. */
export const DEFAULT_CONFIGURATION: KubeProxyConfiguration = {
  mode: 'iptables',
  hostnameOverride: '',
  configs: { iptables: DEFAULT_PROXIER_CONFIG, nftables: NFTABLES_PROXIER_CONFIG },
}

export const readKubeProxyConfiguration = (file: ManifestFile): E.Either<Problem, KubeProxyConfiguration> =>
  pipe(readManifest(file), E.chain(onlyDocument(file.name)), E.chain(decode))

const API_VERSION = 'kubeproxy.config.k8s.io/v1alpha1'
const KIND = 'KubeProxyConfiguration'
const IN_CONFIG_MAP = "-o jsonpath='{.data.config\\.conf}'"

const onlyDocument =
  (file: string) =>
  (documents: readonly ManifestDocument[]): E.Either<Problem, ManifestDocument> => {
    const mend = `give one ${KIND} of ${API_VERSION}`
    if (documents.length !== 1) return E.left(badInput({ file }, `holds ${documents.length} documents`, mend))
    const [document] = documents
    return isJsonObject(document.value)
      ? E.right(document)
      : E.left(badInput(placeIn(document, []), `is ${quoted(document.value)}`, mend))
  }

function decode(document: ManifestDocument): E.Either<Problem, KubeProxyConfiguration> {
  const cursor = new FieldCursor(document.value as Record<string, unknown>)
  refuseOtherKinds(cursor)
  checkFields(cursor, KUBE_PROXY_FIELDS)
  const configuration = readConfiguration(cursor)
  const { fault } = cursor
  return fault === undefined
    ? E.right(configuration)
    : E.left(badInput(placeIn(document, fault.path), fault.what, fault.mend))
}

function refuseOtherKinds(cursor: FieldCursor): void {
  const { kind, apiVersion } = cursor.json
  if (kind === 'ConfigMap')
    cursor.refuse(
      'kind',
      'is a ConfigMap',
      `give the text in it: kubectl -n kube-system get configmap kube-proxy ${IN_CONFIG_MAP}`,
    )
  else if (kind !== KIND) cursor.refuse('kind', `is ${quoted(kind)}`, `give a ${KIND}`)
  else if (apiVersion !== API_VERSION) cursor.refuse('apiVersion', `is ${quoted(apiVersion)}`, `write ${API_VERSION}`)
}

function readConfiguration(cursor: FieldCursor): KubeProxyConfiguration {
  if (cursor.text('mode') === 'ipvs') cursor.refuse('mode', 'ipvs is not modelled', 'write iptables or nftables')
  const mode = cursor.oneOf('mode', PROXY_MODES, 'iptables')
  const configs = {
    iptables: readConfig(cursor, DEFAULT_PROXIER_CONFIG),
    nftables: readConfig(cursor, NFTABLES_PROXIER_CONFIG),
  }
  const { detectLocalMode, podBridgeInterface, podInterfaceNamePrefix } = configs[mode]
  if (detectLocalMode === 'BridgeInterface' && podBridgeInterface === '')
    cursor.refuse('detectLocalMode', 'BridgeInterface needs a bridge', 'add detectLocal.bridgeInterface')
  if (detectLocalMode === 'InterfaceNamePrefix' && podInterfaceNamePrefix === '')
    cursor.refuse('detectLocalMode', 'InterfaceNamePrefix needs a prefix', 'add detectLocal.interfaceNamePrefix')
  return { mode, hostnameOverride: cursor.text('hostnameOverride'), configs }
}

function readConfig(cursor: FieldCursor, byDefault: ProxierConfig): ProxierConfig {
  const ofMode = cursor.object(byDefault.mode)
  const detectLocal = cursor.object('detectLocal')
  const nodePortAddresses = readNodePortAddresses(cursor)
  checkSyncPeriods(ofMode)
  return {
    ...byDefault,
    clusterCidrs: readClusterCidrs(cursor),
    masqueradeAll: ofMode.flag('masqueradeAll', false),
    masqueradeBit: ofMode.integer('masqueradeBit', 0, 31, byDefault.masqueradeBit),
    localhostNodePorts: cursor.object('iptables').flag('localhostNodePorts', true),
    detectLocalMode: cursor.oneOf('detectLocalMode', DETECT_LOCAL_MODES, 'ClusterCIDR'),
    podBridgeInterface: readInterface(detectLocal, 'bridgeInterface', 15),
    // The + that ends a prefix is one of the 15 characters iptables takes.
    podInterfaceNamePrefix: readInterface(detectLocal, 'interfaceNamePrefix', 14),
    nodePortAddresses: nodePortAddresses.length === 0 ? byDefault.nodePortAddresses : nodePortAddresses,
    bindAddress: readBindAddress(cursor),
  }
}

/** One CIDR, or one of each family. */
function readClusterCidrs(cursor: FieldCursor): readonly string[] {
  const text = cursor.text('clusterCIDR')
  if (text === '') return []
  const cidrs = text.split(',')
  const prefixes = cidrs.map(parsePrefix)
  if (
    prefixes.includes(undefined) ||
    cidrs.length > 2 ||
    (cidrs.length === 2 && prefixes[0]?.family === prefixes[1]?.family)
  )
    cursor.refuse(
      'clusterCIDR',
      `${quoted(text)} is neither a CIDR nor one of each family`,
      'write it as 10.244.0.0/16 or 10.244.0.0/16,fd00::/56',
    )
  return cidrs
}

function readNodePortAddresses(cursor: FieldCursor): readonly string[] {
  const addresses = cursor.texts('nodePortAddresses')
  if (addresses.length === 1 && addresses[0] === 'primary') return addresses
  addresses.forEach((text, i) => {
    if (text === 'primary') cursor.refuse('nodePortAddresses', 'primary stands beside others', 'write it alone', i)
    else if (parsePrefix(text) === undefined)
      cursor.refuse('nodePortAddresses', `${quoted(text)} is no CIDR`, 'write CIDRs, or primary alone', i)
  })
  return addresses
}

function readInterface(cursor: FieldCursor, key: string, longest: number): string {
  const name = cursor.text(key)
  if (name !== '' && (name.length > longest || !/^[^\s/+!]+$/.test(name)))
    cursor.refuse(
      key,
      `${quoted(name)} is no interface name`,
      `write 1 to ${longest} characters, without blanks, / + or !`,
    )
  return name
}

/** Empty when it chooses no address. */
function readBindAddress(cursor: FieldCursor): string {
  const text = cursor.text('bindAddress')
  const address = parseIp(text)
  if (text !== '' && address === undefined)
    cursor.refuse('bindAddress', `${quoted(text)} is no IP address`, 'write the IP of the node, 0.0.0.0 or ::')
  return address === undefined || address.value === 0n ? '' : text
}

/** They have no part in the rules, but kube-proxy would not start. */
function checkSyncPeriods(cursor: FieldCursor): void {
  const [period, minimum] = [
    ['syncPeriod', '30s'],
    ['minSyncPeriod', '1s'],
  ].map(([key, byDefault]) => {
    const text = cursor.text(key)
    if (text.startsWith('-')) cursor.refuse(key, `${quoted(text)} is below 0`, 'write 0 or more')
    const periodUs = parseDurationUs(text) ?? 0
    return periodUs === 0 ? parseDurationUs(byDefault)! : periodUs
  })
  if (minimum > period)
    cursor.refuse('minSyncPeriod', 'is longer than syncPeriod', 'make syncPeriod (30s by default) at least as long')
}
