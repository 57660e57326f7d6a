/**
 * What kube-proxy knows of Services and EndpointSlices in one IP family, kept up event by event: after each event it says what
 * changed in kube-proxy's own eyes. The same for all nodes and both proxy modes; one change costs what its Service has.
 *
 * Models ServiceChangeTracker and EndpointSliceCache (pkg/proxy): a Service counts by its ServicePortMap, an EndpointSlice by deep
 * equality of the whole object, annotations and resourceVersion included. Deviation: a slice that moves from one Service to
 * another leaves the first; the real cache goes on serving it there.
 */
import { isDeepStrictEqual } from 'node:util'
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import type { EndpointSlice, Service, ServiceCidr } from '../cluster/objects.ts'
import { objectKey } from '../cluster/objects.ts'
import type { IpFamily } from '../net/ip.ts'
import { isProxied, mergeSlices } from './service-endpoints.ts'
import { portsOfService, type ServicePort } from './service-ports.ts'

/** Services go by `namespace/name`. */
export type ServiceChange =
  /** Its ports without endpoints, before and after; empty: none. They differ. */
  | { readonly kind: 'ports'; readonly service: string; readonly before: PortList; readonly after: PortList }
  /** A slice of theirs was added, changed or removed: of one Service, of two when it moved. */
  | { readonly kind: 'endpoints'; readonly services: readonly string[] }

export type PortList = readonly ServicePort[]

export class ServiceCatalog {
  readonly family: IpFamily
  /** Rises with every change. */
  version = 0
  private readonly services = new Map<string, Service>()
  /** By name of the slice, for each Service. */
  private readonly slicesOf = new Map<string, Map<string, EndpointSlice>>()
  /** Slice -> its Service. */
  private readonly serviceOf = new Map<string, string>()
  private readonly ports = new Map<string, PortList>()
  private readonly cidrs = new Map<string, ServiceCidr>()

  constructor(family: IpFamily) {
    this.family = family
  }

  /** undefined: nothing kube-proxy of this family would sync for. */
  apply({ type, object }: ClusterEvent): ServiceChange | undefined {
    if (object.kind === 'Service') return this.putService(objectKey(object), type === 'DELETED' ? undefined : object)
    if (object.kind === 'EndpointSlice')
      return this.putSlice(objectKey(object), type === 'DELETED' ? undefined : object)
    if (object.kind === 'ServiceCIDR') {
      if (type === 'DELETED') this.cidrs.delete(object.name)
      else this.cidrs.set(object.name, object)
    }
    return undefined
  }

  /** Looked at by full syncs in nftables mode; no sync is made for their sake. */
  serviceCidrs(): Iterable<ServiceCidr> {
    return this.cidrs.values()
  }

  /** The Services that are there, in no order. */
  serviceNames(): Iterable<string> {
    return this.services.keys()
  }

  serviceNamed(name: string): Service | undefined {
    return this.services.get(name)
  }

  /** In no order. */
  slicesNamed(name: string): readonly EndpointSlice[] {
    return [...(this.slicesOf.get(name)?.values() ?? [])]
  }

  /** The same objects until the Service or its endpoints change. */
  portsOf(name: string): PortList {
    let ports = this.ports.get(name)
    if (ports === undefined) {
      const service = this.services.get(name)
      if (service === undefined) return []
      const slices = this.slicesOf.get(name)?.values() ?? []
      ports = portsOfService(service, mergeSlices([...slices], this.family), this.family)
      this.ports.set(name, ports)
    }
    return ports
  }

  private putService(name: string, service: Service | undefined): ServiceChange | undefined {
    const before = this.withoutEndpoints(this.services.get(name))
    const after = this.withoutEndpoints(service)
    if (service === undefined) this.services.delete(name)
    else this.services.set(name, service)
    if (isDeepStrictEqual(before, after)) return undefined
    this.version++
    this.ports.delete(name)
    return { kind: 'ports', service: name, before, after }
  }

  private withoutEndpoints(service: Service | undefined): PortList {
    return service === undefined ? [] : portsOfService(service, NO_ENDPOINTS, this.family)
  }

  private putSlice(name: string, slice: EndpointSlice | undefined): ServiceChange | undefined {
    const after = slice !== undefined && isProxied(slice, this.family) ? slice : undefined
    const serviceBefore = this.serviceOf.get(name)
    const serviceAfter = after && `${after.namespace}/${after.serviceName}`
    const before = serviceBefore === undefined ? undefined : this.slicesOf.get(serviceBefore)!.get(name)
    if (isDeepStrictEqual(before, after)) return undefined
    this.version++
    if (serviceBefore !== undefined) this.dropSlice(serviceBefore, name)
    if (after !== undefined) {
      const siblings = this.slicesOf.get(serviceAfter!) ?? new Map<string, EndpointSlice>()
      this.slicesOf.set(serviceAfter!, siblings.set(name, after))
      this.serviceOf.set(name, serviceAfter!)
    }
    const services = [...new Set([serviceBefore, serviceAfter])].filter(s => s !== undefined)
    for (const service of services) this.ports.delete(service)
    return { kind: 'endpoints', services }
  }

  private dropSlice(service: string, name: string): void {
    const siblings = this.slicesOf.get(service)!
    siblings.delete(name)
    if (siblings.size === 0) this.slicesOf.delete(service)
    this.serviceOf.delete(name)
  }
}

const NO_ENDPOINTS = new Map<string, never>()
