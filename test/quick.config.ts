/**
 * `npm test`: the tests of everyday work, which need nothing but this checkout: no root, no kernel, no browser, no process per test. What it
 * leaves to `npm run test:all` it names. Property tests are run fewer times than there, and test files share their modules.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { defineConfig, mergeConfig } from 'vitest/config'
import type { Reporter } from 'vitest/node'
import everything from '../vitest.config.ts'

/** What a test file imports, and so needs. */
const NEEDS: readonly (readonly [RegExp, string])[] = [
  [/\/(describe-kernel|in-kernel|kernel-namespace)\.ts'/, 'asks this machine’s kernel'],
  [/'playwright-core'/, 'needs a browser'],
  [/\/svcsim-process\.ts'|'node:child_process'/, 'starts processes'],
]

/** Needs nothing, but takes long. */
const LONG: Readonly<Record<string, string>> = {
  'bench/**/*.test.ts': 'every benchmark once',
  'src/controlplane/live/closed-form.test.ts': 'long simulations',
  'test/budget.test.ts': 'long simulations',
  'test/measured-costs.test.ts': 'fits every measured table',
  'test/packet-paths.test.ts': 'the report’s walk of every path',
}

/** Starts a few short processes, and is worth it. */
const KEPT = new Set(['worked-examples.test.ts'])

const leftOut = new Map(Object.entries(LONG))
for (const file of readdirSync(import.meta.dirname).filter(name => name.endsWith('.test.ts') && !KEPT.has(name))) {
  const text = readFileSync(join(import.meta.dirname, file), 'utf8')
  const need = NEEDS.find(([imports]) => imports.test(text))
  if (need !== undefined) leftOut.set(`test/${file}`, need[1])
}

const namesLeftOut: Reporter = {
  onTestRunEnd() {
    for (const [file, why] of leftOut) process.stdout.write(`left to npm run test:all: ${file} (${why})\n`)
  },
}

process.env['SVCSIM_PROPERTY_RUNS'] ??= '60'

export default mergeConfig(
  everything,
  defineConfig({
    test: { exclude: ['node_modules/**', ...leftOut.keys()], isolate: false, reporters: [namesLeftOut] },
  }),
)
