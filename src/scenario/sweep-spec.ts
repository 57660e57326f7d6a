/** A scenario's sweep: the key that is varied, its values, and figures that others measured along it. */
import { z } from 'zod'

const PUBLISHED = z.strictObject({
  source: z.url().describe('where the figures stand'),
  what: z.string().min(1).max(200).describe('what was measured, as first-packet latency'),
  unit: z
    .enum(['us', 'per second'])
    .describe('of the figures; a time is base + ns a rule x rules evaluated, a rate goes with its inverse'),
  hop: z.enum(['first', 'both']).default('both').describe('whose rules count'),
  points: z
    .array(
      z.strictObject({
        at: z.number().describe('value of the sweep'),
        statistic: z.enum(['mean', 'p50', 'p90', 'p99']).default('mean').describe('of what was measured'),
        value: z.number().gt(0).describe('the figure'),
      }),
    )
    .min(1)
    .max(1_000)
    .describe('the published figures'),
})

export const SWEEP = z.strictObject({
  path: z.string().min(1).describe('the key that is varied, as cluster.workloads[0].replicas'),
  values: z.array(z.number()).min(1).max(1_000).describe('one run for each'),
  published: PUBLISHED.optional().describe(
    'figures that others measured, to compare with; two constants are fitted to them',
  ),
})
