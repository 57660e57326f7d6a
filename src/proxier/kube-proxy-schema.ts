/**
 * Every field of kube-proxy 1.34's KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1) with its type, and the check of a document
 * against it. Stricter than kube-proxy in one point: it warns of an unknown field of this version and goes on; here it is a fault.
 */
import type { FieldCursor } from '../cluster/field-cursor.ts'
import { didYouMean } from '../problem/near-names.ts'
import { quoted } from '../problem/problem.ts'
import { parseDurationUs } from '../sim/time.ts'

type FieldType = keyof typeof CHECKS | { readonly fields: Fields } | { readonly each: Fields }
export type Fields = Readonly<Record<string, FieldType>>

/** The first fault is left in the cursor. */
export function checkFields(cursor: FieldCursor, fields: Fields): void {
  for (const key of Object.keys(cursor.json)) {
    if (!Object.hasOwn(fields, key)) {
      const known = Object.keys(fields)
      const mend = didYouMean(key, known, `known here are ${known.join(', ')}`)
      return cursor.refuse(key, `kube-proxy 1.34 has no field ${quoted(key)} here`, mend)
    }
    const type = fields[key]
    if (typeof type === 'string') CHECKS[type](cursor, key)
    else if ('fields' in type) checkFields(cursor.object(key), type.fields)
    else for (const item of cursor.objects(key)) checkFields(item, type.each)
    if (cursor.fault !== undefined) return
  }
}

const INT32 = 2 ** 31 - 1

function checkDuration(cursor: FieldCursor, key: string): void {
  const text = cursor.text(key)
  // Go's syntax: a unit after each number, but for 0.
  if (text !== '' && text !== '0' && (/\d$/.test(text) || parseDurationUs(text.replace(/^-/, '')) === undefined))
    cursor.refuse(key, `${quoted(text)} is no duration`, 'write it as 30s, 1m30s or 250ms')
}

const CHECKS = {
  text: (cursor: FieldCursor, key: string) => cursor.text(key),
  flag: (cursor: FieldCursor, key: string) => cursor.flag(key, false),
  int32: (cursor: FieldCursor, key: string) => cursor.integer(key, -INT32 - 1, INT32, 0),
  uint32: (cursor: FieldCursor, key: string) => cursor.integer(key, 0, 2 ** 32 - 1, 0),
  number: (cursor: FieldCursor, key: string) => cursor.decimal(key, -Number.MAX_VALUE, Number.MAX_VALUE, 0),
  texts: (cursor: FieldCursor, key: string) => cursor.texts(key),
  duration: checkDuration,
  /** A duration as text, or nanoseconds as a number. */
  durationOrNumber: (cursor: FieldCursor, key: string) =>
    typeof cursor.json[key] === 'number' || checkDuration(cursor, key),
  /** A resource quantity: a number, or text as 64Ki. */
  quantity: (cursor: FieldCursor, key: string) => {
    if (typeof cursor.json[key] === 'number') return
    const text = cursor.text(key)
    if (text !== '' && !/^[+-]?(\d+\.?\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/.test(text))
      cursor.refuse(key, `${quoted(text)} is no quantity`, 'write it as 65536 or 64Ki')
  },
  flagMap: (cursor: FieldCursor, key: string) => {
    const map = cursor.object(key)
    for (const name of Object.keys(map.json)) map.flag(name, false)
  },
} as const satisfies Readonly<Record<string, (cursor: FieldCursor, key: string) => unknown>>

const SYNC_PERIODS: Fields = { syncPeriod: 'duration', minSyncPeriod: 'duration' }

const LOG_STREAMS: FieldType = { fields: { splitStream: 'flag', infoBufferSize: 'quantity' } }

export const KUBE_PROXY_FIELDS: Fields = {
  apiVersion: 'text',
  kind: 'text',
  featureGates: 'flagMap',
  clientConnection: {
    fields: { kubeconfig: 'text', acceptContentTypes: 'text', contentType: 'text', qps: 'number', burst: 'int32' },
  },
  logging: {
    fields: {
      format: 'text',
      flushFrequency: 'durationOrNumber',
      verbosity: 'uint32',
      vmodule: { each: { filePattern: 'text', verbosity: 'uint32' } },
      options: { fields: { text: LOG_STREAMS, json: LOG_STREAMS } },
    },
  },
  hostnameOverride: 'text',
  bindAddress: 'text',
  healthzBindAddress: 'text',
  metricsBindAddress: 'text',
  bindAddressHardFail: 'flag',
  enableProfiling: 'flag',
  showHiddenMetricsForVersion: 'text',
  mode: 'text',
  iptables: {
    fields: { masqueradeBit: 'int32', masqueradeAll: 'flag', localhostNodePorts: 'flag', ...SYNC_PERIODS },
  },
  ipvs: {
    fields: {
      ...SYNC_PERIODS,
      scheduler: 'text',
      excludeCIDRs: 'texts',
      strictARP: 'flag',
      tcpTimeout: 'duration',
      tcpFinTimeout: 'duration',
      udpTimeout: 'duration',
    },
  },
  nftables: { fields: { masqueradeBit: 'int32', masqueradeAll: 'flag', ...SYNC_PERIODS } },
  winkernel: {
    fields: {
      networkName: 'text',
      sourceVip: 'text',
      enableDSR: 'flag',
      rootHnsEndpointName: 'text',
      forwardHealthCheckVip: 'flag',
    },
  },
  detectLocalMode: 'text',
  detectLocal: { fields: { bridgeInterface: 'text', interfaceNamePrefix: 'text' } },
  clusterCIDR: 'text',
  nodePortAddresses: 'texts',
  oomScoreAdj: 'int32',
  conntrack: {
    fields: {
      maxPerCore: 'int32',
      min: 'int32',
      tcpEstablishedTimeout: 'duration',
      tcpCloseWaitTimeout: 'duration',
      tcpBeLiberal: 'flag',
      udpTimeout: 'duration',
      udpStreamTimeout: 'duration',
    },
  },
  configSyncPeriod: 'duration',
  portRange: 'text',
  windowsRunAsService: 'flag',
}
