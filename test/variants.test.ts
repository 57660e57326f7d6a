/** Scenarios with variants: run and compared in one command, each variant the same as if it were run by itself. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { svcsim, temporaryFolder } from './svcsim-process.ts'

const folder = temporaryFolder()

const makeScenario = (name: string, variants: string): string => {
  const path = join(folder, `${name}.yaml`)
  writeFileSync(
    path,
    `name: ${name}\nquestion: Which?\ncluster: {nodes: 2, workloads: [{name: web, replicas: 3, service: {}}]}\ntraffic: {packets: 1000}\nvariants: ${variants}\n`,
  )
  return path
}

const start = (scenario: string, ...flags: string[]) =>
  svcsim(['run', scenario, '--quiet', '--workers', '0', ...flags], { cwd: folder })

const json = (...path: string[]) => JSON.parse(readFileSync(join(folder, ...path), 'utf8'))

const TWO = '{small: {}, large: {"cluster.workloads[0].replicas": 9, traffic.packets: 2000}}'

describe('variants', () => {
  it('are folders of whole results, with what differs beside them', async () => {
    const scenario = makeScenario('sizes', TWO)
    const { code, stdout, stderr } = await start(scenario, '--junit', 'sizes.xml', '--threshold', 'connections==100')
    expect(stderr).toBe('svcsim: 1 threshold(s) failed: large: connections == 100 (it is 200)\n')
    expect(code).toBe(1)
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    expect(stdout).toMatch(
      /^sizes: Which\?\n\nsmall: [\s\S]*\nlarge: [\s\S]*\n\nlarge against small\. The nat rules of a node are /,
    )
    expect(stdout).toMatch(/^large +\d/m)
    expect(readdirSync(join(folder, 'results/sizes')).sort()).toEqual([
      'comparison.json',
      'comparison.md',
      'large',
      'small',
    ])
    expect(readdirSync(join(folder, 'results/sizes/large'))).toContain('report.html')
    expect(readFileSync(join(folder, 'sizes.xml'), 'utf8')).toContain(
      '<testsuite name="sizes/large" tests="1" failures="1"',
    )
    expect(readFileSync(join(folder, 'results/sizes/comparison.md'), 'utf8')).toMatch(/^# sizes: large against small\n/)
    const [comparison] = json('results/sizes/comparison.json').comparisons
    expect(comparison.inputs.map((i: { path: string }) => i.path)).toEqual([
      'cluster.workloads[0].replicas',
      'traffic.packets',
    ])
    // The folders of two variants are runs like any other.
    const compared = await svcsim(['compare', 'results/sizes/small', 'results/sizes/large', '--format', 'json'], {
      cwd: folder,
    })
    expect(JSON.parse(compared.stdout).metrics).toEqual(comparison.metrics)
  }, 60_000)

  it('of both proxy modes are compared by what each really evaluates and pays', async () => {
    const modes = makeScenario('modes', '{iptables: {}, nftables: {proxy.mode: nftables}}')
    const { stdout, stderr } = await start(modes)
    expect(stderr).toBe('')
    expect(stdout.replace(/\s+/g, ' ')).toMatch(
      /Its modelled time is [\d.]+ µs with nftables, from [\d.]+ µs with iptables-legacy and [\d.]+ µs with iptables-nft\./,
    )
    const [comparison] = json('results/modes/comparison.json').comparisons
    const { before, after } = comparison.metrics.find(
      (m: { metric: string }) => m.metric === 'rulesEvaluated.laterPackets.mean',
    )
    // ct state new: one rule where it comes in, two where it goes on.
    expect(after).toBeLessThan(before)
    const { head, modelledNs } = json('results/modes/nftables/run.json')
    expect(Object.keys(head.rulesByTable)).toEqual(['kube-proxy'])
    expect(modelledNs.map((m: { backend: string }) => m.backend)).toEqual(['nftables'])
    const summary = readFileSync(join(folder, 'results/modes/nftables/summary.md'), 'utf8')
    expect(summary).toMatch(/\| kube-proxy \| endpoint-… \| 6 \|/)
    expect(summary).not.toMatch(/KUBE-|nat rules/)
  }, 60_000)

  it('give the digest of the scenario run by itself, --set included', async () => {
    const { stdout } = await start(makeScenario('twins', TWO), '--format', 'json', '--set', 'cluster.nodes=3')
    const plain = join(folder, 'plain.yaml')
    writeFileSync(plain, readFileSync(join(folder, 'twins.yaml'), 'utf8').replace(/variants.*\n/, ''))
    const large = ['--set', 'cluster.nodes=3', '--set', 'cluster.workloads[0].replicas=9', '--packets', '2000']
    await start(plain, '--out', 'large-alone', ...large)
    const digests = JSON.parse(stdout).variants.map((v: { digest: string }) => v.digest)
    expect(digests[1]).toBe(json('large-alone/run.json').digest)
    expect(digests[0]).not.toBe(digests[1])
  }, 60_000)

  it.each([
    ['one', '{small: {}}', /variants: .*has fewer than two variants/],
    ['upper', '{Small: {}, b: {}}', /variants.*Small/],
    [
      'path',
      '{a: {}, b: {"cluster..nodes": 3}}',
      /variants\.b: "cluster\.\.nodes" is no key that a variant can change/,
    ],
    ['rename', '{a: {}, b: {name: c}}', /variants\.b: "name" is no key/],
    ['value', '{a: {}, b: {cluster.nodes: many}}', /variant b: cluster\.nodes: is "many", which is no number/],
    ['unknown', '{a: {}, b: {cluster.nods: 3}}', /variant b: .*unknown key "nods"; did you mean nodes\?/],
    ['nowhere', '{a: {}, b: {"cluster.nodes.x": 3}}', /variant b: /],
    ['list', '[a, b]', /variants/],
  ])('that do not make sense are one sentence: %s', async (name, variants, message) => {
    const { code, stdout, stderr } = await start(makeScenario(`bad-${name}`, variants))
    expect(stderr).toMatch(message)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(existsSync(join(folder, `results/bad-${name}`))).toBe(false)
  })

  it('do not replace the result of another scenario', async () => {
    const first = makeScenario('first', TWO)
    const second = makeScenario('second', TWO)
    expect((await start(first, '--out', 'shared')).code).toBe(0)
    expect(await start(second, '--out', 'shared')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/holds a result of "first"; replace it with --force/),
    })
    expect((await start(first, '--out', 'shared')).code).toBe(0)
    expect(await svcsim(['compare', 'shared', 'shared'], { cwd: folder })).toMatchObject({
      code: 2,
      stderr: 'svcsim: shared: it holds the variants of a scenario; name the folder of one of them\n',
    })
  }, 60_000)
})
