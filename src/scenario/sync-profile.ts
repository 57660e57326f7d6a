/**
 * A sync profile: what one machine takes to load the rules of a kube-proxy, as a price in microseconds for each term of a sync, one
 * profile a tool. This schema is the single definition: types and checks come from it. Which sync pays which terms is
 * proxier/sync-terms.ts. The shipped file is made by `npm run sync-costs`.
 */
import { z } from 'zod'

/** The same rules load differently through each; the version counts where it was found to. */
export const SYNC_TOOLS = ['iptables-legacy', 'iptables-nft', 'nft-1.0.6', 'nft-1.1.3'] as const
export type SyncTool = (typeof SYNC_TOOLS)[number]

/** What loads the rules where nobody says. */
export const SYNC_TOOL_OF_MODE = { iptables: 'iptables-legacy', nftables: 'nft-1.0.6' } as const

export const modeOfTool = (tool: SyncTool): 'iptables' | 'nftables' =>
  tool.startsWith('nft') ? 'nftables' : 'iptables'

const amount = z.number().min(0)

const price = z
  .union([
    amount,
    z
      .array(z.tuple([amount, amount]))
      .min(1)
      .refine(points => points.every(([size], i) => i === 0 || size > points[i - 1][0]), {
        error: 'is no curve: sizes do not rise',
      }),
  ])
  .describe('microseconds, or [size, microseconds] points')

const PROVENANCE = z.strictObject({
  kernel: z.string(),
  cpu: z.string(),
  tools: z.string(),
  date: z.iso.date(),
  method: z.string(),
})

const IPTABLES_PRICES = z.strictObject({
  restore: price.describe('one call of iptables-restore and what kube-proxy does around it'),
  setup: price.describe('the iptables calls that a full sync makes first'),
  rule: price.describe('a rule that is written; a curve goes by the rules there are afterwards'),
  rulePair: price.describe('each pair of rules that are written; a curve goes by the rules there are afterwards'),
  keptRule: price.describe('a rule that is there and stays as it is'),
  comment: price.describe('a rule with a comment, written or not'),
  listedRule: price.describe('a rule that iptables-save prints'),
})

const NFT_PRICES = z.strictObject({
  transaction: price.describe('one transaction, the listing of an empty table, and what kube-proxy does around them'),
  listedRule: price.describe('a rule of the table, which every sync lists first'),
  listedPair: price.describe('each pair of listed rules'),
  command: price.describe('a chain, rule or element that is written'),
  setStep: price.describe(
    'each pair of an anonymous set and a command of its transaction; a curve goes by the commands',
  ),
})

const common = { provenance: PROVENANCE, form: z.string().describe('how it grows, in words') }

const SYNC_PROFILE = z.discriminatedUnion('tool', [
  z.strictObject({ tool: z.enum(['iptables-legacy', 'iptables-nft']), ...common, prices: IPTABLES_PRICES }),
  z.strictObject({ tool: z.enum(['nft-1.0.6', 'nft-1.1.3']), ...common, prices: NFT_PRICES }),
])

export const SYNC_PROFILES = z
  .strictObject({ profiles: z.array(SYNC_PROFILE).min(1) })
  .refine(({ profiles }) => new Set(profiles.map(p => p.tool)).size === profiles.length, {
    error: 'has two profiles of one tool',
  })

export type SyncProfile = z.infer<typeof SYNC_PROFILE>
export type IptablesSyncPrices = z.infer<typeof IPTABLES_PRICES>
export type NftSyncPrices = z.infer<typeof NFT_PRICES>
