/** A private network namespace of one test file, so that nothing of the machine is touched, and what a machine lacks to have one. */
import { execFileSync, spawnSync } from 'node:child_process'
import process from 'node:process'
import { afterAll, beforeAll } from 'vitest'

/** SVCSIM_REQUIRE_TOOLS=1 makes a missing tool a failure. */
export const toolsAreRequired = process.env['SVCSIM_REQUIRE_TOOLS'] === '1'

/** What this machine lacks to run tests that need root, network namespaces and these tools, as words; empty: nothing. */
export function whatIsMissing(tools: readonly string[]): string {
  if (process.getuid?.() !== 0) return 'root'
  const lacking = ['ip', ...tools].filter(tool => spawnSync(tool, ['-V']).error !== undefined)
  if (lacking.length > 0) return lacking.join(', ')
  const probe = `svcsim-probe-${process.pid}`
  if (spawnSync('ip', ['netns', 'add', probe]).status !== 0) return 'network namespaces'
  spawnSync('ip', ['netns', 'del', probe])
  return ''
}

export type RunTool = (tool: string, args: readonly string[], input?: string) => string

/** Called in a describe: makes a namespace before its tests and removes it after them. Gives a tool's stdout, or throws its stderr. */
export function useNamespace(name: string): RunTool {
  const namespace = `svcsim-${name}-${process.pid}`
  beforeAll(() => {
    execFileSync('ip', ['netns', 'add', namespace])
  })
  afterAll(() => {
    execFileSync('ip', ['netns', 'del', namespace])
  })
  return (tool, args, input = '') => {
    const run = spawnSync('ip', ['netns', 'exec', namespace, tool, ...args], { input, encoding: 'utf8' })
    if (run.status !== 0) throw new Error(`${tool} ${args.join(' ')}: ${run.stderr}`)
    return run.stdout
  }
}
