/**
 * What tests that ask this machine's kernel share: what it lacks, said in the test's name; with SVCSIM_REQUIRE_TOOLS=1 a lack is a
 * failure, else the tests that need it are left out.
 */
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import {
  type KernelAnswer,
  type KernelBackend,
  type KernelFlow,
  type KernelRequest,
  kernelLacks,
  kernelReplay,
} from '../src/app/kernel-replay.ts'
import type { FlowTopology } from '../src/net/flow.ts'
import { type IpAddress, type IpPrefix, parseIp, parsePrefix } from '../src/net/ip.ts'
import { describeProblem } from '../src/problem/problem.ts'

/** Tests inside are run when this machine can replay with the backend. */
export async function describeKernel(backend: KernelBackend, tests: () => void): Promise<void> {
  const missing = (await kernelLacks(backend, [4, 6])).join(', ')
  describe(`${backend}${missing === '' ? '' : ` (needs ${missing})`}`, () => {
    it.runIf(process.env['SVCSIM_REQUIRE_TOOLS'] === '1')('has what it needs', () => {
      expect(missing).toBe('')
    })
    describe.skipIf(missing !== '')('in the kernel', tests)
  })
}

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
