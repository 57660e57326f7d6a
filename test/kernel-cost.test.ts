/** The measurement that `svcsim calibrate` rests on, in this machine's kernel: packets arrive, and a longer chain takes longer. */
import * as E from 'fp-ts/lib/Either.js'
import { expect, it } from 'vitest'
import { kernelCost } from '../src/app/calibrate/kernel-cost.ts'
import { serviceCase } from '../src/app/calibrate/service-case.ts'
import { ONE_SERVICE } from '../src/app/calibrate/service-world.ts'
import { describeProblem } from '../src/problem/problem.ts'
import { describeKernel } from './describe-kernel.ts'

const BACKENDS = [
  ['iptables-legacy', 'iptables-legacy'],
  ['iptables-nft', 'iptables-nft'],
  ['nft', 'nftables'],
] as const

for (const [kernel, backend] of BACKENDS)
  await describeKernel(kernel, () => {
    it('takes time for a packet, and more for one that walks a thousand rules', async () => {
      const one = serviceCase('one', backend, ONE_SERVICE, 500)
      const last = serviceCase('last', backend, { ...ONE_SERVICE, services: 1000 }, 500)
      const affinity = serviceCase('affinity', backend, { ...ONE_SERVICE, endpoints: 5, affinity: true }, 500)
      const measured = await kernelCost({ cases: [one, last, affinity], rounds: 5, mostSeconds: 60 })()
      if (E.isLeft(measured)) throw new Error(describeProblem(measured.left))
      const [first, far, remembered] = measured.right.cases.map(c => Math.min(...c.ns))
      expect(measured.right.cases.map(c => c.ns.length)).toEqual([10, 10, 10])
      expect(first).toBeGreaterThan(500)
      expect(remembered).toBeGreaterThan(500)
      if (backend !== 'nftables') expect(far).toBeGreaterThan(first)
    }, 90_000)

    it('is refused when packets do not arrive', async () => {
      const nowhere = {
        ...serviceCase('nowhere', backend, ONE_SERVICE, 100),
        destinations: [{ address: '203.0.113.9', port: 9 }],
      }
      const measured = await kernelCost({ cases: [nowhere], rounds: 1, mostSeconds: 60 })()
      expect(E.isLeft(measured) && describeProblem(measured.left)).toContain("0 of 100 packets reached the node's pods")
    }, 90_000)
  })
