/** The tests of one slice, with one fixed seed, and without shrinking: that a mutant dies matters, not how. */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/mutation/judges.ts'],
    setupFiles: ['test/mutation/fixed-seed.ts'],
    testTimeout: 60_000,
  },
})
