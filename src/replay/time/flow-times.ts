/** When a flow of a run over time begins. With keep-alive flows are clients, which all begin within the ramp. */
import type { Packet } from '../../net/packet.ts'
import type { TimeUs } from '../../sim/time.ts'
import { arrivalState, startOf } from '../flow-start.ts'
import type { TimedPlan } from './timed-plan.ts'

export const beginsUs = ({ traffic: { arrivalSeed, keepAlive }, horizonUs }: TimedPlan, packet: Packet): TimeUs =>
  startOf(arrivalState(arrivalSeed, packet), keepAlive === null ? horizonUs : Math.min(keepAlive.rampUs, horizonUs))
