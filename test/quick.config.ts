/**
 * `npm test`: the tests of everyday work, which need nothing but this checkout and are quick. What it
 * leaves to `npm run test:all` it names. Property tests are run fewer times than there.
 */
import process from 'node:process'
import { defineConfig, mergeConfig } from 'vitest/config'
import type { Reporter } from 'vitest/node'
import everything from '../vitest.config.ts'

const LEFT_OUT: Readonly<Record<string, string>> = {
  'test/kernel-*.test.ts': 'asks this machine’s kernel',
  'test/verify.test.ts': 'asks this machine’s kernel',
  'test/iptables-dumps.test.ts': 'asks this machine’s kernel about real dumps',
  'test/report-in-browser.test.ts': 'needs chromium',
  'test/scenarios.test.ts': 'whole scenarios',
  'test/cli.test.ts': 'the whole command line, a process a test',
  'test/replay-cli.test.ts': 'the whole command line, a process a test',
  'test/sync-cli.test.ts': 'the whole command line, a process a test',
  'test/import.test.ts': 'the whole command line, a process a test',
  'test/compare.test.ts': 'the whole command line, a process a test',
  'test/ip-sets-cli.test.ts': 'the whole command line, a process a test',
  'test/package.test.ts': 'packs and installs the package',
  'test/measured-costs.test.ts': 'fits every measured table',
  'src/controlplane/live/closed-form.test.ts': 'long simulations against closed forms',
  'test/recording.test.ts': 'whole runs of a recorded cluster',
  'test/wasm.test.ts': 'compiles WebAssembly',
  'bench/**/*.test.ts': 'every benchmark once',
}

const namesLeftOut: Reporter = {
  onTestRunEnd() {
    for (const [file, why] of Object.entries(LEFT_OUT))
      process.stdout.write(`left to npm run test:all: ${file} (${why})\n`)
  },
}

process.env['SVCSIM_PROPERTY_RUNS'] ??= '60'

export default mergeConfig(
  everything,
  defineConfig({ test: { exclude: ['node_modules/**', ...Object.keys(LEFT_OUT)], reporters: [namesLeftOut] } }),
)
