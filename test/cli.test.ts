/** The command line as its users meet it: what it prints, what it leaves behind, how it ends. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { describe, expect, it } from 'vitest'
import { BIN, run, svcsim, temporaryFolder } from './svcsim-process.ts'

const folder = temporaryFolder()

/** A scenario of a few milliseconds. */
const makeScenario = (name: string, more = ''): string => {
  const path = join(folder, `${name}.yaml`)
  writeFileSync(
    path,
    `name: ${name}\nquestion: Does it run?\ncluster: {nodes: 2, workloads: [{name: web, replicas: 3, service: {}}]}\ntraffic: {packets: 1000}\n${more}`,
  )
  return path
}

const runJson = (out: string): Record<string, unknown> => JSON.parse(readFileSync(join(out, 'run.json'), 'utf8'))

describe('help and usage', () => {
  it('shows the commands', async () => {
    const { code, stdout, stderr } = await svcsim(['--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const command of ['run', 'rules', 'log', 'get', 'report'])
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'))
  })

  it('says nothing of defaults that are nothing', async () => {
    const { stdout } = await svcsim(['run', '--help'])
    expect(stdout).toMatch(/--force +replace a result folder of another scenario\n/)
    expect(stdout).toMatch(/\(default: "text"\)/)
    expect(stdout).not.toMatch(/default: (\[|false)/)
  })

  it('prints its version', async () => {
    const { stdout } = await svcsim(['--version'])
    expect(stdout).toBe(`${JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')).version}\n`)
  })

  it('lists the scenarios with their questions', async () => {
    const { code, stdout } = await svcsim(['run', '--list'])
    expect(code).toBe(0)
    for (const name of [
      'smoke',
      'dashboard',
      'web-shop',
      'large-cluster',
      'endpoint-sweep',
      'service-sweep',
      'import',
    ]) {
      expect(stdout).toMatch(new RegExp(`^${name} +\\S.*\\?$`, 'm'))
    }
  })

  it.each([
    [['rum', 'smoke'], /unknown command 'rum'.*run/],
    [
      ['log'],
      /^svcsim: svcsim log needs a command; name one of show, verify, recover, import; see svcsim log --help\n$/,
    ],
    [['log', 'shw'], /unknown command 'shw' \(did you mean show\?\); see svcsim log --help/],
    [['run'], /which scenario\?; name one/],
    [['run', 'smok'], /there is no scenario "smok"; did you mean smoke\?/],
    [['run', 'zzzzzzzzz'], /the scenarios are .*dashboard.*, smoke/],
    [['run', 'smoke', '--pakets', '5'], /unknown option '--pakets'.*--packets/],
    [['run', 'smoke', '--set', 'cluster.foo.bar=1'], /^svcsim: --set cluster\.foo\.bar: unknown key "foo"/],
    [['run', 'smoke', '--packets', '-5'], /--set traffic\.packets: is -5; use at least 0/],
    [['run', 'smoke', '--packets', 'NaN'], /--set traffic\.packets: is "NaN", which is no number/],
    [['run', 'smoke', '--workers', '1.5'], /--workers is "1\.5"; use a whole number/],
    [['run', 'smoke', '--workers', '-1'], /--workers/],
    [['run', 'smoke', '--set', 'cluster.nodes=0'], /--set cluster\.nodes: is 0; use at least 1/],
    [['run', 'smoke', '--set', 'nodes=5'], /unknown key "nodes"/],
    [['run', 'smoke', '--set', 'cluster'], /has no path=value/],
    [['run', 'smoke', '--format', 'xml'], /--format is "xml"; use text or json/],
    [['run', 'smoke', '--proxy-mode', 'ipvs'], /--proxy-mode is "ipvs"; use iptables/],
    [['run', 'smoke', '--threshold', 'packets'], /is no threshold/],
    [['run', './no-such.yaml'], /no-such\.yaml: there is no such file/],
    [['run', '.'], /./],
  ])('%j is one sentence and exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await svcsim(args, { cwd: folder })
    expect(stderr).toMatch(message)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(existsSync(join(folder, 'results'))).toBe(false)
  })
})

describe('run', () => {
  it('writes a whole folder and the same bytes for any number of workers', async () => {
    const outs = await Promise.all(
      [0, 1, 2, 4].map(async workers => {
        const out = join(folder, `smoke-${workers}`)
        const { code, stderr } = await svcsim(['run', 'smoke', '--workers', `${workers}`, '--out', out, '--quiet'], {
          cwd: folder,
        })
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
        return out
      }),
    )
    const [first, ...others] = outs
    expect(readdirSync(first).sort()).toEqual([
      'cost-histogram.arrow',
      'endpoints.arrow',
      'events.arrows',
      'events.idx',
      'modelled-cost.arrow',
      'nodes.arrow',
      'packet-paths.json',
      'report.html',
      'rules-detail.arrow',
      'rules.arrow',
      'run.json',
      'services.arrow',
      'summary.md',
      'zones.arrow',
    ])
    expect(runJson(first)['digest']).toMatch(/^[0-9a-f]{64}$/)
    for (const other of others) {
      for (const file of readdirSync(first)) {
        if (file === 'run.json') expect({ ...runJson(other), wall: 0 }).toEqual({ ...runJson(first), wall: 0 })
        else expect(readFileSync(join(other, file)).equals(readFileSync(join(first, file))), file).toBe(true)
      }
    }
  }, 120_000)

  it('gives another result for another seed', async () => {
    const scenario = makeScenario('seeds')
    const digests = await Promise.all(
      ['a', 'b', 'a'].map(async (seed, i) => {
        await svcsim(['run', scenario, '--seed', seed, '--out', join(folder, `seed-${i}`), '--workers', '0'])
        return runJson(join(folder, `seed-${i}`))['digest']
      }),
    )
    expect(digests[0]).toBe(digests[2])
    expect(digests[0]).not.toBe(digests[1])
  }, 60_000)

  it('replaces its own result, but not another scenario’s without --force, and never a folder that is no result', async () => {
    const one = makeScenario('one')
    const two = makeScenario('two')
    const out = join(folder, 'shared-out')
    const start = (scenario: string, ...flags: string[]) =>
      svcsim(['run', scenario, '--out', out, '--workers', '0', '--quiet', ...flags])
    expect((await start(one)).code).toBe(0)
    expect((await start(one)).code).toBe(0)
    expect(await start(two)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/holds a result of "one"; replace it with --force/),
    })
    expect(runJson(out)['scenario']).toBe('one')
    expect((await start(two, '--force')).code).toBe(0)
    expect(runJson(out)['scenario']).toBe('two')

    const precious = join(folder, 'precious')
    mkdirSync(precious)
    writeFileSync(join(precious, 'thesis.txt'), 'years of work')
    const refused = await svcsim(['run', one, '--out', precious, '--force', '--quiet'])
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/precious/) })
    expect(readdirSync(precious)).toEqual(['thesis.txt'])
    expect(readdirSync(folder).filter(f => f.includes('partial'))).toEqual([])
  }, 60_000)

  it('ends with 1 when a threshold fails, after the results are written', async () => {
    const out = join(folder, 'failing')
    const scenario = makeScenario('failing', 'expect: ["cluster.endpoints == 3", "connections > 1000000"]\n')
    const { code, stderr, stdout } = await svcsim(['run', scenario, '--out', out, '--quiet', '--workers', '0'])
    expect(code).toBe(1)
    expect(stderr).toBe('svcsim: 1 threshold(s) failed: connections > 1000000 (it is 100)\n')
    expect(stdout).toMatch(/connections > 1000000 +100 +FAILED/)
    expect(runJson(out)['thresholds']).toMatchObject([{ passed: true }, { passed: false, actual: 100 }])
  })

  it('prints run.json alone on stdout with --format json', async () => {
    const { code, stdout } = await svcsim([
      'run',
      makeScenario('json'),
      '--out',
      join(folder, 'json-out'),
      '--format',
      'json',
      '--workers',
      '0',
    ])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual(runJson(join(folder, 'json-out')))
  })

  it('refuses a threshold on a metric that does not exist before it runs', async () => {
    const out = join(folder, 'no-metric')
    const { code, stderr } = await svcsim([
      'run',
      makeScenario('metric'),
      '--out',
      out,
      '--threshold',
      'conections>1',
      '--workers',
      '0',
    ])
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(
        /^svcsim: threshold .*there is no metric conections; did you mean connections\?\n$/,
      ),
    })
    expect(existsSync(out)).toBe(false)
  })

  it('stops at Ctrl-C, leaves nothing and ends with 130', async () => {
    const out = join(folder, 'interrupted')
    const { code, stderr } = await svcsim(['run', 'smoke', '--packets', '2000000000', '--out', out, '--workers', '1'], {
      onStderr: (child, text) => {
        if (/replaying.*\n$/.test(text)) child.kill('SIGINT')
      },
    })
    expect(code).toBe(130)
    expect(stderr).toMatch(/interrupted; nothing was left behind\n$/)
    expect(readdirSync(folder).filter(f => f.startsWith('interrupted'))).toEqual([])
  }, 60_000)
})

describe('bad input', () => {
  const objects = (name: string, content: string | Uint8Array): string => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }
  const SERVICE = 'apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  selector: {app: web}\n'

  it.each([
    ['no-ports.yaml', SERVICE, /no-ports\.yaml:\d+:\d+: .*ports/],
    [
      'twice.yaml',
      `${SERVICE}  ports: [{port: 80}]\n---\n${SERVICE}  ports: [{port: 80}]\n`,
      /twice\.yaml:\d+.*twice\.yaml:\d+/,
    ],
    [
      'outside.yaml',
      `${SERVICE}  clusterIP: 192.0.2.1\n  ports: [{port: 80}]\n`,
      /web.*192\.0\.2\.1.*10\.96\.0\.0\/12/,
    ],
    [
      'wrong-type.yaml',
      `${SERVICE}  ports: [{port: eighty}]\n`,
      /wrong-type\.yaml:\d+:\d+: .*ports\[0\]\.port.*"eighty"/,
    ],
    ['negative.yaml', `${SERVICE}  ports: [{port: -80}]\n`, /negative\.yaml:\d+:\d+: .*ports\[0\]\.port.*-80/],
    [
      'bomb.yaml',
      `a: &a [x,x,x,x,x,x,x,x]\n${'bcdefghi'.replace(/./g, (c, i) => `${c}: &${c} [${`*${'abcdefgh'[i]},`.repeat(9)}x]\n`)}`,
      /bomb\.yaml: .*alias/,
    ],
    ['garbage.yaml', new Uint8Array(4096).map((_, i) => (i * 197 + 13) & 255), /garbage\.yaml: .*(UTF-8|text)/],
    ['line.yaml', `a: ${'x'.repeat(100 * 2 ** 20)}`, /line\.yaml.*(too many|more than)/],
    ['empty.yaml', '', /no Service has a clusterIP/],
  ])('%s', async (name, content, message) => {
    const out = join(folder, `${name}-out`)
    const { code, stderr } = await svcsim([
      'run',
      'import',
      '--set',
      `cluster.objects=${objects(name, content)}`,
      '--set',
      'cluster.serviceCidrs=10.96.0.0/12',
      '--out',
      out,
      '--quiet',
      '--workers',
      '0',
    ])
    expect(stderr).toMatch(message)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(code).toBe(2)
    expect(readdirSync(folder).filter(f => f.startsWith(`${name}-out`))).toEqual([])
  })

  it('reads objects from stdin', async () => {
    const { code, stderr } = await svcsim(
      [
        'run',
        'import',
        '--set',
        'cluster.objects=-',
        '--out',
        join(folder, 'stdin-out'),
        '--quiet',
        '--workers',
        '0',
        '--packets',
        '1000',
      ],
      {
        stdin: `${SERVICE}  ports: [{port: 80}]\n`,
      },
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  it('cannot write where a file stands in the way', async () => {
    const blocked = objects('blocked', 'a file')
    const { code, stderr } = await svcsim([
      'run',
      makeScenario('blocked'),
      '--out',
      join(blocked, 'out'),
      '--quiet',
      '--workers',
      '0',
    ])
    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringMatching(/cannot write/) })
  })
})

describe('a disk that says no', () => {
  const isRoot = process.getuid?.() === 0
  const required = process.env['SVCSIM_REQUIRE_TOOLS'] === '1'
  const within = (options: string, out: string): Promise<{ code: number | null; stderr: string }> =>
    run('unshare', [
      '--mount',
      'sh',
      '-c',
      'mount -t tmpfs -o "$1" tmpfs "$2" && exec "$3" "$4" run smoke --quiet --workers 0 --out "$2/out"',
      'sh',
      options,
      out,
      process.execPath,
      BIN,
    ])
  it.skipIf(!isRoot && !required).each([
    ['full', 'size=256k', /the disk is full; make room/],
    ['read-only', 'ro', /the file system is read-only; choose another place/],
  ])('that is %s (needs root, to mount one)', async (name, options, message) => {
    const mountPoint = join(folder, `disk-${name}`)
    mkdirSync(mountPoint)
    const { code, stderr } = await within(options, mountPoint)
    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringMatching(message) })
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })
})
