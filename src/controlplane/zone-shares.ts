/**
 * Each zone's part of the cluster's CPUs, as topology hints share endpoints out by (topologycache: SetNodes): ready nodes but those of
 * the control plane. One node without a zone or without CPUs, or a single zone, and there is nothing to go by. An imported node's CPUs are
 * its allocatable ones; nodes that the simulator made have all the same.
 */
import { type ClusterNode, nodeZone } from '../cluster/objects.ts'
import { asRecord } from './owner-reference.ts'

const EXCLUDED = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master']

/** In order of the zones' names. */
export function zoneShares(nodes: Iterable<ClusterNode>): ReadonlyMap<string, number> | undefined {
  const milliOf = new Map<string, number>()
  let total = 0
  for (const node of nodes) {
    if (!node.ready || EXCLUDED.some(label => Object.hasOwn(node.labels, label))) continue
    const zone = nodeZone(node)
    const milli =
      node.source === undefined ? 1000 : cpuMilli(asRecord(asRecord(node.source['status'])?.['allocatable'])?.['cpu'])
    if (zone === '' || !(milli > 0)) return undefined
    milliOf.set(zone, (milliOf.get(zone) ?? 0) + milli)
    total += milli
  }
  if (milliOf.size < 2) return undefined
  return new Map([...milliOf].sort(([a], [b]) => (a < b ? -1 : 1)).map(([zone, milli]) => [zone, milli / total]))
}

/** A quantity of CPUs (`4`, `3920m`, `1.5`) in thousandths; 0 when it is none. */
function cpuMilli(quantity: unknown): number {
  const text = typeof quantity === 'number' ? String(quantity) : quantity
  const parts = typeof text === 'string' ? /^(\d+(?:\.\d+)?)(m?)$/.exec(text) : null
  return parts === null ? 0 : Math.ceil(Number(parts[1]) * (parts[2] === 'm' ? 1 : 1000))
}
