/**
 * What docs and snapshots must say because the code says it: each a file and its text. `npm run docs` writes them, docs.test.ts holds the
 * files against them. In a Markdown page only the part between `<!-- generated: NAME -->` and `<!-- end of NAME -->` is.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { scenarioJsonSchema } from '../../src/scenario/scenario.ts'
import { arrowDocs } from './arrow-docs.ts'
import { costDocs } from './cost-docs.ts'
import { scenarioDocs, scenarioList } from './scenario-docs.ts'
import { schemaSnapshot } from './schema-snapshot.ts'

const ROOT = join(import.meta.dirname, '../..')

export interface GeneratedFile {
  readonly path: string
  readonly text: string
}

export const generatedFiles = (): readonly GeneratedFile[] => [
  { path: 'docs/arrow.md', text: withPart(textOf('docs/arrow.md'), 'tables', arrowDocs()) },
  { path: 'docs/cost-model.md', text: withPart(textOf('docs/cost-model.md'), 'prices', costDocs()) },
  {
    path: 'docs/scenarios.md',
    text: withPart(withPart(textOf('docs/scenarios.md'), 'list', scenarioList()), 'keys', scenarioDocs()),
  },
  {
    path: 'testdata/arrow-schemas.json',
    text: json(schemaSnapshot(JSON.parse(textOf('testdata/arrow-schemas.json')))),
  },
  { path: 'scenarios/scenario.schema.json', text: json(scenarioJsonSchema()) },
]

export const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** `page` with another text between the marks of the part. */
export function withPart(page: string, name: string, text: string): string {
  const start = `<!-- generated: ${name} -->\n`
  const end = `<!-- end of ${name} -->`
  const from = page.indexOf(start)
  const to = page.indexOf(end)
  if (from < 0 || to < from) throw new Error(`the page has no part ${start.trim()} … ${end}`)
  return page.slice(0, from + start.length) + text + page.slice(to)
}
