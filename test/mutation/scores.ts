/** Scores of Stryker's reports, a line of Markdown each: `node test/mutation/scores.ts REPORT.json…`, with the share they were made with. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import process from 'node:process'
import { isAsked } from './sample.ts'

interface Report {
  readonly files: Readonly<Record<string, { readonly mutants: readonly Mutant[] }>>
}

interface Mutant {
  readonly id: string
  readonly status: string
}

for (const path of process.argv.slice(2)) {
  const { files } = JSON.parse(readFileSync(path, 'utf8')) as Report
  for (const [file, { mutants }] of Object.entries(files)) console.log(line(basename(file), mutants))
}

/** Mutants that no test reaches are known without being asked: of them those count that are in the sample. */
function line(file: string, mutants: readonly Mutant[]): string {
  const valid = mutants.filter(m => m.status !== 'Ignored')
  const asked = valid.filter(isAsked)
  const count = (status: string): number => asked.filter(m => m.status === status).length
  const [killed, stuck] = [count('Killed'), count('Timeout')]
  const score = ((100 * (killed + stuck)) / asked.length).toFixed(1)
  const of = asked.length === valid.length ? `${valid.length}` : `${asked.length} of ${valid.length}`
  return `| ${file} | ${of} | ${killed} | ${stuck} | ${asked.length - killed - stuck} | ${score} % |`
}
