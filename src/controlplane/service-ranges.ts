/**
 * The service CIDRs in force: those of the configuration and of ServiceCIDR objects, which come and go. With `infer` (objects of a cluster
 * whose flags are unknown) the objects' ranges come first, the default ranges are the fallback, explicit ClusterIPs are not bound by
 * either, and the families are those the Services themselves show.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { ClusterObject } from '../cluster/objects.ts'
import type { IpFamily } from '../net/ip.ts'
import type { Problem } from '../problem/problem.ts'
import { badInput } from '../problem/problem.ts'
import type { ClusterIpRange } from './allocate-cluster-ip.ts'
import { clusterIpRange, rangeCapacity } from './allocate-cluster-ip.ts'
import type { ControlPlaneConfig } from './control-plane-config.ts'
import { DEFAULT_SERVICE_CIDRS } from './control-plane-config.ts'
import type { ServiceFamily } from './service-families.ts'
import { familyOf } from './service-families.ts'

export interface ServiceRanges {
  readonly inferred: boolean
  /** Families a Service can have, the primary one first. */
  readonly families: readonly ServiceFamily[]
  /** In the order in which dynamic addresses are looked for. */
  list(): readonly ClusterIpRange[]
  /** The ranges of a ServiceCIDR object; an empty list when it is gone. */
  setObject(name: string, ranges: readonly ClusterIpRange[]): void
  /** CIDRs of a family, for a sentence. */
  describe(family: IpFamily): string
  /** Addresses of a family that can be given at all. */
  capacity(family: IpFamily): bigint
}

/** `objects`: all that will ever come, read for their families when the ranges are inferred. */
export function serviceRanges(
  configured: ControlPlaneConfig['serviceCidrs'],
  objects: Iterable<ClusterObject>,
): E.Either<Problem, ServiceRanges> {
  const inferred = configured === 'infer'
  const fixed: ClusterIpRange[] = []
  for (const [i, cidr] of (inferred ? Object.values(DEFAULT_SERVICE_CIDRS) : configured).entries()) {
    const range = clusterIpRange(cidr)
    if (E.isLeft(range))
      return E.left(
        badInput(
          { field: `cluster.serviceCidrs[${i}]` },
          `${JSON.stringify(cidr)} ${range.left}`,
          'write it as 10.96.0.0/12',
        ),
      )
    fixed.push(range.right)
  }
  if (fixed.length === 0)
    return E.left(badInput({ field: 'cluster.serviceCidrs' }, 'is an empty list', 'name at least one range'))
  const families: ServiceFamily[] = inferred
    ? inferFamilies(objects)
    : [...new Set(fixed.map(r => (r.family === 4 ? 'IPv4' : 'IPv6')))]
  const ofObjects = new Map<string, readonly ClusterIpRange[]>()
  const join = (): ClusterIpRange[] => {
    const added = [...ofObjects.values()].flat()
    return inferred ? [...added, ...fixed] : [...fixed, ...added]
  }
  let joined = join()
  return E.right({
    inferred,
    families,
    list: () => joined,
    setObject: (name, ranges) => {
      if (ranges.length === 0) ofObjects.delete(name)
      else ofObjects.set(name, ranges)
      joined = join()
    },
    describe: family => {
      const cidrs = new Set(joined.filter(r => r.family === family).map(r => r.cidr))
      return cidrs.size === 0 ? `of family IPv${family} (there is none)` : [...cidrs].join(', ')
    },
    capacity: family => {
      const byCidr = new Map(joined.filter(r => r.family === family).map(r => [r.cidr, rangeCapacity(r)]))
      return byCidr.values().reduce((sum, n) => sum + n, 0n)
    },
  })
}

/** In the order in which Services first show them; both where one not yet allocated asks for both; IPv4 where nothing tells. */
function inferFamilies(objects: Iterable<ClusterObject>): ServiceFamily[] {
  const families = new Set<ServiceFamily>()
  let dual = false
  for (const object of objects) {
    if (object.kind !== 'Service' || object.type === 'ExternalName') continue
    const headlessByHand = object.clusterIPs[0] === 'None' && object.selector === undefined
    if (headlessByHand) continue
    for (const ip of object.clusterIPs) if (ip !== 'None') families.add(familyOf(ip))
    for (const family of object.ipFamilies) families.add(family)
    const open = object.clusterIPs.length === 0 && object.ipFamilies.length === 0
    dual ||= object.ipFamilyPolicy === 'RequireDualStack' || (open && object.ipFamilyPolicy === 'PreferDualStack')
  }
  if (families.size === 0) families.add('IPv4')
  if (dual) families.add('IPv4').add('IPv6')
  return [...families]
}
