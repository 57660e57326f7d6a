/** Fuzzes the reader of iptables-save text for as long as one likes: `node test/fuzz-iptables.ts [COUNT] [SEED]`. */
import process from 'node:process'
import { randomStream } from '../src/sim/random.ts'
import { fuzzText } from './fuzz-text.ts'
import { iptablesCorpus, reprintIptables } from './iptables-corpus.ts'

const [count = '1000000', seed = '1'] = process.argv.slice(2)
const corpus = iptablesCorpus()
const stream = randomStream(seed, 'fuzz')
const STEP = 10_000
let taken = 0
for (let done = 0; done < Number(count); done += STEP) {
  taken += fuzzText(corpus, reprintIptables, stream, Math.min(STEP, Number(count) - done)).taken
  const megabytes = Math.round(process.memoryUsage.rss() / 2 ** 20)
  process.stderr.write(`\r${done + STEP} inputs, ${taken} taken, ${megabytes} MiB`)
}
process.stderr.write('\n')
