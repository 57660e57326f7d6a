/** Stryker for one slice (SVCSIM_MUTATION_SLICE), or a sample of it (SVCSIM_MUTATION_SHARE): one worker, each mutant against the tests that reach it. */
import { SLICES } from './slices.ts'

const slice = process.env['SVCSIM_MUTATION_SLICE']
const isSample = process.env['SVCSIM_MUTATION_SHARE'] !== undefined

export default {
  mutate: SLICES[slice].mutate,
  // Words of messages are not behaviour of the kernel.
  mutator: { excludedMutations: ['StringLiteral'] },
  testRunner: 'vitest',
  vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
  coverageAnalysis: 'perTest',
  concurrency: 1,
  // What a sample leaves out must not be taken for an answer later.
  incremental: !isSample,
  incrementalFile: `reports/${slice}.incremental.json`,
  reporters: ['progress-append-only', 'clear-text', 'json'],
  jsonReporter: { fileName: `reports/${slice}.json` },
  clearTextReporter: { allowColor: false, allowEmojis: false, logTests: false, reportTests: false },
  disableTypeChecks: false,
  timeoutMS: 4_000,
  timeoutFactor: 1.5,
  plugins: ['@stryker-mutator/*', './test/mutation/sample.ts'],
  checkers: isSample ? ['sample'] : [],
  allowConsoleColors: false,
}
