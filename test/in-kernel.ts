/** Asking this machine's kernel in a test: a small world, packets with defaults, and a problem as an exception. */
import * as E from 'fp-ts/lib/Either.js'
import { type KernelAnswer, type KernelFlow, type KernelRequest, kernelReplay } from '../src/app/kernel-replay.ts'
import type { FlowTopology } from '../src/net/flow.ts'
import { type IpAddress, type IpPrefix, parseIp, parsePrefix } from '../src/net/ip.ts'
import { describeProblem } from '../src/problem/problem.ts'

export async function inKernel(
  request: Pick<KernelRequest, 'backend' | 'steps'> & Partial<KernelRequest>,
): Promise<KernelAnswer> {
  const answer = await kernelReplay({
    topology: SMALL_WORLD,
    interfaces: { uplink: 'e0', pod: 'p0' },
    podAddresses: [],
    mostSeconds: 120,
    ...request,
  })()
  if (E.isLeft(answer)) throw new Error(describeProblem(answer.left))
  return answer.right
}

export const makeKernelFlow = (changes: Partial<KernelFlow>): KernelFlow => ({
  origin: 'external',
  source: '198.51.100.1',
  destination: '10.96.0.1',
  protocol: 17,
  destination_port: 80,
  source_port: 10_000,
  connections: 1,
  sources: 1,
  packets: changes.flags === undefined ? 1 : changes.flags.length,
  flags: [],
  reply: false,
  delay_ms: 0,
  gap_ms: 0,
  ...changes,
})

const addresses = (...texts: readonly string[]): IpAddress[] => texts.map(text => parseIp(text)!)
const prefixes = (...texts: readonly string[]): IpPrefix[] => texts.map(text => parsePrefix(text)!)

export const SMALL_WORLD: FlowTopology = {
  nodeIps: addresses('192.168.10.1', 'fd00:10::1'),
  podPrefixes: prefixes('10.244.0.0/16', 'fd00:244::/56'),
  localIps: [],
}
