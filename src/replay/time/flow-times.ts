/** When a flow of a run over time begins. With keep-alive flows are clients, which all begin within the ramp. */
import type { Packet } from '../../net/packet.ts'
import type { TimeUs } from '../../sim/time.ts'
import { arrivalState, startOf } from '../flow-start.ts'
import type { TimedPlan } from './timed-plan.ts'

export const beginsUs = (plan: TimedPlan, packet: Packet): TimeUs =>
  beginsAt(plan, arrivalState(plan.traffic.arrivalSeed, packet))

/** The same by the flow's arrivalState. */
export const beginsAt = ({ traffic: { keepAlive }, horizonUs }: TimedPlan, state: number): TimeUs =>
  startOf(state, keepAlive === null ? horizonUs : Math.min(keepAlive.rampUs, horizonUs))
