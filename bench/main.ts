/**
 * `npm run bench -- [WORD…] [--small] [--seconds N] [--json]`: every case, or those whose name holds one of the words. One row a case:
 * size, rate of the median and of the best round, how many times its naive twin, checksum.
 */
import { parseArgs } from 'node:util'
import { rateText } from './bench-report.ts'
import { CASES } from './cases.ts'
import { type BenchRow, runCase } from './run-case.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    small: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
})

const seconds = Number(values.seconds)
if (!(seconds > 0)) fail(`--seconds ${JSON.stringify(values.seconds)} is no time; write a number above 0`)
const chosen = CASES.filter(c => positionals.length === 0 || positionals.some(word => c.name.includes(word)))
if (chosen.length === 0)
  fail(`no case holds ${positionals.join(' or ')}; there are: ${CASES.map(c => c.name).join(', ')}`)

for (const benchCase of chosen) {
  const row = await runCase(benchCase, values.small ? 'small' : 'large', seconds)
  console.log(values.json ? JSON.stringify(row) : lineOf(row))
}

function lineOf(row: BenchRow): string {
  const twin = row.timesNaive === undefined ? '' : `, ${row.timesNaive.toPrecision(3)} times the naive twin`
  return (
    `${row.name} (${row.size}): ${rateText(row.medianPerSecond)} ${row.unit}/s, best ${rateText(row.bestPerSecond)}` +
    `${twin}; ${row.rounds} rounds, checksum ${row.checksum}`
  )
}

function fail(message: string): never {
  console.error(`bench: ${message}`)
  process.exit(2)
}
