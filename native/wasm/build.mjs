#!/usr/bin/env node
// `npm run build:wasm`: compiles the AssemblyScript kernels here and writes each as base64 text into the TypeScript file that carries it, so
// that neither a toolchain nor a file is needed at run time. With --check it writes nothing, and exits 1 where a file is not what it would write.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const KERNELS = [
  { source: 'count-ways', target: 'src/netfilter/count-ways-wasm.ts', name: 'COUNT_WAYS_WASM' },
  { source: 'roofline', target: 'bench/roofline-wasm.ts', name: 'ROOFLINE_WASM' },
]

const root = join(import.meta.dirname, '..', '..')
const asc = join(dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')), 'bin', 'asc.js')
const scratch = mkdtempSync(join(tmpdir(), 'wasm-'))
let stale = 0
for (const { source, target, name } of KERNELS) {
  const wasm = join(scratch, `${source}.wasm`)
  const flags = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--importMemory']
  execFileSync(process.execPath, [asc, join('native', 'wasm', `${source}.as.ts`), ...flags, '-o', wasm], { cwd: root, stdio: 'inherit' })
  const text = readFileSync(wasm).toString('base64').match(/.{1,110}/g)
  const file =
    `/** native/wasm/${source}.as.ts, compiled by \`npm run build:wasm\`. */\n` +
    `export const ${name} =\n${text.map(line => `  '${line}'`).join(' +\n')}\n`
  const path = join(root, target)
  if (!process.argv.includes('--check')) writeFileSync(path, file)
  else if (readFileSync(path, 'utf8') !== file) {
    process.stderr.write(`${target} is not what native/wasm/${source}.as.ts compiles to; run npm run build:wasm\n`)
    stale = 1
  }
}
rmSync(scratch, { recursive: true })
process.exit(stale)
