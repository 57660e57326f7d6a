/**
 * The address families of a Service, as the API server defaults and checks them (pkg/registry/core/service/storage/alloc.go,
 * initIPFamilyFields): what the user wrote in ipFamilies, clusterIPs and ipFamilyPolicy against what the cluster has.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Service } from '../cluster/objects.ts'

export type ServiceFamily = Service['ipFamilies'][number]

/** A refusal: which field, what is wrong with it, what to do. */
export interface Refusal {
  readonly field: string
  readonly what: string
  readonly mend: string
}

/** `service` with ipFamilies and ipFamilyPolicy filled in; `cluster`: families of the service CIDRs, the primary one first. */
export function withFamilies(service: Service, cluster: readonly ServiceFamily[]): E.Either<Refusal, Service> {
  if (service.type === 'ExternalName') return E.right(service)
  const explicit = service.clusterIPs.filter(ip => ip !== 'None').map(familyOf)
  const asked = service.ipFamilies.length > 0 ? service.ipFamilies : explicit
  const mismatch = explicit.findIndex((family, i) => asked[i] !== family)
  if (mismatch >= 0)
    return refuse(
      `spec.clusterIPs[${mismatch}]`,
      `${service.clusterIPs[mismatch]} is no ${asked[mismatch] ?? 'address that ipFamilies has a place for'}`,
      'let clusterIPs and ipFamilies name the same families in the same order',
    )
  const selectorlessHeadless = service.clusterIPs[0] === 'None' && !hasSelector(service)
  const policy =
    service.ipFamilyPolicy ?? (asked.length > 1 || selectorlessHeadless ? 'RequireDualStack' : 'SingleStack')
  if (policy === 'SingleStack' && asked.length > 1)
    return refuse(
      'spec.ipFamilyPolicy',
      'SingleStack with two families',
      'use PreferDualStack, or leave one family out',
    )
  const families: ServiceFamily[] = asked.length > 0 ? [...asked] : [cluster[0]]
  const other: ServiceFamily = families[0] === 'IPv4' ? 'IPv6' : 'IPv4'
  // Nobody allocates or resolves anything for a headless Service without a selector, so it may have families the cluster lacks.
  const available = selectorlessHeadless ? (['IPv4', 'IPv6'] as const) : cluster
  if (policy !== 'SingleStack' && families.length === 1 && available.includes(other)) families.push(other)
  const missing = families.find(f => !available.includes(f))
  if (missing !== undefined)
    return refuse(
      'spec.ipFamilies',
      `${missing} is asked for and the cluster has no ${missing} service CIDR`,
      'add one to cluster.serviceCidrs, or leave the family out',
    )
  if (policy === 'RequireDualStack' && families.length < 2)
    return refuse(
      'spec.ipFamilyPolicy',
      'RequireDualStack in a cluster of one family',
      'add a service CIDR of the other family, or use PreferDualStack',
    )
  return E.right({ ...service, ipFamilies: families, ipFamilyPolicy: policy })
}

/** An empty selector is written as none by the API server. */
export const hasSelector = (service: Service): boolean =>
  service.selector !== undefined && Object.keys(service.selector).length > 0

export const familyOf = (address: string): ServiceFamily => (address.includes(':') ? 'IPv6' : 'IPv4')

const refuse = (field: string, what: string, mend: string): E.Either<Refusal, never> => E.left({ field, what, mend })
