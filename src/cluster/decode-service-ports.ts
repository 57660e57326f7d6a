/** Decodes a Service's ports: each number, name and (number, protocol) once, names needed as soon as there are two. */
import { PROTOCOLS } from '../net/protocol.ts'
import { quoted } from '../problem/problem.ts'
import { checkName } from './decode-meta.ts'
import type { FieldCursor } from './field-cursor.ts'
import { dnsLabel, portName } from './names.ts'
import type { Service, ServicePort } from './objects.ts'

export function decodeServicePorts(
  spec: FieldCursor,
  type: Service['type'],
  portless: boolean,
): readonly ServicePort[] {
  const cursors = spec.objects('ports')
  if (cursors.length === 0 && !portless)
    spec.refuse(
      'ports',
      'the Service has no ports',
      'write at least one (only headless and ExternalName Services have none)',
    )
  const names = new Set<string>()
  const numbers = new Set<string>()
  const nodePorts = new Set<string>()
  return cursors.map(cursor => {
    const port = decodePort(cursor)
    if (port.name === '' && cursors.length > 1)
      cursor.refuse('name', 'a port without a name among several', 'name each port of a Service that has more than one')
    if (port.name !== '' && names.has(port.name))
      cursor.refuse('name', `two ports have the name ${quoted(port.name)}`, 'give each its own name')
    names.add(port.name)
    const number = `${port.port}/${port.protocol}`
    if (numbers.has(number)) cursor.refuse('port', `${number} stands there twice`, 'remove one of the two')
    numbers.add(number)
    if (port.nodePort !== 0) {
      const nodePort = `${port.nodePort}/${port.protocol}`
      if (type === 'ClusterIP' || type === 'ExternalName')
        cursor.refuse(
          'nodePort',
          `${port.nodePort} on a Service of type ${type}`,
          'remove it, or make the type NodePort',
        )
      if (nodePorts.has(nodePort)) cursor.refuse('nodePort', `${nodePort} stands there twice`, 'give each port its own')
      nodePorts.add(nodePort)
    }
    return port
  })
}

function decodePort(cursor: FieldCursor): ServicePort {
  const name = cursor.text('name')
  if (name !== '') checkName(cursor, 'name', name, dnsLabel)
  if (!cursor.has('port')) cursor.refuse('port', 'the port has no number', 'write 1 to 65535')
  const port = cursor.integer('port', 1, 65535, 1)
  return {
    name,
    protocol: cursor.oneOf('protocol', PROTOCOLS, 'TCP'),
    port,
    targetPort: decodeTargetPort(cursor, port),
    nodePort: cursor.integer('nodePort', 0, 65535, 0),
  }
}

/** A number, or a name that pods resolve; absent, 0 and "" mean the port's own number. */
function decodeTargetPort(cursor: FieldCursor, port: number): number | string {
  if (typeof cursor.json['targetPort'] !== 'string') return cursor.integer('targetPort', 0, 65535, 0) || port
  const name = cursor.text('targetPort')
  if (name === '') return port
  checkName(cursor, 'targetPort', name, portName)
  return name
}
