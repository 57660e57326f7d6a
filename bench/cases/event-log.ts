/** The event log at the size of a large cluster: pods are created, scheduled, started, and ready by turns; appended to memory, then folded. */
import type { ClusterEvent } from '../../src/cluster/cluster-event.ts'
import { type ClusterState, emptyState, evolve } from '../../src/cluster/cluster-state.ts'
import type { LogParts } from '../../src/eventlog/byte-store.ts'
import { createLog, EVENTS_PER_APPEND } from '../../src/eventlog/event-log.ts'
import { checksumOf } from '../../src/eventlog/log-index.ts'
import { MemoryBytes } from '../../src/eventlog/memory-bytes.ts'
import { openLog } from '../../src/eventlog/read-log.ts'
import { type BenchCase, type BenchSize, ROTATION } from '../bench-case.ts'
import { right } from '../right.ts'

const SIZES: Readonly<Record<BenchSize, { readonly events: number; readonly pods: number }>> = {
  small: { events: 2_000, pods: 300 },
  large: { events: 1_000_000, pods: 150_000 },
}

const sizeText = (size: BenchSize): string => `${SIZES[size].events} events over ${SIZES[size].pods} pods`

export const appendCase: BenchCase = {
  name: 'append pod events',
  unit: 'events',
  prepare: size => ({
    size: sizeText(size),
    items: SIZES[size].events,
    run: (round, items) => {
      const { parts, milliseconds } = appendAll(round, items, SIZES[size].pods)
      return { checksum: checksumOf(right(parts.events.read(0, parts.events.size))), milliseconds }
    },
  }),
}

export const foldCase: BenchCase = {
  name: 'fold pod events',
  unit: 'events',
  prepare: size => {
    const { events, pods } = SIZES[size]
    const logs = Array.from({ length: ROTATION }, (_, input) => appendAll(input, events, pods).parts)
    return {
      size: sizeText(size),
      items: events,
      run: (round, items) => {
        const start = performance.now()
        const state = right(right(openLog(logs[round])).fold({ position: items }))
        const milliseconds = performance.now() - start
        return { checksum: stateChecksum(state), milliseconds }
      },
      // The pure fold, which copies the state for every event.
      naive: {
        items: 1_000,
        run: (round, items) => stateChecksum(makePodEvents(round, 0, items, pods).reduce(evolve, emptyState())),
      },
    }
  },
}

/** Appends as large as the simulator makes them; the time is of the appends alone, the events are made between them. */
function appendAll(
  input: number,
  events: number,
  pods: number,
): { parts: LogParts<MemoryBytes>; milliseconds: number } {
  const parts = { events: new MemoryBytes('events.arrows'), index: new MemoryBytes('events.idx') }
  const log = right(createLog(parts))
  let milliseconds = 0
  for (let first = 0; first < events; first += EVENTS_PER_APPEND) {
    const batch = makePodEvents(input, first, Math.min(events, first + EVENTS_PER_APPEND), pods)
    const start = performance.now()
    right(log.append(batch))
    milliseconds += performance.now() - start
  }
  return { parts, milliseconds }
}

/** Events `first` to `end` of one input (not included): pods are created first, then scheduled, started, and ready by turns. */
function makePodEvents(input: number, first: number, end: number, podCount: number): ClusterEvent[] {
  const events: ClusterEvent[] = []
  for (let i = first; i < end; i++) {
    const pod = i % podCount
    const round = Math.floor(i / podCount)
    const workload = Math.floor(pod / 30)
    const hash = (((workload + input) * 2_654_435_761) % 2 ** 32).toString(36).padStart(7, '0')
    events.push({
      sequence: i,
      timeUs: i * (50 + input),
      type: round === 0 ? 'ADDED' : 'MODIFIED',
      object: {
        kind: 'Pod',
        namespace: `namespace-${pod % 50}`,
        name: `deployment-${workload}-${hash}-${pod.toString(36).padStart(5, '0')}`,
        labels: { app: `deployment-${workload}`, 'pod-template-hash': hash },
        nodeName: round === 0 ? '' : `node-${(pod + input) % 5000}`,
        podIPs: round < 2 ? [] : [`10.${pod >> 16}.${(pod >> 8) & 255}.${pod & 255}`],
        phase: round < 2 ? 'Pending' : 'Running',
        ready: round > 2 && round % 2 === 1,
        terminating: false,
        hostNetwork: false,
        containerPorts: [{ name: '', port: 8080, protocol: 'TCP' }],
      },
    })
  }
  return events
}

/** Over names, nodes, addresses and readiness of all pods, in order. */
function stateChecksum(state: ClusterState): number {
  let sum = 0
  for (const [key, { object, createdUs }] of state.pods) {
    const text = `${key} ${object.nodeName} ${object.podIPs[0]} ${object.ready} ${object.labels['app']} ${createdUs}`
    for (let i = 0; i < text.length; i++) sum = (Math.imul(sum, 31) + text.charCodeAt(i)) | 0
  }
  return sum >>> 0
}
