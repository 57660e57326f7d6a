/**
 * The shipped sync profiles say of kube-proxy's syncs what was measured of them: within 25 % from 1,000 Services up, within a factor of 2
 * below, and within a factor of 2 of the kernel's part alone.
 */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { readSyncProfile } from '../../src/app/read-sync-profiles.ts'
import { describeProblem } from '../../src/problem/problem.ts'
import { syncDurationUs, termsUs } from '../../src/proxier/sync-duration.ts'
import { SYNC_TOOLS, type SyncProfile, type SyncTool } from '../../src/scenario/sync-profile.ts'
import { fitSyncProfiles } from './fit-sync-profiles.ts'
import { firstSyncs, pricedCases } from './priced-case.ts'

const cases = pricedCases()
const shipped = new Map<SyncTool, SyncProfile>()
for (const tool of SYNC_TOOLS) {
  const read = await readSyncProfile(tool)()
  if (E.isLeft(read)) throw new Error(describeProblem(read.left))
  shipped.set(tool, read.right)
}

describe('the shipped sync profiles', () => {
  it('are the fit of what was measured', () => {
    expect(fitSyncProfiles(cases)).toEqual([...shipped.values()])
  })

  it.each(cases.map(c => [c.tool, c.name, c] as const))('%s, %s', (tool, _, { terms, us, services, isSync }) => {
    const ratio = termsUs(terms, shipped.get(tool)!.prices) / us
    const [least, most] = isSync && services >= 1000 ? [0.75, 1.25] : [0.5, 2]
    expect(ratio).toBeGreaterThan(least)
    expect(ratio).toBeLessThan(most)
  })

  /** Each case is predicted by the fit of all others; a curve can hardly do without the points at its end. */
  it('predict most cases that the fit has not seen within a third', () => {
    const errors = cases
      .filter(c => c.tool === 'iptables-legacy' || c.tool === 'nft-1.0.6')
      .map(c => {
        const without = fitSyncProfiles(cases.filter(other => other !== c)).find(p => p.tool === c.tool)!
        return Math.abs(termsUs(c.terms, without.prices) / c.us - 1)
      })
      .sort((a, b) => a - b)
    expect(errors[Math.floor(0.75 * errors.length)]).toBeLessThan(1 / 3)
  })

  it('grow with rules that nobody writes: 10 times the Services, more than 8 times the partial sync', () => {
    for (const [tool, mode] of [
      ['iptables-legacy', 'iptables'],
      ['nft-1.0.6', 'nftables'],
    ] as const) {
      const [, small] = firstSyncs(mode, 500, 5)
      const [, large] = firstSyncs(mode, 5000, 5)
      const profile = shipped.get(tool)!
      expect(syncDurationUs(large, profile) / syncDurationUs(small, profile)).toBeGreaterThan(8)
    }
  })
})
