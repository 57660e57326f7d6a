/**
 * `node bench/cost-model.ts [--rounds N] [--out FILE]`: what cost profiles predict against what this machine's kernel takes, for worlds of
 * Services that the fit has not seen. Calibrates in the same run, samples of all cases in turn, so that both see the same machine. Root.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import * as E from 'fp-ts/lib/Either.js'
import { calibrate } from '../src/app/calibrate/calibrate.ts'
import { serviceCase } from '../src/app/calibrate/service-case.ts'
import { ONE_SERVICE, type WorldShape } from '../src/app/calibrate/service-world.ts'
import { COST_BACKENDS, type CostBackend, itemsNs } from '../src/netfilter/cost/cost-profile.ts'
import { describeProblem } from '../src/problem/problem.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '6' }, out: { type: 'string' } } })

const UNSEEN: readonly (readonly [name: string, shape: Partial<WorldShape>, packets: number])[] = [
  ['100 Services of 3', { services: 100, endpoints: 3, to: 'every' }, 2000],
  ['100 Services of 3, masquerade', { services: 100, endpoints: 3, to: 'every', from: 'outside' }, 2000],
  ['500 Services of 10, masquerade', { services: 500, endpoints: 10, to: 'every', from: 'outside' }, 2000],
  ['2,000 Services, the last', { services: 2000 }, 1000],
  ['2,000 Services of 2', { services: 2000, endpoints: 2, to: 'every' }, 1500],
  ['1,500 Services of 4, the first', { services: 1500, endpoints: 4, to: 'first' }, 2000],
  ['50 Services of 50', { services: 50, endpoints: 50, to: 'every' }, 2000],
  ['one Service of 500', { endpoints: 500 }, 1000],
  ['20 Services of 10, affinity', { services: 20, endpoints: 10, affinity: true, to: 'every' }, 1000],
  [
    '5 Services of 40, affinity, masquerade',
    { services: 5, endpoints: 40, affinity: true, to: 'every', from: 'outside' },
    600,
  ],
  [
    '200 node ports of 3',
    { services: 200, endpoints: 3, nodePorts: true, byNodePort: true, to: 'every', from: 'outside' },
    2000,
  ],
  ['800 node ports, the last', { services: 800, nodePorts: true, byNodePort: true, from: 'outside' }, 1000],
  ['30 Services of 20 ports', { services: 30, ports: 20, endpoints: 2, to: 'every' }, 2000],
  ['one Service of 100 ports, the last', { ports: 100, endpoints: 3, from: 'outside' }, 2000],
]

const unseen = COST_BACKENDS.flatMap(backend =>
  UNSEEN.map(([name, shape, packets]) => serviceCase(name, backend, { ...ONE_SERVICE, ...shape }, packets)),
)
const outcome = await calibrate({
  backends: COST_BACKENDS,
  unseen,
  rounds: Number(values.rounds),
  mostSeconds: 900,
  date: new Date().toISOString().slice(0, 10),
})()
if (E.isLeft(outcome)) {
  console.error(`cost-model: ${describeProblem(outcome.left)}`)
  process.exit(2)
}
const { profiles } = outcome.right
const rows = outcome.right.unseen.map(({ costCase, ns }) => {
  const predicted = itemsNs(profiles.find(p => p.backend === costCase.backend)!, costCase.items)
  return { ...costCase, ns, predicted, error: predicted / ns - 1 }
})
const cell = (name: string, backend: CostBackend): string => {
  const row = rows.find(r => r.name === name && r.backend === backend)!
  return `${micros(row.predicted)} / ${micros(row.ns)} (${percent(row.error)})`
}
console.log(
  `| predicted / measured, µs a new connection | ${COST_BACKENDS.join(' | ')} |\n|---|${'---|'.repeat(COST_BACKENDS.length)}`,
)
for (const [name] of UNSEEN) console.log(`| ${name} | ${COST_BACKENDS.map(b => cell(name, b)).join(' | ')} |`)
const errors = rows.map(r => Math.abs(r.error)).sort((a, b) => a - b)
console.log(
  `\nmedian error ${percent(errors[errors.length >> 1])}, worst ${percent(errors[errors.length - 1])}, of ${errors.length}`,
)
for (const { backend, fit } of profiles)
  console.log(
    `fit of ${backend}: median ${percent(fit!.medianError)}, worst ${percent(fit!.worstError)}, of ${fit!.cases} cases`,
  )
if (values.out !== undefined)
  writeFileSync(
    values.out,
    `${JSON.stringify({ profiles, measured: [...outcome.right.seen, ...outcome.right.unseen].map(({ costCase: { rules: _, destinations: __, ...c }, ns }) => ({ ...c, ns })) }, null, 1)}\n`,
  )

function micros(ns: number): string {
  return (ns / 1000).toFixed(ns < 100_000 ? 1 : 0)
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
