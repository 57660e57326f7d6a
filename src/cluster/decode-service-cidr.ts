/** Decodes a ServiceCIDR (networking.k8s.io/v1, and v1beta1, which has the same fields): ranges for clusterIPs. */
import { decodeMeta } from './decode-meta.ts'
import type { FieldCursor } from './field-cursor.ts'
import { dnsSubdomain } from './names.ts'
import type { ServiceCidr } from './objects.ts'

export function decodeServiceCidr(object: FieldCursor): ServiceCidr {
  const spec = object.object('spec')
  const cidrs = spec.prefixes('cidrs')
  if (cidrs.length === 0) spec.refuse('cidrs', 'there is no range', 'write one CIDR, or one of each family')
  if (cidrs.length > 2 || (cidrs.length === 2 && cidrs[0].includes(':') === cidrs[1].includes(':')))
    spec.refuse(
      'cidrs',
      'more than one range of a family',
      'write one CIDR of each family; more go into further ServiceCIDRs',
    )
  return { kind: 'ServiceCIDR', ...decodeMeta(object, 'cluster', dnsSubdomain), cidrs }
}
