/** What is mutated, and which quick tests judge it. Each slice takes minutes. Run as a program: names the slices. */
import process from 'node:process'
import { pathToFileURL } from 'node:url'

const NETFILTER = 'src/netfilter'
const of = (folder: string, ...names: readonly string[]): string[] => names.map(name => `${folder}/${name}.ts`)

/** Judges of whole walks: rows by hand, then random rulesets. */
const WALKS = of(
  NETFILTER,
  'every-match.test',
  'every-verdict.test',
  'compile.test',
  'statistic-run.test',
  'trace.test',
  'route.test',
  'evaluate-edges.test',
  'cost/program-prices.test',
  'evaluate.test',
)
const NFT = ['src/netfilter/nft/evaluate-nft.test.ts']

export interface Slice {
  readonly mutate: readonly string[]
  readonly tests: readonly string[]
}

export const SLICES: Readonly<Record<string, Slice>> = {
  trace: { mutate: of(NETFILTER, 'trace', 'trace-table', 'walk-hooks'), tests: WALKS },
  matches: { mutate: of(NETFILTER, 'trace-match', 'trace-nat', 'statistic-run', 'route'), tests: WALKS },
  evaluate: { mutate: of(NETFILTER, 'evaluate', 'stretch'), tests: WALKS },
  'walk-chain': { mutate: of(NETFILTER, 'walk-chain'), tests: WALKS },
  rare: { mutate: of(NETFILTER, 'rare-match', 'address-type', 'dispatch', 'encode-dispatch'), tests: WALKS },
  encode: {
    mutate: of(NETFILTER, 'encode-chain', 'encode-match', 'encode-rare', 'encode-verdict', 'encoder'),
    tests: WALKS,
  },
  conntrack: {
    mutate: of(`${NETFILTER}/conntrack`, 'conntrack', 'plain-conntrack', 'tcp-states', 'sctp-states', 'nat-port'),
    tests: ['src/netfilter/conntrack/conntrack.test.ts', 'src/netfilter/evaluate.test.ts'],
  },
  'nft-trace': { mutate: of(`${NETFILTER}/nft`, 'trace-nft', 'trace-nft-statement'), tests: NFT },
  'nft-evaluate': { mutate: of(`${NETFILTER}/nft`, 'evaluate-nft', 'walk-nft-chain', 'compile-nft'), tests: NFT },
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) console.log(Object.keys(SLICES).join('\n'))
