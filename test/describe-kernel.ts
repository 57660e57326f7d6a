/**
 * Gates tests that ask this machine's kernel: what it lacks is said in the test's name; with SVCSIM_REQUIRE_TOOLS=1 a lack is a failure,
 * else the tests that need it are left out.
 */
import process from 'node:process'
import { describe, expect, it } from 'vitest'
import { type KernelBackend, kernelLacks } from '../src/app/kernel-replay.ts'

/** Tests inside are run when this machine can replay with the backend. */
export async function describeKernel(
  backend: KernelBackend,
  tests: () => void,
  { sets = false }: { readonly sets?: boolean } = {},
): Promise<void> {
  const missing = (await kernelLacks(backend, [4, 6], sets)).join(', ')
  describe(`${backend}${missing === '' ? '' : ` (needs ${missing})`}`, () => {
    it.runIf(process.env['SVCSIM_REQUIRE_TOOLS'] === '1')('has what it needs', () => {
      expect(missing).toBe('')
    })
    describe.skipIf(missing !== '')('in the kernel', tests)
  })
}
