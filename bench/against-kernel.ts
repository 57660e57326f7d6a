/**
 * `node bench/against-kernel.ts [--services N] [--endpoints N] [--rounds N]`: new connections a second here and in one core of
 * this machine's kernel, with the same rules of kube-proxy and the same destinations, uniform over Services. Root.
 */
import { parseArgs } from 'node:util'
import { kernelCost } from '../src/app/calibrate/kernel-cost.ts'
import { serviceCase } from '../src/app/calibrate/service-case.ts'
import {
  destinations,
  NODE_NAME,
  ONE_SERVICE,
  SOURCE,
  type WorldShape,
  worldConfig,
  worldState,
} from '../src/app/calibrate/service-world.ts'
import { newPacket, ORIGIN } from '../src/net/packet.ts'
import { compile } from '../src/netfilter/compile.ts'
import { COST_BACKENDS, type CostBackend } from '../src/netfilter/cost/cost-profile.ts'
import { DESTINATION_WORDS } from '../src/netfilter/known-destinations.ts'
import { makeHostView } from '../src/netfilter/testing/make-rules.ts'
import { writeFirstPacket } from '../src/netfilter/way-table.ts'
import { describeProblem } from '../src/problem/problem.ts'
import { iptablesRuleset } from '../src/proxier/iptables-proxier.ts'
import { nftablesRuleset } from '../src/proxier/nftables-proxier.ts'
import { type Burst, newBurst } from '../src/replay/burst.ts'
import { fastNftEvaluator } from '../src/replay/flows/fast-nft-evaluator.ts'
import { withPool } from '../src/replay/pool.ts'
import { draw32 } from '../src/sim/random.ts'
import { addressWords } from './address-words.ts'
import { rateText } from './bench-report.ts'
import { right } from './right.ts'

const { values } = parseArgs({
  options: {
    services: { type: 'string', default: '10000' },
    endpoints: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '5' },
  },
})
const SHAPE: WorldShape = {
  ...ONE_SERVICE,
  services: Number(values.services),
  endpoints: Number(values.endpoints),
  to: 'every',
}
const ROUNDS = Number(values.rounds)
const WORKERS = 2
const DRAWN = 4_000_000
const SENT_OF_A_ROUND = 400_000_000
const NFT_SENT_OF_A_ROUND = 1_000_000
const SEED = { low: 7, high: 1 }
const UDP = 17

const state = worldState(SHAPE)
const cases = COST_BACKENDS.map(backend => serviceCase(backend, backend, SHAPE, SHAPE.services))
const burst = burstOf()
const nft = nftablesRuleset(state, NODE_NAME, worldConfig('nftables', SHAPE), 4)
const rates: Record<CostBackend | 'svcsim' | 'svcsim nftables', number[]> = {
  'iptables-legacy': [],
  'iptables-nft': [],
  nftables: [],
  svcsim: [],
  'svcsim nftables': [],
}
await sendHere()
const measured = await kernelCost({ cases, rounds: ROUNDS, mostSeconds: 900 })()
if (measured._tag === 'Left') {
  console.error(`against-kernel: ${describeProblem(measured.left)}`)
  process.exit(2)
}
measured.right.cases.forEach(({ ns }, i) => {
  rates[cases[i].backend].push(...ns.map(each => 1e9 / each))
})
await sendHere()

const own = median(rates.svcsim)
console.log(
  `new connections/s, ${SHAPE.services} Services x ${SHAPE.endpoints}, medians of ${ROUNDS} rounds of the kernel and ${2 * ROUNDS} here, before and after`,
)
console.log('| | rate | svcsim, every counter on, is so many times |\n|---|---|---|')
console.log(`| svcsim, iptables mode, ${WORKERS} workers | ${rateText(own)} | 1 |`)
for (const backend of COST_BACKENDS) row(`kernel, ${backend}, one core`, median(rates[backend]))
row('svcsim, nftables mode, one by one, one thread', median(rates['svcsim nftables']))

function row(name: string, rate: number): void {
  console.log(`| ${name} | ${rateText(rate)} | ${Math.round(own / rate).toLocaleString('en')} |`)
}

/** Before the kernel's rounds and after them: loading the rules anew for each of its rounds would take minutes. */
async function sendHere(): Promise<void> {
  right(
    await withPool(WORKERS, pool => async () => {
      await pool.send({ ...burst, count: 1 })
      for (let round = 0; round < ROUNDS; round++) {
        await timed('svcsim', SENT_OF_A_ROUND, () => pool.send({ ...burst, count: SENT_OF_A_ROUND }))
        await timed('svcsim nftables', NFT_SENT_OF_A_ROUND, sendNft)
      }
      return { _tag: 'Right' as const, right: undefined }
    })(),
  )
}

async function timed(name: keyof typeof rates, count: number, send: () => unknown): Promise<void> {
  const start = performance.now()
  await send()
  rates[name].push((1000 * count) / (performance.now() - start))
}

function burstOf(): Burst {
  const program = right(compile([iptablesRuleset(state, NODE_NAME, worldConfig('iptables', SHAPE), 4)]))
  const sender = {
    view: 0,
    host: makeHostView(4),
    orderKey: 0,
    origin: ORIGIN.pod,
    source: addressWords(SOURCE.inside),
  }
  const services = destinations(SHAPE).map(({ address, port }) => ({ word: addressWords(address)[3], port }))
  const addresses = new Uint32Array(new SharedArrayBuffer(4 * DRAWN))
  const ports = new Uint32Array(new SharedArrayBuffer(4 * DRAWN))
  for (let i = 0; i < DRAWN; i++) {
    const { word, port } = services[draw32(8, 0, i, 0, 0) % services.length]
    addresses[i] = word
    ports[i] = (UDP << 16) | port
  }
  return newBurst(program, sender, { seed: SEED, flowHigh: 0, count: DRAWN, destinations: { addresses, ports } })
}

/** Through a connection table, as `svcsim replay` does. */
function sendNft(): void {
  const evaluator = right(fastNftEvaluator(nft, makeHostView(4), SEED, { max: NFT_SENT_OF_A_ROUND }))
  const packet = newPacket(4)
  const { addresses, ports } = burst.destinations
  const words = new Uint32Array(DESTINATION_WORDS)
  for (let i = 0; i < NFT_SENT_OF_A_ROUND; i++) {
    words[3] = addresses[i]
    words[4] = ports[i]
    writeFirstPacket(packet, burst.sender, words, 0)
    packet.source[3] += i >>> 15
    packet.sourcePort = 1024 + (i & 0x7fff)
    packet.flowLow = i
    evaluator.pass(packet, 100, i)
  }
  if (evaluator.conntrack.count !== NFT_SENT_OF_A_ROUND) throw new Error('nftables mode lost connections')
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]
}
