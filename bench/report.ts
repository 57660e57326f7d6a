/**
 * `npm run bench:report -- [--small] [--seconds N] [--update]`: every case, then Markdown on stdout and in $GITHUB_STEP_SUMMARY where that
 * is set, results/bench.json for github-action-benchmark, a line in results/bench.ndjson, and a comparison with
 * results/bench-baseline.json, whose regressions make the exit code 1. `--update` writes the baseline anew.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { type Baseline, baselineOf, benchMarkdown, benchmarkActionJson, regressions } from './bench-report.ts'
import { CASES } from './cases.ts'
import { type BenchRow, runCase } from './run-case.ts'

const RESULTS = join(import.meta.dirname, '../results')

const { values } = parseArgs({
  options: {
    small: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '2' },
    update: { type: 'boolean', default: false },
  },
})

const size = values.small ? 'small' : 'large'
const baselineFile = join(RESULTS, 'bench-baseline.json')
const baselines: Record<string, Baseline> = existsSync(baselineFile)
  ? JSON.parse(readFileSync(baselineFile, 'utf8'))
  : {}

const rows: BenchRow[] = []
for (const benchCase of CASES) {
  console.error(`bench: ${benchCase.name}`)
  rows.push(await runCase(benchCase, size, Number(values.seconds)))
}

mkdirSync(RESULTS, { recursive: true })
if (values.update)
  writeWhole(baselineFile, `${JSON.stringify({ ...baselines, [size]: baselineOf(rows) }, undefined, 2)}\n`)
const found = values.update ? [] : regressions(rows, baselines[size] ?? { cases: {} })
const markdown = benchMarkdown(rows, found)
console.log(markdown)
const { GITHUB_STEP_SUMMARY } = process.env
if (GITHUB_STEP_SUMMARY !== undefined && GITHUB_STEP_SUMMARY !== '')
  appendFileSync(GITHUB_STEP_SUMMARY, `${markdown}\n`)
writeWhole(join(RESULTS, 'bench.json'), benchmarkActionJson(rows))
const machine = { node: process.version, cpu: cpus()[0]?.model ?? '', threads: availableParallelism() }
appendFileSync(
  join(RESULTS, 'bench.ndjson'),
  `${JSON.stringify({ time: new Date().toISOString(), ...machine, size, rows })}\n`,
)
process.exitCode = found.length === 0 ? 0 : 1

function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.partial`, text)
  renameSync(`${path}.partial`, path)
}
