import type { Flow } from '../../../net/flow.ts'
import { parseIp } from '../../../net/ip.ts'
import { ORIGIN } from '../../../net/packet.ts'

export interface FlowWords extends Partial<Omit<Flow, 'source' | 'destination'>> {
  readonly source?: string
  readonly destination?: string
}

/** For tests: from a pod to 10.96.0.1:80, UDP, one connection of one packet. */
export const makeFlow = ({ source = '10.244.0.9', destination = '10.96.0.1', ...words }: FlowWords = {}): Flow => ({
  id: 0,
  origin: ORIGIN.pod,
  protocol: 'UDP',
  destinationPort: 80,
  connectionCount: 1,
  firstSourcePort: 10_000,
  sourceCount: 1,
  packetCount: 1,
  reply: false,
  delayUs: 0,
  gapUs: 0,
  ...words,
  source: parseIp(source)!,
  destination: parseIp(destination)!,
})
