/** Fuzzes the reader of one format for as long as one likes: `node test/fuzz.ts iptables|nftables|flows [COUNT] [SEED]`. */
import process from 'node:process'
import { randomStream } from '../src/sim/random.ts'
import { FUZZED, type FuzzedFormat } from './fuzz-corpora.ts'
import { fuzzText } from './fuzz-text.ts'

const [format = 'iptables', count = '1000000', seed = '1'] = process.argv.slice(2)
const { corpus, reprint } = FUZZED[format as FuzzedFormat]
const texts = corpus()
const stream = randomStream(seed, 'fuzz')
const STEP = 10_000
let taken = 0
for (let done = 0; done < Number(count); done += STEP) {
  taken += fuzzText(texts, reprint, stream, Math.min(STEP, Number(count) - done)).taken
  const megabytes = Math.round(process.memoryUsage.rss() / 2 ** 20)
  process.stderr.write(`\r${done + STEP} inputs, ${taken} taken, ${megabytes} MiB`)
}
process.stderr.write('\n')
