/** Decodes a Node (core/v1): where its pods get addresses from, and which addresses kube-proxy takes as the node's own. */
import { canonicalIp } from '../net/ip.ts'
import { decodeMeta } from './decode-meta.ts'
import type { FieldCursor } from './field-cursor.ts'
import { dnsSubdomain } from './names.ts'
import type { ClusterNode, NodeAddress } from './objects.ts'

export function decodeNode(object: FieldCursor): ClusterNode {
  const spec = object.object('spec')
  const status = object.object('status')
  const ready = status.objects('conditions').find(c => c.text('type') === 'Ready')
  const single = spec.prefix('podCIDR')
  return {
    kind: 'Node',
    ...decodeMeta(object, 'cluster', dnsSubdomain),
    podCIDRs: spec.has('podCIDRs') || single === '' ? spec.prefixes('podCIDRs') : [single],
    addresses: status.objects('addresses').map(decodeAddress),
    ready: ready === undefined || ready.text('status') === 'True',
    ...(spec.flag('unschedulable', false) ? { unschedulable: true } : {}),
  }
}

/** Types InternalIP and ExternalIP hold addresses; Hostname and the DNS types hold names, at times an address as text. */
function decodeAddress(address: FieldCursor): NodeAddress {
  const type = address.text('type')
  if (type === 'InternalIP' || type === 'ExternalIP') return { type, address: address.ip('address') }
  const text = address.text('address')
  return { type, address: canonicalIp(text) ?? text }
}
