/** The command line by hand: help, completion in a real bash, the plugin of kubectl, a first scenario, colours. */
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { describe, expect, it } from 'vitest'
import { scenarioJsonSchema } from '../src/scenario/scenario.ts'
import { BIN, run, svcsim, temporaryFolder } from './svcsim-process.ts'

const ROOT = join(import.meta.dirname, '..')
const folder = temporaryFolder()

/** svcsim and its plugin as executables on a PATH. */
const PATH = [folder, join(process.execPath, '..'), process.env['PATH']].join(':')
for (const name of ['svcsim', 'kubectl-svcsim']) symlinkSync(BIN, join(folder, name))

describe('help', () => {
  const commandsOf = (help: string): string[] =>
    [...(help.split(/^Commands:$/m)[1] ?? '').matchAll(/^ {2}([a-z]+)/gm)]
      .map(m => m[1])
      .filter(name => name !== 'help')

  it('of every command says what it does, and shows examples', async () => {
    const commands = commandsOf((await svcsim(['--help'])).stdout)
    expect(commands.length).toBeGreaterThan(14)
    for (const command of commands) {
      const { code, stdout, stderr } = await svcsim([command, '--help'])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(/^Usage: svcsim [a-z]+ .*\n\n[a-z].{20,}/)
      expect(stdout, command).toMatch(/\nExamples?:\n {2}[\s\S]*svcsim /)
    }
  }, 120_000)

  it('names the command in what it says of a mistake', async () => {
    expect(await svcsim(['get', 'pods'])).toMatchObject({
      code: 2,
      stderr: "svcsim: required option '--log <log>' not specified; see svcsim get --help\n",
    })
    expect(await svcsim(['log', 'verify'])).toMatchObject({
      stderr: "svcsim: missing required argument 'log'; see svcsim log verify --help\n",
    })
    expect(await svcsim(['completion', 'csh'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/'csh' is invalid .* bash, fish, powershell; see svcsim completion --help\n$/),
    })
  })

  it('loads no engine: commands import theirs when they run', () => {
    const cli = join(ROOT, 'src/cli')
    const eager = readdirSync(cli)
      .filter(file => file !== 'completion.ts')
      .flatMap(file =>
        [...readFileSync(join(cli, file), 'utf8').matchAll(/^import (?!type )[^\n]*from '(\.\.\/[^']+)'/gm)].map(
          m => m[1],
        ),
      )
    expect([...new Set(eager)].sort()).toEqual(['../app/version.ts', '../problem/problem.ts'])
  })
})

describe('completion', () => {
  /** What bash would offer for these words, the last one being typed. */
  async function offered(...words: readonly string[]): Promise<string[]> {
    const script = `source <(svcsim completion bash)
      [ "$(complete -p svcsim)" = 'complete -o default -F __svcsim_complete svcsim' ] || exit 9
      compopt() { :; }
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
      __svcsim_complete
      printf '%s\\n' "\${COMPREPLY[@]}"`
    const ended = await run('env', [
      `PATH=${PATH}`,
      'bash',
      '--noprofile',
      '--norc',
      '-c',
      script,
      'bash',
      'svcsim',
      ...words,
    ])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    return ended.stdout.split('\n').filter(word => word !== '')
  }

  it.each([
    [['re'], ['replay', 'report']],
    [['run', 'sm'], ['smoke']],
    [['run', '--co'], ['--cost-profile']],
    [
      ['get', ''],
      ['services', 'endpoints', 'endpointslices', 'pods', 'nodes'],
    ],
    [['get', '--output', 'y'], ['yaml']],
    [
      ['rules', '--proxy-mode', ''],
      ['iptables', 'nftables'],
    ],
    [
      ['compare', 'a', 'b', '--format', ''],
      ['md', 'json'],
    ],
    [['log', 'ver'], ['verify']],
    [['completion', 'z'], ['zsh']],
    // Nothing of svcsim's to offer: bash goes on to files.
    [['rules', '--objects', 'x'], []],
  ])('in a real bash: %j', async (words, expected) => {
    expect(await offered(...words)).toEqual(expected)
  })

  it.each([
    ['zsh', '#compdef svcsim'],
    ['fish', '# fish completion for svcsim'],
  ])('has a script for %s', async (shell, head) => {
    const { code, stdout, stderr } = await svcsim(['completion', shell])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.startsWith(head)).toBe(true)
    expect(stdout).toContain('complete --')
  })
})

describe('an executable on the PATH', () => {
  it.each(['svcsim', 'kubectl-svcsim'])('%s, as kubectl starts plugins', async name => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    expect(await run('env', [`PATH=${PATH}`, name, '--version'])).toEqual({
      code: 0,
      stdout: `${version}\n`,
      stderr: '',
    })
    expect(await run('env', [`PATH=${PATH}`, name, 'run', 'nothing'])).toMatchObject({ code: 2 })
  })

  it('npm run scenario', async () => {
    const { code, stdout } = await run('npm', ['run', '--silent', 'scenario', '--', '--list'], { cwd: ROOT })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^smoke +Does the whole line run/m)
    const json = await svcsim(['run', '--list', '--format', 'json'])
    expect(JSON.parse(json.stdout)).toContainEqual({
      name: 'smoke',
      question: expect.stringMatching(/^Does the whole line/),
    })
  })
})

describe('svcsim init', () => {
  it('writes a scenario that runs as it is', async () => {
    const made = await svcsim(['init', 'first'], { cwd: folder })
    expect(made).toEqual({
      code: 0,
      stdout: '',
      stderr: 'svcsim: wrote first.yaml; run it with: svcsim run ./first.yaml\n',
    })
    const { code, stdout, stderr } = await svcsim(['run', './first.yaml', '--quiet', '--workers', '0'], { cwd: folder })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^first: How many rules/)
    expect(stdout).toMatch(/rulesEvaluated\.total\.p99 < 200 +\d+ +passed/)
  })

  it('explains every key of the schema', async () => {
    const { stdout } = await svcsim(['init', 'all', '-o', '-'])
    const [, reference] = stdout.split('# Every key there is')
    const lines = reference.split('\n')
    interface Schema {
      readonly properties?: Readonly<Record<string, Schema>>
      readonly items?: Schema
      readonly anyOf?: readonly Schema[]
    }
    const keysOf = (schema: Schema): string[] => [
      ...Object.entries(schema.properties ?? {}).flatMap(([key, own]) => [key, ...keysOf(own)]),
      ...(schema.items === undefined ? [] : [schema.items, ...(schema.items.anyOf ?? [])].flatMap(keysOf)),
    ]
    for (const key of keysOf(scenarioJsonSchema() as Schema).filter(k => k !== '$schema')) {
      const at = lines.findIndex(line => new RegExp(`^# +${key}:`).test(line))
      expect(at, key).toBeGreaterThan(0)
    }
    // Every second line or so is words: a key without any is one whose alternatives explain it.
    for (const line of lines) expect(line.length).toBeLessThan(140)
  })

  it.each([
    ['Big', /"Big" is no name for a scenario; use lower-case letters/],
    ['../up', /is no name/],
    ['there', /there\.yaml: it is there already; choose another name/],
  ])('refuses %s', async (name, message) => {
    writeFileSync(join(folder, 'there.yaml'), 'mine')
    const { code, stderr } = await svcsim(['init', name], { cwd: folder })
    expect(code).toBe(2)
    expect(stderr).toMatch(message)
    expect(readFileSync(join(folder, 'there.yaml'), 'utf8')).toBe('mine')
  })
})

describe('colours', () => {
  const flags = ['run', './second.yaml', '--quiet', '--workers', '0', '--threshold', 'packets<1']
  const coloured = async (...variables: string[]) => {
    const env = ['-u', 'NO_COLOR', '-u', 'FORCE_COLOR', ...variables]
    const { stdout, stderr } = await run('env', [...env, process.execPath, BIN, ...flags], { cwd: folder })
    return { stdout: stdout.includes('\u001b['), stderr: stderr.includes('\u001b[') }
  }

  it('are for terminals, and NO_COLOR forbids them', async () => {
    await svcsim(['init', 'second'], { cwd: folder })
    expect(await coloured()).toEqual({ stdout: false, stderr: false })
    expect(await coloured('NO_COLOR=1')).toEqual({ stdout: false, stderr: false })
    expect(await coloured('FORCE_COLOR=1')).toEqual({ stdout: true, stderr: true })
  })
})
