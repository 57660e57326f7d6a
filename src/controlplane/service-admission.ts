/**
 * What the API server and the cloud provider add to a Service as a user wrote it: families, ClusterIPs, node ports, a health check node
 * port, a load balancer ingress. A change keeps what the Service had and the new text does not mention, as the real one does
 * (patchAllocatedValues). In a batch all explicit choices are reserved before the first dynamic one is drawn, because objects of one
 * instant have no order; a real API server would take them one by one.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Service, ServicePort } from '../cluster/objects.ts'
import { objectKey } from '../cluster/objects.ts'
import { AddressSet } from '../net/address-set.ts'
import { parseIp, parsePrefix } from '../net/ip.ts'
import type { Place, Problem } from '../problem/problem.ts'
import { badInput } from '../problem/problem.ts'
import { randomStream } from '../sim/random.ts'
import { AddressPool } from './address-pool.ts'
import type { Reservation } from './allocate-cluster-ip.ts'
import { ClusterIpAllocator } from './allocate-cluster-ip.ts'
import { fillNodePorts, NodePortAllocator } from './allocate-node-port.ts'
import { hostnameIngress } from './cloud-load-balancer.ts'
import type { ControlPlaneConfig } from './control-plane-config.ts'
import { familyOf, withFamilies } from './service-families.ts'
import type { ServiceRanges } from './service-ranges.ts'

export class ServiceAdmission {
  readonly #config: ControlPlaneConfig
  readonly #ranges: ServiceRanges
  readonly #clusterIps: ClusterIpAllocator
  readonly #nodePorts: NodePortAllocator
  readonly #ingressIps: AddressPool | undefined
  readonly #ingressInUse = new AddressSet()
  readonly #warn: (text: string) => void

  /** `config` is one that `checkConfig` accepts; `warn` is told what goes on in spite of a fault. */
  constructor(config: ControlPlaneConfig, ranges: ServiceRanges, warn: (text: string) => void) {
    this.#config = config
    this.#ranges = ranges
    this.#warn = warn
    this.#clusterIps = new ClusterIpAllocator(randomStream(config.seed, 'cluster IPs'))
    const { first, last } = config.nodePortRange
    this.#nodePorts = new NodePortAllocator(first, last, randomStream(config.seed, 'node ports'))
    const prefix = parsePrefix(config.loadBalancer.ipRange)
    if (config.loadBalancer.ingress === 'ip' && prefix !== undefined)
      this.#ingressIps = new AddressPool(prefix, 1n, this.#ingressInUse)
  }

  /** Gives back everything `service` (as it was admitted) holds. */
  release(service: Service): void {
    const key = objectKey(service)
    for (const text of service.clusterIPs) {
      const address = parseIp(text)
      if (address !== undefined) this.#clusterIps.release(address, key)
    }
    for (const port of service.ports) this.#nodePorts.release(port.nodePort, key)
    this.#nodePorts.release(service.healthCheckNodePort, key)
    for (const { ip } of service.loadBalancerIngress) if (ip !== undefined) this.#ingressInUse.delete(ip)
  }

  /** First step: the Service with its families and what it had `before`; all its explicit choices are taken. */
  reserve(service: Service, before: Service | undefined, place: Place): E.Either<Problem, Service> {
    const admitted = withFamilies(
      before === undefined ? service : keepAllocated(service, before),
      this.#ranges.families,
    )
    if (E.isLeft(admitted)) {
      const { field, what, mend } = admitted.left
      return E.left(badInput({ ...place, field }, `Service ${quote(service)}: ${what}`, mend))
    }
    const problem = this.#reserveClusterIps(admitted.right, place) ?? this.#reserveNodePorts(admitted.right, place)
    for (const { ip } of admitted.right.loadBalancerIngress) if (ip !== undefined) this.#ingressInUse.add(ip)
    return problem === undefined ? admitted : E.left(problem)
  }

  /** Second step: everything the Service still lacks. */
  complete(service: Service, place: Place): E.Either<Problem, Service> {
    const clusterIPs = this.#completeClusterIps(service, place)
    if (E.isLeft(clusterIPs)) return clusterIPs
    const key = objectKey(service)
    const ports = needsNodePorts(service)
      ? fillNodePorts(service.ports, () => this.#nodePorts.next(key))
      : service.ports
    const healthCheckNodePort =
      needsHealthCheck(service) && service.healthCheckNodePort === 0
        ? this.#nodePorts.next(key)
        : service.healthCheckNodePort
    if (ports === undefined || healthCheckNodePort === undefined)
      return E.left(this.#nodePortsExhausted(service, place))
    const ingress = this.#ingress(service, place)
    if (E.isLeft(ingress)) return ingress
    return E.right({
      ...service,
      clusterIPs: clusterIPs.right,
      ports,
      healthCheckNodePort,
      loadBalancerIngress: ingress.right,
    })
  }

  #reserveClusterIps(service: Service, place: Place): Problem | undefined {
    const key = objectKey(service)
    for (const [i, text] of service.clusterIPs.entries()) {
      const address = parseIp(text)
      if (address === undefined) continue
      const at = { ...place, field: `spec.clusterIPs[${i}]` }
      const limits = this.#ranges.inferred ? undefined : this.#ranges.list()
      const reservation = this.#clusterIps.reserve(address, key, limits)
      if (reservation.outcome === 'out of range')
        return badInput(
          at,
          `Service ${quote(service)} asks for clusterIP ${text}, which is outside the service CIDR ${this.#ranges.describe(address.family)}`,
          'choose an address inside it, leave clusterIP out, or set cluster.serviceCidrs to the range the objects come from',
        )
      const problem = this.#clash(service, reservation, `clusterIP ${text}`, at)
      if (problem !== undefined) return problem
    }
    return undefined
  }

  #reserveNodePorts(service: Service, place: Place): Problem | undefined {
    const portOf = new Map<number, number>()
    for (const [i, { nodePort, port }] of service.ports.entries()) {
      if (nodePort === 0) continue
      const at = { ...place, field: `spec.ports[${i}].nodePort` }
      if ((portOf.get(nodePort) ?? port) !== port)
        return badInput(
          at,
          `Service ${quote(service)} asks for nodePort ${nodePort} for its ports ${portOf.get(nodePort)} and ${port}`,
          'give each port number a nodePort of its own',
        )
      portOf.set(nodePort, port)
      const problem = this.#reserveNodePort(service, nodePort, 'nodePort', at)
      if (problem !== undefined) return problem
    }
    if (service.healthCheckNodePort === 0) return undefined
    const at = { ...place, field: 'spec.healthCheckNodePort' }
    return this.#reserveNodePort(service, service.healthCheckNodePort, 'healthCheckNodePort', at)
  }

  #reserveNodePort(service: Service, port: number, word: string, at: Place): Problem | undefined {
    const reservation = this.#nodePorts.reserve(port, objectKey(service))
    if (reservation.outcome === 'out of range') {
      const { first, last } = this.#config.nodePortRange
      return badInput(
        at,
        `Service ${quote(service)} asks for ${word} ${port}, which is outside ${first}-${last}`,
        'choose one inside it, or leave it out',
      )
    }
    return this.#clash(service, reservation, `${word} ${port}`, at)
  }

  #clash(service: Service, reservation: Reservation, what: string, at: Place): Problem | undefined {
    if (reservation.outcome !== 'clash') return undefined
    const text = `Service ${quote(service)} asks for ${what}, which Service "${reservation.with}" has already`
    if (this.#config.onClash === 'error')
      return badInput(at, text, 'give one of them another, or keep both with cluster.onClash=warn')
    this.#warn(`${text}; both keep it`)
    return undefined
  }

  #completeClusterIps(service: Service, place: Place): E.Either<Problem, readonly string[]> {
    if (service.type === 'ExternalName' || service.clusterIPs[0] === 'None') return E.right(service.clusterIPs)
    const clusterIPs = [...service.clusterIPs]
    for (const family of service.ipFamilies.slice(clusterIPs.length)) {
      const number = family === 'IPv4' ? 4 : 6
      const address = this.#clusterIps.next(number, objectKey(service), this.#ranges.list())
      if (address === undefined)
        return E.left(
          badInput(
            { ...place, field: 'spec.clusterIP' },
            `no free ClusterIP for Service ${quote(service)}: service CIDR ${this.#ranges.describe(number)} is full with ${this.#ranges.capacity(number)} addresses`,
            'use a larger range in cluster.serviceCidrs, or add a ServiceCIDR object',
          ),
        )
      clusterIPs.push(address)
    }
    return E.right(clusterIPs)
  }

  #nodePortsExhausted(service: Service, place: Place): Problem {
    const { first, last } = this.#config.nodePortRange
    return badInput(
      { ...place, field: 'spec.ports' },
      `no free node port for Service ${quote(service)}: all ${last - first + 1} of ${first}-${last} are taken`,
      'use fewer NodePort and LoadBalancer Services, or allocateLoadBalancerNodePorts: false',
    )
  }

  #ingress(service: Service, place: Place): E.Either<Problem, Service['loadBalancerIngress']> {
    if (service.type !== 'LoadBalancer') return E.right([])
    if (service.loadBalancerIngress.length > 0) return E.right(service.loadBalancerIngress)
    const { hostnamePattern, ipRange, ingress } = this.#config.loadBalancer
    if (ingress === 'hostname') return E.right([hostnameIngress(service, hostnamePattern, this.#config.seed)])
    if (this.#ingressIps === undefined || !service.ipFamilies.includes(familyOf(ipRange))) {
      this.#warn(
        `LoadBalancer Service ${quote(service)} stays pending: the provider's range ${ipRange} has no address of its family`,
      )
      return E.right([])
    }
    const ip = this.#ingressIps.take()
    if (ip === undefined)
      return E.left(
        badInput(
          { ...place, field: 'status.loadBalancer' },
          `no free address for LoadBalancer Service ${quote(service)}: all ${this.#ingressIps.capacity} of ${ipRange} are taken`,
          'use a larger cluster.loadBalancer.ipRange, or ingress: hostname',
        ),
      )
    return E.right([{ ip, ipMode: 'VIP' }])
  }
}

/** `service` with those of `before`'s allocations that both need and the new text leaves open. */
function keepAllocated(service: Service, before: Service): Service {
  const keepIps = service.clusterIPs.length === 0 && needsClusterIp(service) && needsClusterIp(before)
  const keepPorts = needsNodePorts(service) && needsNodePorts(before)
  const nodePortBefore = (port: ServicePort): number =>
    before.ports.find(b => b.port === port.port && b.protocol === port.protocol)?.nodePort ?? 0
  const taken = new Set(service.ports.map(p => p.nodePort))
  return {
    ...service,
    clusterIPs: keepIps ? before.clusterIPs : service.clusterIPs,
    ipFamilies: keepIps && service.ipFamilies.length === 0 ? before.ipFamilies : service.ipFamilies,
    ipFamilyPolicy: service.ipFamilyPolicy ?? (keepIps ? before.ipFamilyPolicy : undefined),
    ports: service.ports.map(p =>
      p.nodePort !== 0 || !keepPorts || taken.has(nodePortBefore(p)) ? p : { ...p, nodePort: nodePortBefore(p) },
    ),
    healthCheckNodePort:
      service.healthCheckNodePort === 0 && needsHealthCheck(service) && needsHealthCheck(before)
        ? before.healthCheckNodePort
        : service.healthCheckNodePort,
    loadBalancerIngress:
      service.loadBalancerIngress.length === 0 && service.type === before.type
        ? before.loadBalancerIngress
        : service.loadBalancerIngress,
  }
}

const needsClusterIp = (service: Service): boolean =>
  service.type !== 'ExternalName' && service.clusterIPs[0] !== 'None'

const needsNodePorts = (service: Service): boolean =>
  service.type === 'NodePort' || (service.type === 'LoadBalancer' && service.allocateLoadBalancerNodePorts)

const needsHealthCheck = (service: Service): boolean =>
  service.type === 'LoadBalancer' && service.externalTrafficPolicy === 'Local'

const quote = (service: Service): string => JSON.stringify(objectKey(service))
