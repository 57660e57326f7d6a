/**
 * Passes 3 and 4 for connections that come in through a cloud's load balancer: which targets are in service when, by health checks of what
 * each node's kube-proxy has loaded; then each connection goes to one of those of its first packet's instant, evenly, and through that
 * node's rules. One job: a load balancer needs the syncs of all its targets. Where connection tables may fill, all other flows go the same way.
 *
 * Deviations: a connection stays with its target whatever health checks say later; targets of all zones are one group.
 */
import { targetRotation } from '../../controlplane/target-rotation.ts'
import { ORIGIN } from '../../net/packet.ts'
import { draw32, scale32 } from '../../sim/random.ts'
import type { TimeUs } from '../../sim/time.ts'
import { drawFlow, drawNowhere, type Flow, flowHighOf } from '../../workload/draw-flow.ts'
import { DESTINATION, DESTINATION_WORDS, NO_NODE, type TrafficPlan } from '../../workload/traffic.ts'
import { answerSteps } from './answer-steps.ts'
import { beginsUs } from './flow-times.ts'
import { NodeTables } from './node-tables.ts'
import { type FlowAt, passInOrder } from './ordered-flows.ts'
import type { FlowSender } from './send-flows.ts'
import type { NodeSyncer } from './sync-node.ts'
import type { TimeTallies } from './time-tallies.ts'
import { type ConntrackPlan, type TimedPlan, TURN } from './timed-plan.ts'
import { flowsOfNode, newFlow, remakeFlow, type WaitingFlow } from './waiting-flow.ts'

interface Waiting extends WaitingFlow {
  readonly startUs: TimeUs
}

export function passBalanced(
  plan: TimedPlan,
  syncers: { readonly 4: NodeSyncer | null; readonly 6: NodeSyncer | null },
  sender: FlowSender,
  tallies: TimeTallies,
): void {
  const { count } = plan.nodes
  const waiting = plannedFlows(plan)
  const changes = rotations(plan, syncers)
  const flowsOf = new Map<number, Waiting[]>()
  waiting.forEach((flows, b) => {
    flows.sort((a, c) => a.startUs - c.startUs)
    let next = 0
    const inService: number[] = []
    const everyNode = Array.from({ length: count }, (_, n) => n).filter(n => plan.balancers.isTarget[n] === 1)
    for (const flow of flows) {
      for (; next < changes[b].length && changes[b][next].timeUs <= flow.startUs; next++)
        turn(inService, changes[b][next])
      const targets = inService.length === 0 && plan.balancers.check.failsOpen ? everyNode : inService
      if (targets.length === 0) {
        sender.sendNowhere(remade(plan, flow), flow.startUs)
        continue
      }
      const { low, high } = plan.balancers.seed
      const word = draw32(low, high, flow.flowLow, flowHighOf(flow.classIndex, flow.node), 1)
      const target = targets[scale32(word, targets.length)]
      const known = flowsOf.get(target)
      if (known === undefined) flowsOf.set(target, [flow])
      else known.push(flow)
    }
  })
  // Flows inside to Services that remember their clients share what nodes remember with those from outside.
  const { traffic } = plan
  const waits = (destination: number): boolean => traffic.turnOfDestination[destination] === TURN.balancedInOrder
  const sharers = traffic.turnOfDestination.includes(TURN.balancedInOrder) ? count : 0
  for (let node = 0; node < sharers; node++) if (!flowsOf.has(node)) flowsOf.set(node, [])
  const isInside = (destination: number): boolean => waits(destination) && plan.balancers.ofDestination[destination] < 0
  const syncsOf = (node: number) => ({ 4: syncers[4]?.syncsOf(node), 6: syncers[6]?.syncsOf(node) })
  const ofAll: FlowAt[] = []
  for (const node of [...flowsOf.keys()].sort((a, b) => a - b)) {
    const syncs = syncsOf(node)
    const flows = flowsOf.get(node)!
    for (const flow of flows) {
      if (waits(flow.destination)) continue
      const made = remade(plan, flow)
      sender.sendFlow(node, made, syncs[made.packet.family]!)
    }
    if (sharers === 0) continue
    const own = [...flows.filter(f => waits(f.destination)), ...flowsOfNode(traffic.plan, node, isInside)]
    const ordered = own.map(waiting => ({ at: node, waiting }))
    if (plan.conntrack === null) passInOrder(plan, ordered, () => syncs, sender)
    else for (const flow of ordered) ofAll.push(flow)
  }
  if (plan.conntrack !== null) passTracked(plan, plan.conntrack, ofAll, syncsOf, sender, tallies)
}

/** All flows of all nodes: an entry that one node has no room for is one that another node made for nothing. */
function passTracked(
  plan: TimedPlan,
  conntrack: ConntrackPlan,
  flows: readonly FlowAt[],
  syncsOf: Parameters<typeof passInOrder>[2],
  sender: FlowSender,
  { nodes }: TimeTallies,
): void {
  const tables = new NodeTables(conntrack, plan.nodes)
  const known = Array.from({ length: plan.nodes.count }, (_, node) => syncsOf(node))
  passInOrder(plan, flows, node => known[node], sender, tables)
  tables.tables.forEach(({ peak, earlyDrops }, node) => {
    nodes.peakEntries[node] += peak
    nodes.earlyDrops[node] += earlyDrops
  })
}

interface Change {
  readonly timeUs: TimeUs
  readonly node: number
  readonly isIn: boolean
}

/** By balancer: targets that come into service and leave it, in order of time and node. */
function rotations(
  { balancers, families, nodes, horizonUs }: TimedPlan,
  syncers: { readonly 4: NodeSyncer | null; readonly 6: NodeSyncer | null },
): Change[][] {
  const changes: Change[][] = balancers.ports.map(() => [])
  const { check, seed, isTarget } = balancers
  for (let node = 0; node < nodes.count; node++) {
    if (isTarget[node] === 0) continue
    const syncs = { 4: syncers[4]?.syncsOf(node), 6: syncers[6]?.syncsOf(node) }
    balancers.ports.forEach(({ family, port }, b) => {
      const steps = answerSteps(node, port, syncs[family]!, families[family]!.table, nodes)
      const phaseUs = scale32(draw32(seed.low, seed.high, b, node, 0), check.intervalUs)
      const life = { addedUs: nodes.joinedUs[node], removedUs: Infinity, phaseUs }
      targetRotation(check, steps, life, horizonUs).forEach((timeUs, i) => {
        changes[b].push({ timeUs, node, isIn: i % 2 === 0 })
      })
    })
  }
  for (const list of changes) list.sort((a, b) => a.timeUs - b.timeUs || a.node - b.node)
  return changes
}

/** `inService` rises. */
function turn(inService: number[], { node, isIn }: Change): void {
  let at = inService.findIndex(n => n >= node)
  if (at < 0) at = inService.length
  if (isIn) inService.splice(at, 0, node)
  else inService.splice(at, 1)
}

/** By balancer: what the traffic plan has for it, whichever node it planned. */
function plannedFlows(plan: TimedPlan): Waiting[][] {
  const { traffic, balancers } = plan
  const flows: Waiting[][] = balancers.ports.map(() => [])
  const made = { 4: newFlow(4), 6: newFlow(6) }
  traffic.plan.classes.forEach((kind, classIndex) => {
    if (kind.origin !== ORIGIN.uplink) return
    const note = ({ destination, packet }: Flow, node: number): void => {
      const b = balancers.ofDestination[destination]
      if (b < 0) return
      const startUs = beginsUs(plan, packet)
      flows[b].push({ classIndex, node, destination, flowLow: packet.flowLow, startUs })
    }
    const flow = made[kind.family]
    kind.connectionsOfNode.forEach((connections, node) => {
      for (let i = 0; i < connections; i++) {
        drawFlow(traffic.plan, classIndex, node, i, flow)
        note(flow, node)
      }
    })
    let unreached = 0
    traffic.plan.noTarget.forEach((connections, destination) => {
      if (familyOf(traffic.plan, destination) !== kind.family) return
      for (let i = 0; i < connections; i++) {
        drawNowhere(traffic.plan, classIndex, destination, unreached++, flow)
        note(flow, NO_NODE)
      }
    })
  })
  return flows
}

function remade({ traffic }: TimedPlan, waiting: Waiting): Flow {
  const flow = newFlow(traffic.plan.classes[waiting.classIndex].family)
  remakeFlow(traffic.plan, waiting, flow)
  return flow
}

const familyOf = ({ destinations }: TrafficPlan, destination: number): number =>
  destinations.words[DESTINATION_WORDS * destination + DESTINATION.family]
