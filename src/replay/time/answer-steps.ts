/**
 * What a load balancer's health check meets at a node, over time: with externalTrafficPolicy Local kube-proxy's healthCheckNodePort, which
 * answers 200 while the node's last finished sync knew a ready endpoint on it; else kube-proxy's own healthz (port 10256), which passes as
 * soon as it has rules. A lost machine answers nothing.
 */
import type { NodeSyncs } from '../../cluster/node-syncs.ts'
import type { Answer, AnswerStep } from '../../controlplane/target-rotation.ts'
import type { TimeUs } from '../../sim/time.ts'
import type { NodeTimes } from './timed-plan.ts'
import { FLAG, type VersionTable, variantOn, versionBefore } from './version-table.ts'

export function answerSteps(
  node: number,
  port: number,
  syncs: NodeSyncs,
  table: VersionTable,
  { joinedUs, outageStart, lostUs, foundUs }: NodeTimes,
): AnswerStep[] {
  const steps: AnswerStep[] = []
  const push = (timeUs: TimeUs, answer: Answer): void => {
    if (steps.at(-1)?.answer !== answer) steps.push({ timeUs, answer })
  }
  if (joinedUs[node] > 0) push(joinedUs[node], 'fails')
  let outage = outageStart[node]
  const passOutages = (untilUs: TimeUs): void => {
    for (; outage < outageStart[node + 1] && lostUs[outage] <= untilUs; outage++) {
      push(lostUs[outage], 'silent')
      if (foundUs[outage] < Infinity) push(foundUs[outage], 'fails')
    }
  }
  for (let sync = 0; sync < syncs.endUs.length; sync++) {
    passOutages(syncs.endUs[sync])
    push(syncs.endUs[sync], passesAt(node, port, syncs, sync, table) ? 'passes' : 'fails')
  }
  passOutages(Infinity)
  return steps
}

function passesAt(
  node: number,
  port: number,
  { servicePosition, slicePosition }: NodeSyncs,
  sync: number,
  table: VersionTable,
): boolean {
  const { objectPosition, objectStart, slicePosition: written, sliceStart, serviceOfPort, rowStart, flags } = table
  const s = serviceOfPort[port]
  const object = versionBefore(objectPosition, objectStart[s], objectStart[s + 1], servicePosition[sync])
  const slice = versionBefore(written, sliceStart[s], sliceStart[s + 1], slicePosition[sync])
  const variant = variantOn(table, rowStart[port] + object * (sliceStart[s + 1] - sliceStart[s]) + slice, node)
  if (variant < 0) return false
  return (flags[variant] & FLAG.externalLocal) === 0 || (flags[variant] & FLAG.readyHere) !== 0
}
