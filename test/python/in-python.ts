/** Python with pyarrow and Jupyter (python.sh): whether there is one, and running a program of ours in a folder. */
import { spawnSync } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { run } from '../svcsim-process.ts'

const SCRIPT = join(import.meta.dirname, 'python.sh')

/** What is missing, in words; empty: nothing. */
export const whatPythonLacks = (): string =>
  spawnSync(SCRIPT, ['--check']).status === 0 ? '' : 'pyarrow: test/python/python.sh --install'

/** Its stdout; throws its stderr. The folder is all that the program sees and may write to. */
export async function inPython(folder: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(SCRIPT, [folder, ...args])
  if (code !== 0) throw new Error(`python3 ${args.join(' ')} ended with ${code}: ${stderr}`)
  return stdout
}

/** A program beside this file. */
export async function runProgram(folder: string, name: string): Promise<string> {
  copyFileSync(join(import.meta.dirname, name), join(folder, basename(name)))
  return inPython(folder, [name])
}
