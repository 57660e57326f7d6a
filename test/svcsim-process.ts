/** svcsim as its users start it: a process with arguments, streams and an exit code. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll } from 'vitest'

export const BIN = join(import.meta.dirname, '../bin/svcsim.mjs')

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface ProcessOptions {
  readonly cwd?: string
  readonly stdin?: string | Uint8Array
  /** Sees the process and what it has written to stderr so far, each time it writes. */
  readonly onStderr?: (child: ChildProcess, stderr: string) => void
}

export function svcsim(args: readonly string[], options: ProcessOptions = {}): Promise<Ended> {
  return run(process.execPath, [BIN, ...args], options)
}

export function run(
  command: string,
  args: readonly string[],
  { cwd, stdin, onStderr }: ProcessOptions = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1' } })
    const out: Buffer[] = []
    let stderr = ''
    child.stdout.on('data', chunk => out.push(chunk))
    child.stderr.on('data', chunk => {
      stderr += chunk
      onStderr?.(child, stderr)
    })
    child.on('error', reject)
    child.on('close', code => resolve({ code, stdout: Buffer.concat(out).toString('utf8'), stderr }))
    // A process that ends without reading its input is no failure of the test.
    child.stdin.on('error', () => {})
    child.stdin.end(stdin ?? '')
  })
}

/** A folder of this test file's own, removed at its end. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'svcsim-test-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
