/**
 * The event log at the size of a large cluster: 1 M pod events over 150,000 pods, appended to memory, then folded. Run as
 * `node bench/event-log.bench.ts [EVENTS PODS]`. The state's checksum must not change; rates are for the eye.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { ClusterEvent } from '../src/cluster/cluster-event.ts'
import type { ClusterState } from '../src/cluster/cluster-state.ts'
import { createLog, EVENTS_PER_APPEND } from '../src/eventlog/event-log.ts'
import { MemoryBytes } from '../src/eventlog/memory-bytes.ts'
import { openLog } from '../src/eventlog/read-log.ts'

export interface EventLogBench {
  readonly appendPerSecond: Rates
  readonly foldPerSecond: Rates
  readonly bytesPerEvent: number
  /** Of the folded state: a function of the sizes alone. */
  readonly checksum: number
}

export function benchEventLog(eventCount: number, podCount: number): EventLogBench {
  const parts = { events: new MemoryBytes('events.arrows'), index: new MemoryBytes('events.idx') }
  const log = right(createLog(parts))
  const append = { wallMs: 0, cpuMs: 0 }
  const fold = { wallMs: 0, cpuMs: 0 }
  for (let first = 0; first < eventCount; first += EVENTS_PER_APPEND) {
    const events = makePodEvents(first, Math.min(eventCount, first + EVENTS_PER_APPEND), podCount)
    const clock = startClock()
    right(log.append(events))
    clock.addTo(append)
  }
  const clock = startClock()
  const state = right(right(openLog(parts)).fold())
  clock.addTo(fold)
  return {
    appendPerSecond: rates(eventCount, append),
    foldPerSecond: rates(eventCount, fold),
    bytesPerEvent: parts.events.size / eventCount,
    checksum: checksum(state),
  }
}

/** Events a second of the wall clock, and of this thread's own processor time, which other processes slow less. */
interface Rates {
  readonly wall: number
  readonly cpu: number
}

const rates = (count: number, { wallMs, cpuMs }: { wallMs: number; cpuMs: number }): Rates => ({
  wall: Math.round((count / wallMs) * 1000),
  cpu: Math.round((count / cpuMs) * 1000),
})

function startClock() {
  const wall = performance.now()
  const cpu = process.threadCpuUsage()
  return {
    addTo(sum: { wallMs: number; cpuMs: number }): void {
      const used = process.threadCpuUsage(cpu)
      sum.wallMs += performance.now() - wall
      sum.cpuMs += (used.user + used.system) / 1000
    },
  }
}

/** Events `first` to `end` (not included): pods are created first, then scheduled, started, and ready by turns. */
function makePodEvents(first: number, end: number, podCount: number): ClusterEvent[] {
  const events: ClusterEvent[] = []
  for (let i = first; i < end; i++) {
    const pod = i % podCount
    const round = Math.floor(i / podCount)
    const workload = Math.floor(pod / 30)
    const hash = ((workload * 2_654_435_761) % 2 ** 32).toString(36).padStart(7, '0')
    events.push({
      sequence: i,
      timeUs: i * 50,
      type: round === 0 ? 'ADDED' : 'MODIFIED',
      object: {
        kind: 'Pod',
        namespace: `namespace-${pod % 50}`,
        name: `deployment-${workload}-${hash}-${pod.toString(36).padStart(5, '0')}`,
        labels: { app: `deployment-${workload}`, 'pod-template-hash': hash },
        nodeName: round === 0 ? '' : `node-${pod % 5000}`,
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
function checksum(state: ClusterState): number {
  let sum = 0
  for (const [key, { object, createdUs }] of state.pods) {
    const text = `${key} ${object.nodeName} ${object.podIPs[0]} ${object.ready} ${object.labels['app']} ${createdUs}`
    for (let i = 0; i < text.length; i++) sum = (Math.imul(sum, 31) + text.charCodeAt(i)) | 0
  }
  return sum >>> 0
}

function right<A>(either: E.Either<unknown, A>): A {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left))
  return either.right
}

if (import.meta.main) {
  const [events = 1_000_000, pods = 150_000] = process.argv.slice(2).map(Number)
  for (let round = 0; round < 3; round++) console.log(JSON.stringify({ events, pods, ...benchEventLog(events, pods) }))
}
