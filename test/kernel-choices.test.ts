/**
 * How often the kernel chooses each backend, against the chances that svcsim gives them: statistic rules in both iptables, numgen in nft, as
 * kube-proxy writes them. One chi-square test a Service; all of a run together raise a false alarm with a nominal chance of 1e-6.
 */
import * as E from 'fp-ts/lib/Either.js'
import { expect, it } from 'vitest'
import { KERNEL_BACKENDS } from '../src/app/kernel-replay.ts'
import { verifyRules } from '../src/app/verify/verification.ts'
import type { Flow, FlowFile } from '../src/net/flow.ts'
import { parseIp, parsePrefix } from '../src/net/ip.ts'
import { ORIGIN } from '../src/net/packet.ts'
import { describeProblem } from '../src/problem/problem.ts'
import { iptablesRuleset } from '../src/proxier/iptables-proxier.ts'
import { nftablesRuleset } from '../src/proxier/nftables-proxier.ts'
import { DEFAULT_PROXIER_CONFIG } from '../src/proxier/proxier-config.ts'
import { makeNode, makePort, makeService, makeSlice, makeState } from '../src/proxier/testing/make-objects.ts'
import type { NodeRules } from '../src/replay/flows/node-rules.ts'
import { completeTables } from '../src/ruleset/complete-tables.ts'
import { streamSeed } from '../src/sim/random.ts'
import { describeKernel } from './describe-kernel.ts'

const ENDPOINT_COUNTS = [1, 2, 3, 7, 20]
const CONNECTIONS = 3_000

const STATE = makeState(
  makeNode('a', { ip: '172.16.0.1' }),
  ...ENDPOINT_COUNTS.flatMap((count, i) => [
    makeService({
      name: `s${count}`,
      clusterIPs: [`10.96.0.${i + 1}`],
      ports: [makePort({ protocol: i % 2 === 0 ? 'UDP' : 'TCP' })],
    }),
    makeSlice(
      Array.from({ length: count }, (_, k) => `10.244.${i}.${k + 1}`),
      { serviceName: `s${count}`, ports: [{ name: 'http', protocol: i % 2 === 0 ? 'UDP' : 'TCP', port: 8080 }] },
    ),
  ]),
)
const CONFIG = { ...DEFAULT_PROXIER_CONFIG, clusterCidrs: ['10.244.0.0/16'] }

const FLOWS: FlowFile = {
  topology: { nodeIps: [parseIp('172.16.0.1')!], podPrefixes: [parsePrefix('10.244.0.0/16')!], localIps: [] },
  flows: ENDPOINT_COUNTS.map(
    (count, i): Flow => ({
      id: `${count} endpoints`,
      origin: i % 2 === 0 ? ORIGIN.pod : ORIGIN.uplink,
      source: parseIp(i % 2 === 0 ? '10.244.200.1' : '192.0.2.1')!,
      destination: parseIp(`10.96.0.${i + 1}`)!,
      protocol: i % 2 === 0 ? 'UDP' : 'TCP',
      destinationPort: 80,
      connectionCount: CONNECTIONS,
      firstSourcePort: 10_000,
      sourceCount: 2,
      packetCount: 1,
      reply: false,
      delayUs: 0,
      gapUs: 0,
    }),
  ),
}

for (const backend of KERNEL_BACKENDS)
  await describeKernel(backend, () => {
    it(`spreads ${CONNECTIONS} connections over 1 to 20 endpoints as the rules say`, async () => {
      const rules: NodeRules =
        backend === 'nft'
          ? { mode: 'nftables', ruleset: nftablesRuleset(STATE, 'a', CONFIG, 4) }
          : { mode: 'iptables', ruleset: completeTables(iptablesRuleset(STATE, 'a', CONFIG, 4)) }
      const seed = streamSeed('kernel-choices', backend)
      const verified = await verifyRules({ shown: rules, evaluated: rules }, FLOWS, backend, seed)()
      if (E.isLeft(verified)) throw new Error(describeProblem(verified.left))
      const { flows, rules: compared, policies, choices, untoldChoiceCount } = verified.right
      expect([...flows, ...compared, ...policies].filter(row => !row.equal)).toEqual([])
      // nft draws among one endpoint too, iptables does not.
      const random = choices.filter(c => c.options.length > 1)
      expect(random.map(c => c.options.length).sort((a, b) => a - b)).toEqual([2, 3, 7, 20])
      expect(random.map(c => c.draws)).toEqual([CONNECTIONS, CONNECTIONS, CONNECTIONS, CONNECTIONS])
      expect(choices.filter(c => !c.likely)).toEqual([])
      expect(untoldChoiceCount).toBe(0)
    })
  })
