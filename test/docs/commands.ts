/** Commands in the pages that users read: inline code, lines of `sh` blocks, and indented lines, that begin as a command of ours does. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

export const PAGES: readonly string[] = [
  'README.md',
  'results/README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter(f => f.endsWith('.md'))
    .map(f => `docs/${f}`),
]

export interface DocCommand {
  /** Page and line. */
  readonly place: string
  readonly text: string
}

const BEGINNING = /^(npm (run|ci|test)|npx svcsim|svcsim|kubectl svcsim|node bench\/\S+)(\s|$)/

export function docCommands(): DocCommand[] {
  const found: DocCommand[] = []
  for (const page of PAGES) {
    let fence = ''
    readFileSync(join(ROOT, page), 'utf8')
      .split('\n')
      .forEach((line, i) => {
        const opened = /^```(\w*)/.exec(line)
        if (opened !== null) {
          fence = fence === '' ? opened[1] || 'text' : ''
          return
        }
        const texts =
          fence === ''
            ? line.startsWith('    ')
              ? [line]
              : [...line.matchAll(/`([^`]+)`/g)].map(m => m[1])
            : fence === 'sh'
              ? [line]
              : []
        for (const text of texts.flatMap(t => t.split('&&')))
          if (BEGINNING.test(text.trim()))
            found.push({ place: `${page}:${i + 1}`, text: text.trim().replaceAll('\\|', '|') })
      })
  }
  return found
}

/** The arguments of svcsim that a command means; undefined when it is none of svcsim's. */
export function svcsimArgs(text: string): readonly string[] | undefined {
  const own = /^(?:npm run svcsim --|npx svcsim|kubectl svcsim|svcsim)\s*(.*)$/.exec(text)
  if (own !== null) return words(own[1])
  const scenario = /^npm run scenario (\S+)(?: -- (.*))?$/.exec(text)
  return scenario === null ? undefined : ['run', scenario[1], ...words(scenario[2] ?? '')]
}

const words = (text: string): string[] =>
  [...text.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(m => m[1] ?? m[2] ?? m[3])
