/** The tests of one slice, with one fixed seed, and without shrinking: that a mutant dies matters, not how. */
import process from 'node:process'
import { defineConfig } from 'vitest/config'
// @ts-expect-error plain JavaScript, as Stryker reads it too
import { SLICES } from './slices.mjs'

export default defineConfig({
  test: {
    include: SLICES[process.env['SVCSIM_MUTATION_SLICE'] ?? ''].tests,
    setupFiles: ['test/mutation/fixed-seed.ts'],
    testTimeout: 60_000,
  },
})
