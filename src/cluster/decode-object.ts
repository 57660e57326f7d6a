/**
 * JSON of a Kubernetes object -> ClusterObject. The only table of kinds and API versions that are read; what it does not name is
 * an unknown kind, which readers count and leave aside. Fields that are not read stay in `source`.
 */
import * as E from 'fp-ts/lib/Either.js'
import { badInput, type Place, type Problem, quoted } from '../problem/problem.ts'
import { decodeEndpointSlice } from './decode-endpoint-slice.ts'
import { decodeNode } from './decode-node.ts'
import { decodePod } from './decode-pod.ts'
import { decodeService } from './decode-service.ts'
import { decodeServiceCidr } from './decode-service-cidr.ts'
import { decodeWorkload } from './decode-workload.ts'
import { FieldCursor, formatJsonPath, type JsonPath } from './field-cursor.ts'
import type { ClusterObject, JsonObject, Kind } from './objects.ts'

type Decode = (object: FieldCursor) => ClusterObject

const DECODERS: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ['v1 Node', decodeNode],
  ['v1 Pod', decodePod],
  ['v1 Service', decodeService],
  ['discovery.k8s.io/v1 EndpointSlice', decodeEndpointSlice],
  ['networking.k8s.io/v1 ServiceCIDR', decodeServiceCidr],
  ['networking.k8s.io/v1beta1 ServiceCIDR', decodeServiceCidr],
  ['apps/v1 Deployment', object => decodeWorkload(object, 'Deployment')],
  ['apps/v1 StatefulSet', object => decodeWorkload(object, 'StatefulSet')],
  ['apps/v1 DaemonSet', object => decodeWorkload(object, 'DaemonSet')],
  ['apps/v1 ReplicaSet', object => decodeWorkload(object, 'ReplicaSet')],
])

/** The API version that an object of a kind is written with. */
export const API_VERSION: Readonly<Record<Kind, string>> = {
  Node: 'v1',
  Pod: 'v1',
  Service: 'v1',
  EndpointSlice: 'discovery.k8s.io/v1',
  ServiceCIDR: 'networking.k8s.io/v1',
  Deployment: 'apps/v1',
  StatefulSet: 'apps/v1',
  DaemonSet: 'apps/v1',
  ReplicaSet: 'apps/v1',
}

/** Whether `decodeObject` reads this API version and kind. */
export const isKnownKind = (apiVersion: string, kind: string): boolean => DECODERS.has(`${apiVersion} ${kind}`)

/** `placeOf` finds a field in the text that the JSON came from; asked only when there is something to report. */
export function decodeObject(
  json: JsonObject,
  placeOf: (path: JsonPath) => Place = path => ({ field: formatJsonPath(path) }),
): E.Either<Problem, ClusterObject> {
  const cursor = new FieldCursor(json)
  const apiVersion = cursor.text('apiVersion')
  const kind = cursor.text('kind')
  const decode = DECODERS.get(`${apiVersion} ${kind}`)
  if (decode === undefined)
    cursor.refuse('kind', `${quoted(kind)} of ${quoted(apiVersion)} is no kind that is read here`, 'remove the object')
  const object = decode?.(cursor)
  const fault = cursor.fault
  if (fault !== undefined) return E.left(badInput(placeOf(fault.path), fault.what, fault.mend))
  if (object === undefined) throw new Error('an object without a fault was not decoded')
  return E.right(object)
}
