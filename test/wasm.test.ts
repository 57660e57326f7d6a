/** The WebAssembly that the repository carries is what its sources compile to, byte for byte. */
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import process from 'node:process'
import { describe, expect, it } from 'vitest'

const hasCompiler = (): boolean => {
  try {
    createRequire(import.meta.url).resolve('assemblyscript/package.json')
    return true
  } catch {
    return false
  }
}

describe('WebAssembly kernels', () => {
  it.runIf(hasCompiler() || process.env['SVCSIM_REQUIRE_TOOLS'] === '1')(
    'are what native/wasm compiles to',
    () => {
      const check = () => execFileSync(process.execPath, ['native/wasm/build.mjs', '--check'], { encoding: 'utf8' })
      expect(check()).toBe('')
    },
    120_000,
  )
})
