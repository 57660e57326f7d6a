/** Lines of `kubectl get nodes` (printNode). Versions and system names are known of imported nodes only. */
import type { ClusterState } from './cluster-state.ts'
import { isJsonObject } from './field-cursor.ts'
import { humanDuration } from './human-duration.ts'
import type { TableRow } from './kubectl-tables.ts'
import type { ClusterNode, JsonObject } from './objects.ts'

const ROLE_PREFIX = 'node-role.kubernetes.io/'
const ROLE_LABEL = 'kubernetes.io/role'

export const nodeRows = (state: ClusterState): readonly TableRow[] =>
  [...state.nodes.values()].map(({ object: node, createdUs }) => ({
    namespace: '',
    name: node.name,
    cells: nowUs => {
      const known = nodeInfo(node)
      return [
        `${node.ready ? 'Ready' : 'NotReady'}${node.unschedulable === true ? ',SchedulingDisabled' : ''}`,
        roles(node),
        humanDuration(nowUs - createdUs),
        text(known['kubeletVersion']),
        node.addresses.find(a => a.type === 'InternalIP')?.address ?? '<none>',
        node.addresses.find(a => a.type === 'ExternalIP')?.address ?? '<none>',
        text(known['osImage']) || '<unknown>',
        text(known['kernelVersion']) || '<unknown>',
        text(known['containerRuntimeVersion']) || '<unknown>',
      ]
    },
  }))

function roles(node: ClusterNode): string {
  const found = new Set<string>()
  for (const [key, value] of Object.entries(node.labels)) {
    if (key.startsWith(ROLE_PREFIX)) found.add(key.slice(ROLE_PREFIX.length))
    else if (key === ROLE_LABEL) found.add(value)
  }
  found.delete('')
  return [...found].sort().join(',') || '<none>'
}

function nodeInfo(node: ClusterNode): JsonObject {
  const status = node.source?.['status']
  const known = isJsonObject(status) ? status['nodeInfo'] : undefined
  return isJsonObject(known) ? known : {}
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
