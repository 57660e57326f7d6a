/** What is mutated, file by file, and which quick tests judge it: minutes each. Run as a program: names the slices. */
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
  'walk-draws.test',
  'nat-range.test',
  'segment-chain.test',
  'evaluate-edges.test',
  'cost/program-prices.test',
  'evaluate.test',
)
const NFT = [
  'src/netfilter/nft/trace-nft.test.ts',
  'src/netfilter/nft/evaluate-nft.test.ts',
  'src/replay/flows/replay-nft.test.ts',
  'src/replay/flows/replay-nft.property.test.ts',
]
const CONNTRACK = [
  ...of(
    NETFILTER,
    'conntrack/conntrack.test',
    'conntrack/connection-table.test',
    'conntrack/connection-memory.test',
    'every-verdict.test',
    'nat-range.test',
    'evaluate.test',
  ),
  'src/replay/flows/replay-flows.test.ts',
  'src/replay/flows/replay-nft.test.ts',
  'test/replay-evaluators.test.ts',
]

export interface Slice {
  readonly mutate: readonly string[]
  readonly tests: readonly string[]
}

/** By the name of the file, without folder and ending. */
const slicesOf = (files: readonly string[], tests: readonly string[]): [string, Slice][] =>
  files.map(file => [file.replace(/^.*\/|\.ts$/g, ''), { mutate: [file], tests }])

export const SLICES: Readonly<Record<string, Slice>> = Object.fromEntries([
  ...slicesOf(of(NETFILTER, 'trace', 'trace-table', 'walk-hooks', 'trace-match', 'trace-nat'), WALKS),
  ...slicesOf(of(NETFILTER, 'evaluate', 'stretch', 'walk-chain', 'walk-draws', 'walk-nat', 'rare-match'), WALKS),
  ...slicesOf(of(NETFILTER, 'statistic-run', 'route', 'address-type', 'dispatch'), WALKS),
  ...slicesOf(
    of(NETFILTER, 'encode-chain', 'encode-match', 'encode-rare', 'encode-verdict', 'encode-dispatch', 'encoder'),
    WALKS,
  ),
  ...slicesOf(
    of(
      `${NETFILTER}/conntrack`,
      'conntrack',
      'connection-table',
      'connection-memory',
      'plain-conntrack',
      'tcp-states',
      'sctp-states',
      'nat-port',
    ),
    CONNTRACK,
  ),
  ...slicesOf(
    of(`${NETFILTER}/nft`, 'trace-nft', 'trace-nft-statement', 'evaluate-nft', 'walk-nft-chain', 'compile-nft'),
    NFT,
  ),
])

if (import.meta.url === pathToFileURL(process.argv[1]).href) console.log(Object.keys(SLICES).join('\n'))
