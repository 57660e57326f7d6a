/**
 * `npm run sync-costs -- [--write]`: fits the sync profiles to what was measured and prints predicted against measured, also for cases
 * that were left out of the fit. --write makes the shipped file and the plot anew.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { termsUs } from '../../src/proxier/sync-duration.ts'
import type { SyncProfile } from '../../src/scenario/sync-profile.ts'
import { fitSyncProfiles } from './fit-sync-profiles.ts'
import { type PricedCase, pricedCases } from './priced-case.ts'
import { syncCostPlot } from './sync-cost-plot.ts'

const cases = pricedCases()
const profiles = fitSyncProfiles(cases)
const errorOf = (from: readonly SyncProfile[], { tool, terms, us }: PricedCase): number =>
  termsUs(terms, from.find(p => p.tool === tool)!.prices) / us - 1
for (const c of cases) {
  const without = fitSyncProfiles(cases.filter(other => other !== c))
  const [error, unseen] = [profiles, without].map(from => `${(100 * errorOf(from, c)).toFixed(1)} %`.padStart(9))
  console.log(c.tool.padEnd(16), c.name.padEnd(20), (c.us / 1e6).toFixed(3).padStart(8), error, unseen)
}
if (process.argv.includes('--write')) {
  const root = join(import.meta.dirname, '../..')
  writeFileSync(join(root, 'profiles/sync-linux-6.18-epyc.json'), `${JSON.stringify({ profiles }, undefined, 2)}\n`)
  writeFileSync(join(root, 'docs/sync-costs.svg'), `${syncCostPlot(profiles)}\n`)
}
