/** Decodes a Pod (core/v1), and the parts of a pod's spec that a workload's template shares. */
import { PROTOCOLS } from '../net/protocol.ts'
import { checkName, decodeMeta } from './decode-meta.ts'
import type { FieldCursor } from './field-cursor.ts'
import { dnsSubdomain, portName } from './names.ts'
import type { ContainerPort, Pod } from './objects.ts'

const PHASES = ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'] as const

export function decodePod(object: FieldCursor): Pod {
  const meta = object.object('metadata')
  const spec = object.object('spec')
  const status = object.object('status')
  const ready = status.objects('conditions').find(c => c.text('type') === 'Ready')
  return {
    kind: 'Pod',
    ...decodeMeta(object, 'namespaced', dnsSubdomain),
    nodeName: spec.text('nodeName'),
    podIPs: decodePodIPs(status),
    phase: status.oneOf('phase', PHASES, 'Pending'),
    ready: ready !== undefined && ready.text('status') === 'True',
    terminating: meta.has('deletionTimestamp'),
    ...decodePodSpec(spec),
  }
}

/** Ports of containers and of sidecars (init containers that go on running): the ones a named targetPort can find. */
export function decodePodSpec(spec: FieldCursor): { hostNetwork: boolean; containerPorts: readonly ContainerPort[] } {
  const containerPorts: ContainerPort[] = []
  for (const container of spec.objects('containers')) collectPorts(container, containerPorts)
  for (const container of spec.objects('initContainers'))
    if (container.text('restartPolicy') === 'Always') collectPorts(container, containerPorts)
  return { hostNetwork: spec.flag('hostNetwork', false), containerPorts }
}

function collectPorts(container: FieldCursor, ports: ContainerPort[]): void {
  for (const port of container.objects('ports')) {
    const name = port.text('name')
    if (name !== '') checkName(port, 'name', name, portName)
    if (!port.has('containerPort')) port.refuse('containerPort', 'the port has no number', 'write 1 to 65535')
    ports.push({
      name,
      port: port.integer('containerPort', 1, 65535, 1),
      protocol: port.oneOf('protocol', PROTOCOLS, 'TCP'),
    })
  }
}

function decodePodIPs(status: FieldCursor): readonly string[] {
  const ips = status.objects('podIPs').map(entry => entry.ip('ip'))
  if (ips.length > 2 || (ips.length === 2 && ips[0].includes(':') === ips[1].includes(':')))
    status.refuse('podIPs', 'more than one address of a family', 'keep one IPv4 and one IPv6 address')
  if (ips.length > 0) return ips
  const single = status.ip('podIP')
  return single === '' ? [] : [single]
}
