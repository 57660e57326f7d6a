/**
 * Where the kernel is known to have taken each packet: what steers the simulator's random choices to the kernel's. Connections are
 * numbered through all flows, as replay numbers them.
 */
import type { Goal } from '../../netfilter/steered-draws.ts'
import type { Known } from '../../replay/flows/steered-dice.ts'
import type { SentFlow } from '../kernel-replay.ts'

export function knownGoals(sent: readonly SentFlow[]): Known {
  const connections = sent.flatMap(flow => flow.connections)
  return (connection, packet): ReadonlySet<Goal> => {
    const { arrivals, answers = [] } = connections[connection]
    const arrival = arrivals.find(([n]) => n === packet)
    if (arrival !== undefined) return new Set([`${arrival[2]}:${arrival[3]}`, `${arrival[2]}:0`])
    const isRejected = answers.some(answer => answer[0] === 'reset' || (answer[0] === 'icmp' && answer[1] === packet))
    return new Set([isRejected ? 'reject' : 'drop'])
  }
}
