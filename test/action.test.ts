/** The GitHub Action: its own script, taken out of action.yml and run in bash as a runner would, with hostile inputs too. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { run, temporaryFolder } from './svcsim-process.ts'

interface Step {
  readonly id?: string
  readonly shell?: string
  readonly run?: string
  readonly uses?: string
  readonly if?: string
  readonly env?: Readonly<Record<string, string>>
}

const ROOT = join(import.meta.dirname, '..')
const action: {
  inputs: Record<string, { default?: string; required?: boolean; description: string }>
  runs: { using: string; steps: Step[] }
} = parse(readFileSync(join(ROOT, 'action.yml'), 'utf8'))
const step = action.runs.steps.find(s => s.id === 'run')!

const folder = temporaryFolder()

async function runStep(inputs: Readonly<Record<string, string>>) {
  const home = join(folder, `job-${Math.trunc(performance.now() * 1000)}`)
  mkdirSync(home)
  const value = (expression: string): string => {
    const name = /^\$\{\{ inputs\.([\w-]+) \}\}$/.exec(expression)?.[1]
    return name === undefined ? ROOT : (inputs[name] ?? action.inputs[name].default ?? '')
  }
  const variables = Object.entries(step.env!).map(([name, expression]) => `${name}=${value(expression)}`)
  const files = ['GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY'].map(name => `${name}=${join(home, name)}`)
  writeFileSync(join(home, 'script.sh'), step.run!)
  // As a runner starts a step of `shell: bash`.
  const bash = ['bash', '--noprofile', '--norc', '-eo', 'pipefail', 'script.sh']
  const path = `PATH=${join(process.execPath, '..')}:${process.env['PATH']}`
  const ended = await run('env', [...variables, ...files, path, ...bash], { cwd: home })
  const text = (name: string): string => (existsSync(join(home, name)) ? readFileSync(join(home, name), 'utf8') : '')
  return { ...ended, home, text }
}

describe('action.yml', () => {
  it('is a composite action whose inputs are described and reach the shell as variables alone', () => {
    expect(action.runs.using).toBe('composite')
    for (const input of Object.values(action.inputs)) expect(input.description).toMatch(/\w/)
    for (const s of action.runs.steps) {
      expect(s.run ?? '').not.toContain('${{')
      if (s.run !== undefined) expect(s.shell).toBe('bash')
    }
    expect(action.runs.steps.at(-1)).toMatchObject({
      uses: 'actions/upload-artifact@v4',
      if: expect.stringContaining('always()'),
    })
  })

  it('runs a scenario, shows its summary, names its files', async () => {
    const { code, text, home } = await runStep({
      scenario: 'smoke',
      set: 'traffic.packets=4000\ncluster.nodes=3\n',
      thresholds: 'connections.dropped==0\n\n',
      // The scenario's own thresholds are for its own size.
    })
    expect(text('GITHUB_OUTPUT')).toBe('results=svcsim-results\njunit=svcsim-results.junit.xml\n')
    expect(text('GITHUB_STEP_SUMMARY')).toMatch(/^# smoke\n/)
    expect(existsSync(join(home, 'svcsim-results/report.html'))).toBe(true)
    expect(text('svcsim-results.junit.xml')).toContain('name="connections.dropped == 0"')
    // smoke expects 100,000 connections.
    expect(code).toBe(1)
  })

  it('compares with a result folder, and fails on its thresholds', async () => {
    const inputs = { scenario: join(folder, 'own.yaml'), out: 'after' }
    writeFileSync(
      inputs.scenario,
      'name: own\nquestion: Does it run?\ncluster: {workloads: [{name: web, service: {}}]}\ntraffic: {packets: 1000}\n',
    )
    const base = await runStep(inputs)
    expect(base.code).toBe(0)
    const compared = { ...inputs, 'compare-with': join(base.home, 'after') }
    const same = await runStep(compared)
    expect(same.code).toBe(0)
    expect(same.text('GITHUB_STEP_SUMMARY')).toMatch(/^# own\n[\s\S]*# own: after against [\s\S]*the same digest/)
    const failed = await runStep({ ...compared, 'compare-thresholds': 'rules.nat.perNode.ratio < 1' })
    expect(failed.code).toBe(1)
    expect(failed.text('GITHUB_STEP_SUMMARY')).toContain('**1 of 1 thresholds failed.**')
  })

  it.each([
    ['$(touch pwned)', ''],
    ['smoke; touch pwned', ''],
    ['smoke', 'a=1 $(touch pwned)\n`touch pwned`\n--out=/\n'],
    ['--help', ''],
  ])('takes hostile inputs for text: %j, %j', async (scenario, set) => {
    const { code, home } = await runStep({ scenario, set })
    expect(code).toBe(2)
    expect(existsSync(join(home, 'pwned'))).toBe(false)
  })

  it('is used by an example workflow with inputs it has', () => {
    const { jobs } = parse(readFileSync(join(ROOT, '.github/workflows/scenario.yml'), 'utf8'))
    const uses = jobs.scenario.steps.filter((s: Step) => s.uses === './')
    expect(uses.length).toBeGreaterThan(0)
    for (const { with: inputs } of uses)
      expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(inputs)))
  })
})
