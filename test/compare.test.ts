/** `svcsim compare` as its users meet it: what is called different, what chance, and every way two folders can be unfit. */
import { cpSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { svcsim, temporaryFolder } from './svcsim-process.ts'

const folder = temporaryFolder()
const at = (name: string): string => join(folder, name)

async function makeRun(name: string, ...flags: string[]): Promise<void> {
  const start = ['run', at('shop.yaml'), '--out', at(name), '--quiet', '--workers', '0']
  expect(await svcsim([...start, ...flags])).toMatchObject({ code: 0, stderr: '' })
}

const compare = (...args: string[]) => svcsim(['compare', ...args], { cwd: folder })

beforeAll(async () => {
  const scenario = (name: string) => `name: ${name}
question: Does <b>it</b> | differ?
cluster: { nodes: 20, workloads: [{ name: web, count: 10, replicas: 3, service: {} }] }
traffic: { packets: 20000, packetsPerConnection: 1 }
`
  writeFileSync(at('shop.yaml'), scenario('shop'))
  writeFileSync(at('other.yaml'), scenario('other'))
  await makeRun('before')
  await makeRun('again')
  await makeRun('larger', '--set', 'cluster.workloads[0].count=20')
  await makeRun('reseeded', '--seed', 'another')
  const other = ['run', at('other.yaml'), '--out', at('other'), '--quiet', '--workers', '0']
  expect(await svcsim(other)).toMatchObject({ code: 0 })
})

interface Comparison {
  readonly identical: boolean
  readonly answer: readonly string[]
  readonly metrics: readonly {
    metric: string
    before: number
    ratio: number
    weight: { kind: string; significant?: boolean }
  }[]
  readonly inputs: readonly unknown[]
  readonly thresholds: readonly unknown[]
}

async function comparison(...args: string[]): Promise<Comparison> {
  const { code, stdout, stderr } = await compare(...args, '--format', 'json')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

const differing = ({ metrics }: Comparison): string[] =>
  metrics.filter(m => m.ratio !== 1 && (m.weight.kind === 'exact' || m.weight.significant === true)).map(m => m.metric)

describe('svcsim compare', () => {
  it('says of a run made twice that it is the same', async () => {
    const same = await comparison('before', 'again')
    expect(same).toMatchObject({ identical: true, inputs: [], answer: [expect.stringMatching(/the same digest/)] })
    expect(differing(same)).toEqual([])
  })

  it('calls nothing different that another seed alone made so', async () => {
    const reseeded = await comparison('before', 'reseeded')
    expect(reseeded.identical).toBe(false)
    expect(reseeded.metrics.filter(m => m.ratio !== 1).length).toBeGreaterThan(5)
    expect(differing(reseeded)).toEqual([])
    expect(reseeded.inputs).toEqual([{ path: 'seed', after: '"another"' }])
  })

  it('calls different what another size made so: exactly where no chance is in it, by test where it is', async () => {
    const larger = await comparison('before', 'larger')
    expect(differing(larger)).toEqual(
      expect.arrayContaining([
        'cluster.services',
        'rules.nat.perNode',
        'rulesEvaluated.total.mean',
        'rulesEvaluated.total.p99',
      ]),
    )
    expect(larger.metrics.find(m => m.metric === 'cluster.services')).toMatchObject({
      ratio: 2,
      weight: { kind: 'exact' },
    })
    expect(larger.metrics.find(m => m.metric === 'connections.delivered')).toMatchObject({ ratio: 1 })
    expect(larger.inputs).toEqual([{ path: 'cluster.workloads[0].count', before: '10', after: '20' }])
    expect(larger.answer.join(' ')).toMatch(/The rules a new connection evaluates on average are .*significant\)\./)
  })

  it('writes Markdown in which names stay text', async () => {
    const { code, stdout } = await compare('before', 'larger')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^# shop: larger against before\n\nThe nat rules of a node are /)
    expect(stdout).toContain('Does \\<b\\>it\\</b\\> \\| differ?')
    for (const row of stdout.split('\n').filter(line => line.startsWith('| ')))
      expect(row.replace(/\\\|/g, '').split('|').length).toBeGreaterThan(3)
  })

  it('ends with 1 when a threshold on a difference fails, and prints the comparison all the same', async () => {
    const { code, stdout, stderr } = await compare(
      'before',
      'larger',
      '--threshold',
      'rules.nat.perNode.ratio<=1.05',
      '--threshold',
      'connections.delivered.difference==0',
    )
    expect(code).toBe(1)
    expect(stderr).toMatch(/^svcsim: 1 threshold\(s\) failed: rules\.nat\.perNode\.ratio <= 1\.05 \(it is 1\.\d+\)\n$/)
    expect(stdout).toMatch(/\*\*1 of 2 thresholds failed\.\*\*/)
    expect((await compare('before', 'again', '--threshold', 'digests.equal==1')).code).toBe(0)
  })
})

describe('unfit runs are one sentence and exit code 2', () => {
  /** A copy of `before` with something done to it. */
  const spoilt = (name: string, spoil: (dir: string) => void): string => {
    cpSync(at('before'), at(name), { recursive: true })
    spoil(at(name))
    return name
  }

  it.each<[string, () => string[], RegExp]>([
    [
      'another scenario',
      () => ['before', 'other'],
      /before is a run of "shop", other of "other"; compare two runs of one/,
    ],
    [
      'no folder',
      () => ['before', 'nowhere'],
      /nowhere: there is no such folder; name the folder of a run, as results\/smoke/,
    ],
    [
      'a run in progress',
      () => ['before', spoilt('going', dir => renameSync(dir, `${dir}.partial`))],
      /going: its run is still going on, or was cut short \(going\.partial\)/,
    ],
    [
      'a partial folder itself',
      () => [spoilt('cut.partial', dir => rmSync(join(dir, 'run.json'))), 'before'],
      /cut\.partial: its run is still going on/,
    ],
    [
      'another schema version',
      () => [
        'before',
        spoilt('old', dir => {
          const run = JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8'))
          writeFileSync(join(dir, 'run.json'), JSON.stringify({ ...run, schemaVersion: 1 }))
        }),
      ],
      /old\/run\.json: schemaVersion: 1 is not \d+/,
    ],
    [
      'a truncated table',
      () => ['before', spoilt('short', dir => truncateSync(join(dir, 'endpoints.arrow'), 500))],
      /short\/endpoints\.arrow: /,
    ],
    [
      'a table that is gone',
      () => ['before', spoilt('gone', dir => rmSync(join(dir, 'services.arrow')))],
      /gone\/services\.arrow: there is no such file/,
    ],
    [
      'a table of another run',
      () => [
        'before',
        spoilt('mixed', dir => cpSync(join(at('larger'), 'endpoints.arrow'), join(dir, 'endpoints.arrow'))),
      ],
      /mixed\/endpoints\.arrow: its bytes are not those that run\.json names/,
    ],
    ['a format', () => ['before', 'again', '--format', 'xml'], /--format is "xml"; use md or json/],
    [
      'a threshold',
      () => ['before', 'again', '--threshold', 'rules.nat.perNode<3'],
      /there is no metric rules\.nat\.perNode; did you mean/,
    ],
    ['one run', () => ['before'], /missing required argument 'run-b'/],
  ])('%s', async (_, args, message) => {
    const { code, stdout, stderr } = await compare(...args())
    expect(stderr).toMatch(message)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })
})
