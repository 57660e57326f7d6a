/**
 * The npm package as its users get it: packed, installed into an empty folder, and doing there what the checkout does. Needs npm with
 * its cache or registry and half a minute, so it is part of `npm run test:all` alone.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { beforeAll, describe, expect, it } from 'vitest'
import { run, svcsim, temporaryFolder } from './svcsim-process.ts'

const ROOT = join(import.meta.dirname, '..')
const MOST_BYTES = 5_000_000

describe.runIf(process.env['SVCSIM_REQUIRE_TOOLS'] === '1')('the npm package', () => {
  const folder = temporaryFolder()
  const home = join(folder, 'project')
  const bin = (name: string): string => join(home, 'node_modules/.bin', name)
  const installed = join(home, 'node_modules/svcsim')
  let tarball = ''

  beforeAll(async () => {
    const packed = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: ROOT })
    expect(packed).toMatchObject({ code: 0 })
    tarball = join(folder, packed.stdout.trim().split('\n').at(-1)!)
    mkdirSync(home)
    writeFileSync(join(home, 'package.json'), '{"private": true, "type": "module"}')
    const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', tarball]
    expect(await run('npm', install, { cwd: home })).toMatchObject({ code: 0 })
  }, 300_000)

  it('is small, and holds no source, test or tool of the checkout', () => {
    const names = readdirSync(installed, { recursive: true, encoding: 'utf8' })
    const files = names.filter(name => statSync(join(installed, name)).isFile())
    expect(files.reduce((sum, name) => sum + statSync(join(installed, name)).size, 0)).toBeLessThan(MOST_BYTES)
    expect(statSync(tarball).size).toBeLessThan(MOST_BYTES / 2)
    expect(files.filter(name => /(?<!\.d)\.ts$|test|bench|\.tsbuildinfo$|__pycache__/.test(name)).sort()).toEqual([
      'dist/netfilter/source-tests.d.ts',
      'dist/netfilter/source-tests.js',
      'dist/workload/benchmark-clients.d.ts',
      'dist/workload/benchmark-clients.js',
    ])
    for (const name of ['LICENSE', 'README.md', 'CHANGELOG.md', 'dist/app/api.d.ts', 'native/kernel-replay/wire.py'])
      expect(files).toContain(name)
    expect(existsSync(join(ROOT, 'dist'))).toBe(false)
  })

  it('runs a scenario on worker threads to the same digest', async () => {
    const here = await svcsim(['run', 'smoke', '--format', 'json', '--quiet', '--out', join(folder, 'here')])
    const there = await run('npx', ['svcsim', 'run', 'smoke', '--format', 'json', '--quiet', '--workers', '2'], {
      cwd: home,
    })
    expect(there).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(there.stdout).digest).toBe(JSON.parse(here.stdout).digest)
    for (const name of readdirSync(join(folder, 'here')).filter(n => n !== 'run.json'))
      expect(
        readFileSync(join(home, 'results/smoke', name)).equals(readFileSync(join(folder, 'here', name))),
        name,
      ).toBe(true)
  })

  it('writes the same rules and counts the same packets', async () => {
    const flows = join(folder, 'flows.json')
    const objects = join(folder, 'objects.yaml')
    writeFileSync(objects, OBJECTS)
    writeFileSync(flows, JSON.stringify(FLOWS))
    const cluster = ['--objects', objects, '--node', 'n1']
    for (const args of [
      ['rules', ...cluster],
      ['rules', ...cluster, '--proxy-mode', 'nftables'],
      ['replay', ...cluster, '--flows', flows, '--format', 'counters'],
      ['run', '--list'],
      ['--version'],
    ]) {
      const here = await svcsim(args)
      expect(here.code).toBe(0)
      expect(await run(bin('svcsim'), args, { cwd: home })).toEqual(here)
      expect(await run(bin('kubectl-svcsim'), args, { cwd: home })).toEqual(here)
    }
  })

  it('is a library with types', async () => {
    writeFileSync(join(home, 'use.ts'), PROGRAM)
    const flags = '--noEmit --strict --module nodenext --target es2024 --types node --typeRoots'.split(' ')
    const compiler = [join(ROOT, 'node_modules/typescript/bin/tsc'), ...flags, join(ROOT, 'node_modules/@types')]
    expect(await run(process.execPath, [...compiler, 'use.ts'], { cwd: home })).toMatchObject({ code: 0, stdout: '' })
    const used = await run(process.execPath, ['use.ts'], { cwd: home })
    expect(used).toMatchObject({ code: 0, stderr: '' })
    const { stdout } = await svcsim(['run', 'smoke', '--format', 'json', '--quiet', '--out', join(folder, 'again')])
    expect(JSON.parse(used.stdout)).toEqual({
      digest: JSON.parse(stdout).digest,
      endpoints: 76,
      delivered: 40,
      refused: 'scenario:1:1: unknown key "nodes"; did you mean pods?',
    })
  })
})

const OBJECTS = `
apiVersion: v1
kind: Node
metadata: { name: n1 }
spec: { podCIDR: 10.244.1.0/24 }
status: { addresses: [{ type: InternalIP, address: 192.168.10.1 }] }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: default }
spec: { clusterIP: 10.96.0.10, clusterIPs: [10.96.0.10], ports: [{ port: 80, protocol: TCP }], selector: { app: web } }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-1, namespace: default, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
ports: [{ name: "", port: 8080, protocol: TCP }]
endpoints: [{ addresses: [10.244.1.5], nodeName: n1 }, { addresses: [10.244.2.6] }]
`

const FLOWS = {
  flows: [{ id: 'web', from: 'external', src: '198.51.100.1', dst: '10.96.0.10', dport: 80, proto: 'tcp', conns: 40 }],
}

const PROGRAM = `
import { arrowBytes, nodeRules, readRun, replayFlows, type Run, simulate, SvcsimError } from 'svcsim'
const run: Run = await simulate('smoke', { workers: 1 })
const endpoints = run.tables.find(t => t.name === 'endpoints')
const rules = await nodeRules(${JSON.stringify(OBJECTS)}, { node: 'n1' })
const replay = await replayFlows(rules, ${JSON.stringify(FLOWS)})
const refused: unknown = await simulate({ name: 'x', question: 'y?', nodes: 3 }).catch(error => error)
const { run: again } = await readRun('results/smoke')
if (again.digest !== run.run.digest || endpoints === undefined || arrowBytes(endpoints).length === 0) throw new Error()
const flows = replay['flows'] as { outcome: { delivered: number } }[]
console.log(JSON.stringify({
  digest: run.run.digest,
  endpoints: endpoints.rowCount,
  delivered: flows[0].outcome.delivered,
  refused: refused instanceof SvcsimError && refused.message,
}))
`
