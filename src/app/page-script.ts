/**
 * The script of report.html. In the repository it is bundled when it is needed (esbuild, 0.1 s), so it is never older than the engine it
 * holds and no generated file lies in the history; the package, whose users have no bundler, carries it made (`npm run build`). Where
 * neither is at hand (a checkout without development dependencies) the report does without.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Beside the compiled modules. */
const MADE = join(import.meta.dirname, '../page/report-page.js')
const SOURCE = join(import.meta.dirname, '../page/main.ts')

/** undefined: there is none. */
export async function pageScript(): Promise<string | undefined> {
  if (existsSync(MADE)) return readFileSync(MADE, 'utf8')
  return existsSync(SOURCE) ? bundle(SOURCE) : undefined
}

async function bundle(entry: string): Promise<string | undefined> {
  const esbuild = await import('esbuild').catch(() => undefined)
  if (esbuild === undefined) return undefined
  const { outputFiles } = await esbuild.build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2024',
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'silent',
  })
  return outputFiles[0].text
}
