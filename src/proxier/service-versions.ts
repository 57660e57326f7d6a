/**
 * Everything that the Services of one IP family ever are in a log, once for all nodes. Watches of Services and EndpointSlices are two, so
 * a node may know an old form of one beside a new form of the other: a Service has versions of its object and versions of its slices,
 * and what a node's rules say of it hangs on one of each. Version 0 is what there is when instant 0 has passed.
 */
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import type { EndpointSlice, Service } from '../cluster/objects.ts'
import type { IpFamily } from '../net/ip.ts'
import type { TimeUs } from '../sim/time.ts'
import { ServiceCatalog } from './service-catalog.ts'
import { mergeSlices } from './service-endpoints.ts'
import { portsOfService, type ServicePort } from './service-ports.ts'

export interface ServiceVersions {
  readonly family: IpFamily
  /** By number, in the order in which the log speaks of them first. */
  readonly services: readonly VersionedService[]
  /** In order of the log. */
  readonly changes: readonly ProxyChange[]
}

export interface VersionedService {
  /** `namespace/name`. */
  readonly name: string
  readonly objects: readonly Version<Service | undefined>[]
  readonly slices: readonly Version<readonly EndpointSlice[]>[]
}

export interface Version<T> {
  readonly value: T
  /** Of the event that made it; version 0 has the last one of instant 0. */
  readonly position: number
  readonly timeUs: TimeUs
}

/** An event after instant 0 that kube-proxy would sync for, once for each Service it is about. */
export interface ProxyChange {
  readonly position: number
  readonly timeUs: TimeUs
  readonly watch: 'services' | 'slices'
  /** Number of the Service. */
  readonly service: number
  /** Of the Service's objects or slices, from 1. */
  readonly version: number
  /** When what it tells of came about; NaN: nothing to measure from. */
  readonly triggerUs: TimeUs
}

export function serviceVersions(events: Iterable<ClusterEvent>, family: IpFamily): ServiceVersions {
  const catalog = new ServiceCatalog(family)
  const services: DraftService[] = []
  const numberOf = new Map<string, number>()
  const changes: ProxyChange[] = []
  const draft = (name: string): number => {
    let number = numberOf.get(name)
    if (number === undefined) {
      number = services.push({ name, objects: [], slices: [] }) - 1
      numberOf.set(name, number)
    }
    return number
  }
  let begun = false
  const begin = (position: number): void => {
    begun = true
    for (const service of services) addFirst(catalog, service, position)
  }
  for (const event of events) {
    const { sequence: position, timeUs, object } = event
    if (timeUs > 0 && !begun) begin(position)
    const before = catalog.version
    const change = catalog.apply(event)
    if (change === undefined || catalog.version === before) continue
    for (const name of change.kind === 'ports' ? [change.service] : change.services) {
      const isNew = !numberOf.has(name)
      const service = draft(name)
      if (timeUs === 0) continue
      const { objects, slices } = services[service]
      if (isNew) {
        objects.push({ value: undefined, position: 0, timeUs: 0 })
        slices.push({ value: [], position: 0, timeUs: 0 })
      }
      const stamp = { position, timeUs }
      if (change.kind === 'ports') {
        const version = objects.push({ ...stamp, value: catalog.serviceNamed(name) }) - 1
        changes.push({ ...stamp, watch: 'services', service, version, triggerUs: Number.NaN })
      } else {
        const version = slices.push({ ...stamp, value: catalog.slicesNamed(name) }) - 1
        const isMeasured = event.type !== 'DELETED' && object.kind === 'EndpointSlice'
        const triggerUs = (isMeasured ? object.lastChangeTriggerUs : undefined) ?? Number.NaN
        changes.push({ ...stamp, watch: 'slices', service, version, triggerUs })
      }
    }
  }
  if (!begun) begin(0)
  return { family, services, changes }
}

/** What kube-proxy makes of one version of each. */
export const portsOfVersions = (
  { objects, slices }: VersionedService,
  object: number,
  slice: number,
  family: IpFamily,
): readonly ServicePort[] => {
  const service = objects[object].value
  return service === undefined ? [] : portsOfService(service, mergeSlices(slices[slice].value, family), family)
}

interface DraftService {
  readonly name: string
  readonly objects: Version<Service | undefined>[]
  readonly slices: Version<readonly EndpointSlice[]>[]
}

function addFirst(catalog: ServiceCatalog, { name, objects, slices }: DraftService, position: number): void {
  const stamp = { position: Math.max(0, position - 1), timeUs: 0 }
  objects.push({ ...stamp, value: catalog.serviceNamed(name) })
  slices.push({ ...stamp, value: catalog.slicesNamed(name) })
}
