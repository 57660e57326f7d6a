/** `--format json`: what every command prints for programs. One command a row, as a process; stdout is JSON and nothing else. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { svcsim, temporaryFolder } from './svcsim-process.ts'

const folder = temporaryFolder()

const OBJECTS = `
{apiVersion: v1, kind: Node, metadata: {name: a}, spec: {podCIDR: 10.244.0.0/24}, status: {addresses: [{type: InternalIP, address: 172.18.0.2}]}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: web}, spec: {clusterIP: 10.96.0.10, ports: [{port: 80}]}}
---
{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {namespace: shop, name: web-1, labels: {kubernetes.io/service-name: web}}, addressType: IPv4, ports: [{name: '', port: 80}], endpoints: [{addresses: [10.244.0.5]}]}
`
const MORE =
  '{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: api}, spec: {clusterIP: 10.96.0.11, ports: [{port: 80}]}}\n'
const FLOWS =
  '{"flows": [{"id": "web", "from": "pod", "src": "10.244.0.9", "dst": "10.96.0.10", "proto": "tcp", "dport": 80}]}'

beforeAll(async () => {
  writeFileSync(join(folder, 'objects.yaml'), OBJECTS)
  writeFileSync(join(folder, 'more.yaml'), MORE)
  writeFileSync(join(folder, 'flows.json'), FLOWS)
  const { code } = await svcsim(['run', 'smoke', '--quiet', '--packets', '1000', '--out', 'run'], { cwd: folder })
  expect(code).toBe(1)
  const rules = await svcsim(['rules', ...CLUSTER], { cwd: folder })
  writeFileSync(join(folder, 'node.rules'), rules.stdout)
}, 60_000)

const CLUSTER = ['--objects', 'objects.yaml', '--node', 'a', '--cluster-cidr', '10.244.0.0/16']

/** The exit code is 0 unless it is said. */
const COMMANDS: readonly (readonly [args: readonly string[], holds: object, code?: number])[] = [
  [['run', '--list'], expect.arrayContaining([{ name: 'smoke', question: expect.any(String) }])],
  [['run', 'smoke', '--quiet', '--packets', '1000', '--out', 'again'], { scenario: 'smoke' }, 1],
  [
    ['rules', ...CLUSTER],
    {
      node: 'a',
      proxyMode: 'iptables',
      ipFamily: 4,
      tables: expect.arrayContaining([
        {
          name: 'nat',
          chains: expect.arrayContaining([
            {
              name: 'KUBE-SERVICES',
              policy: null,
              rules: expect.arrayContaining([expect.stringMatching(/^-A KUBE-SERVICES -d 10\.96\.0\.10\/32 /)]),
            },
          ]),
        },
      ]),
    },
  ],
  [['rules', ...CLUSTER, '--table', 'mangle'], { tables: [{ name: 'mangle', chains: expect.any(Array) }] }],
  [
    ['rules', ...CLUSTER, '--proxy-mode', 'nftables'],
    {
      proxyMode: 'nftables',
      tables: [
        {
          name: 'kube-proxy',
          sets: expect.arrayContaining([
            expect.objectContaining({
              name: 'service-ips',
              elements: [expect.stringMatching(/^10\.96\.0\.10 \. tcp \. 80 /)],
            }),
          ]),
          chains: expect.any(Array),
        },
      ],
    },
  ],
  [
    ['rules', '--sync', 'objects.yaml', 'more.yaml', 'more.yaml', '--all', '--node', 'a'],
    {
      syncs: [
        { state: 0, text: expect.any(String) },
        { state: 1, text: expect.any(String) },
        { state: 2, text: null },
      ],
    },
  ],
  [
    ['rules', '--sync', 'objects.yaml', 'more.yaml', '--node', 'a'],
    { syncs: [{ state: 1, text: expect.any(String) }] },
  ],
  [['replay', ...CLUSTER, '--flows', 'flows.json'], { connections: 1 }],
  [['diff', '--rules', 'node.rules', ...CLUSTER], { node: 'a', missing: 0, stale: 0, foreign: 0, differences: [] }],
  [['trace', ...CLUSTER, '--from', 'pod:shop/x', '--to', '10.96.0.10:80'], {}, 2],
  [['trace', ...CLUSTER, '--from', '10.244.0.9', '--to', '10.96.0.10:80'], { hooks: expect.any(Array) }],
  [['log', 'import', 'objects.yaml', '-o', 'log'], { log: 'log', events: 3, leftAside: {} }],
  [['log', 'verify', 'run'], { whole: true, eventCount: expect.any(Number), damages: [] }],
  [['log', 'recover', 'run'], { recovered: false, keptEventCount: expect.any(Number), cut: null }],
  [['get', 'services', '-A', '--log', 'run'], { kind: 'List' }],
  [['report', 'run', '-o', 'other.html'], { files: ['other.html'] }],
  [['compare', 'run', 'run'], { before: expect.anything() }],
  [['export', 'run', '--to', 'csv', '-o', 'tables'], { files: expect.arrayContaining(['tables/services.csv']) }],
  [
    ['anonymize', 'objects.yaml', '--out', 'shared', '--seed', 'a', '--also', 'a'],
    { files: [{ from: 'objects.yaml', to: 'shared/01.objects.json', leftOut: [] }], also: { a: expect.any(String) } },
  ],
  [['init', 'mine'], { files: ['mine.yaml'] }],
]

describe('--format json', () => {
  it.each(COMMANDS.map(([args, holds, code = 0]) => ({ args, holds, code })))(
    '$args',
    async ({ args, holds, code }) => {
      const ended = await svcsim([...args, '--format', 'json'], { cwd: folder })
      expect(ended, ended.stderr).toMatchObject({ code })
      if (code === 2) expect(ended.stdout).toBe('')
      else expect(JSON.parse(ended.stdout)).toMatchObject(holds)
    },
    60_000,
  )

  it('prints the events of a log one JSON object a line', async () => {
    const { stdout } = await svcsim(['log', 'show', 'run', '--format', 'json'], { cwd: folder })
    const events = stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(events.map(e => e.sequence)).toEqual([...events.keys()])
  })

  it('says where a log is damaged', async () => {
    await svcsim(['log', 'import', 'objects.yaml', '-o', 'damaged', '--format', 'json'], { cwd: folder })
    writeFileSync(join(folder, 'damaged/events.idx'), 'x')
    const { code, stdout } = await svcsim(['log', 'verify', 'damaged', '--format', 'json'], { cwd: folder })
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      whole: false,
      damages: expect.arrayContaining([
        { part: expect.any(String), from: expect.any(Number), to: expect.any(Number), what: expect.any(String) },
      ]),
    })
  })

  it('is an option of every command but those that print a file', async () => {
    const listed = async (...command: string[]): Promise<string[]> => {
      const { stdout } = await svcsim([...command, '--help'])
      return [...(stdout.split(/Commands:\n|\nExamples:\n/)[1] ?? '').matchAll(/^ {2}([a-z]+) /gm)].map(m => m[1])
    }
    const commands = (await listed()).filter(c => !['help', 'log'].includes(c)).map(c => [c])
    const ofLog = (await listed('log')).filter(c => c !== 'help').map(c => ['log', c])
    const without: string[] = []
    for (const command of [...commands, ...ofLog]) {
      const { stdout } = await svcsim([...command, '--help'])
      if (!/^ {2}--format /m.test(stdout)) without.push(command.join(' '))
    }
    // A script for the shell, and a calibration file, which is JSON by itself.
    expect(without.sort()).toEqual(['calibrate', 'completion'])
  }, 60_000)
})
