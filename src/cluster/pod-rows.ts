/**
 * Lines of `kubectl get pods` (printPod). A made pod has one container that never restarts; of an imported one the containers' own
 * statuses are shown, as long as the pod is still in the phase it was imported in.
 */
import type { ClusterState } from './cluster-state.ts'
import { FieldCursor } from './field-cursor.ts'
import { humanDuration } from './human-duration.ts'
import type { TableRow } from './kubectl-tables.ts'
import type { Pod } from './objects.ts'

export const podRows = (state: ClusterState): readonly TableRow[] =>
  [...state.pods.values()].map(({ object: pod, createdUs }) => ({
    namespace: pod.namespace,
    name: pod.name,
    cells: nowUs => {
      const { ready, total, reason, restarts } = podStatus(pod)
      return [
        `${ready}/${total}`,
        pod.terminating ? 'Terminating' : reason,
        String(restarts),
        humanDuration(nowUs - createdUs),
        pod.podIPs[0] ?? '<none>',
        pod.nodeName || '<none>',
        '<none>',
        '<none>',
      ]
    },
  }))

interface PodStatus {
  readonly ready: number
  readonly total: number
  readonly reason: string
  readonly restarts: number
}

function podStatus(pod: Pod): PodStatus {
  const source = new FieldCursor(pod.source ?? {})
  const spec = source.object('spec')
  const status = source.object('status')
  const sidecars = new Set(
    spec
      .objects('initContainers')
      .filter(isSidecar)
      .map(c => c.text('name')),
  )
  const total = spec.objects('containers').length + sidecars.size || 1
  const containers = status.objects('containerStatuses')
  if (containers.length === 0 || status.text('phase') !== pod.phase)
    return { ready: pod.ready ? total : 0, total, reason: status.text('reason') || pod.phase, restarts: 0 }
  const inits = status.objects('initContainerStatuses')
  const ready = [...containers, ...inits.filter(c => sidecars.has(c.text('name')))].filter(isReady).length
  const reason = initReason(inits, sidecars, spec.objects('initContainers').length) ?? containersReason(containers)
  const counted = reason.startsWith('Init:')
    ? inits
    : [...containers, ...inits.filter(c => sidecars.has(c.text('name')))]
  return {
    ready,
    total,
    reason: reason || status.text('reason') || pod.phase,
    restarts: counted.reduce((sum, c) => sum + c.integer('restartCount', 0, 2 ** 31, 0), 0),
  }
}

const isSidecar = (container: FieldCursor): boolean => container.text('restartPolicy') === 'Always'
const isReady = (status: FieldCursor): boolean => status.flag('ready', false)

/** Why the first init container that is not through holds the pod up; undefined when all are through. */
function initReason(
  statuses: readonly FieldCursor[],
  sidecars: ReadonlySet<string>,
  initCount: number,
): string | undefined {
  for (const [i, status] of statuses.entries()) {
    const { terminated, waiting } = stateOf(status)
    if (terminated.has('exitCode') && terminated.integer('exitCode', 0, 255, 1) === 0) continue
    if (sidecars.has(status.text('name')) && status.flag('started', false)) continue
    if (terminated.has('exitCode')) return `Init:${terminatedReason(terminated)}`
    const reason = waiting.text('reason')
    return reason === '' || reason === 'PodInitializing' ? `Init:${i}/${initCount}` : `Init:${reason}`
  }
  return undefined
}

/** The reason of the first container that has one; empty when all run. A pod that still runs one of several is not Completed. */
function containersReason(statuses: readonly FieldCursor[]): string {
  let reason = ''
  let isRunning = false
  for (const status of statuses.toReversed()) {
    const { terminated, waiting } = stateOf(status)
    if (waiting.text('reason') !== '') reason = waiting.text('reason')
    else if (terminated.has('exitCode')) reason = terminatedReason(terminated)
    else if (isReady(status)) isRunning = true
  }
  return reason === 'Completed' && isRunning ? 'Running' : reason
}

function stateOf(status: FieldCursor): { terminated: FieldCursor; waiting: FieldCursor } {
  const state = status.object('state')
  return { terminated: state.object('terminated'), waiting: state.object('waiting') }
}

function terminatedReason(terminated: FieldCursor): string {
  const signal = terminated.integer('signal', 0, 255, 0)
  return (
    terminated.text('reason') ||
    (signal === 0 ? `ExitCode:${terminated.integer('exitCode', 0, 255, 0)}` : `Signal:${signal}`)
  )
}
