/**
 * Every command in README and docs is one. What is complete, or is once its capital words stand for files of this test, runs and ends
 * well; of a form (`COMMAND …`), and of what takes minutes and has tests of its own, every word is checked: commands, flags, scenarios.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { svcsim, temporaryFolder } from '../svcsim-process.ts'
import { docCommands, svcsimArgs } from './commands.ts'

const ROOT = join(import.meta.dirname, '../..')

/** What capital words stand for. */
const STANDS_FOR: Readonly<Record<string, string>> = {
  FILE: 'services.yaml',
  'FILE,FILE': 'services.yaml,pods.yaml',
  SAVE: 'node-1.save',
  'FLOWS.json': 'flows.json',
  RUN_DIR: 'results/large-cluster',
  'IP:PORT': '10.96.0.10:80',
}

/** Commands that run as they stand elsewhere: in the kernel as root, or for minutes. */
const HAS_TESTS_OF_ITS_OWN = new Set(['calibrate', 'verify'])

const SERVICES = `
apiVersion: v1
kind: Service
metadata: { name: web, namespace: default }
spec: { clusterIP: 10.96.0.10, clusterIPs: [10.96.0.10], selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
---
apiVersion: v1
kind: Node
metadata: { name: node-1 }
spec: { podCIDR: 10.244.0.0/24, podCIDRs: [10.244.0.0/24] }
status: { addresses: [{ type: InternalIP, address: 172.18.0.2 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-1, namespace: default, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
ports: [{ name: '', port: 8080, protocol: TCP }]
endpoints: [{ addresses: [10.244.0.7], nodeName: node-1, conditions: { ready: true }, targetRef: { kind: Pod, name: web-1 } }]
`

const PODS = `
apiVersion: v1
kind: Pod
metadata: { name: web-1, namespace: default, labels: { app: web } }
spec: { nodeName: node-1, containers: [{ name: c, ports: [{ containerPort: 8080 }] }] }
status: { phase: Running, podIP: 10.244.0.7, podIPs: [{ ip: 10.244.0.7 }], conditions: [{ type: Ready, status: 'True' }] }
`

/** Each once, where it stands first. */
const commands = [
  ...new Map(
    docCommands()
      .toReversed()
      .map(c => [c.text, c]),
  ).values(),
].toReversed()
const SCRIPTS: Readonly<Record<string, string>> = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).scripts
const scenarios = readdirSync(join(ROOT, 'scenarios')).flatMap(f => (f.endsWith('.yaml') ? [f.slice(0, -5)] : []))

describe('commands in README and docs', () => {
  const folder = temporaryFolder()

  beforeAll(async () => {
    writeFileSync(join(folder, 'services.yaml'), SERVICES)
    writeFileSync(join(folder, 'pods.yaml'), PODS)
    const made = [['run', 'smoke', '--quiet', '--workers', '0', '--out', 'results/large-cluster']]
    for (const args of made) expect(await svcsim(args, { cwd: folder })).toMatchObject({ code: 0 })
    const rules = await svcsim(['rules', '--objects', 'services.yaml', '--node', 'node-1'], { cwd: folder })
    expect(rules).toMatchObject({ code: 0 })
    writeFileSync(join(folder, 'node-1.save'), rules.stdout)
    writeFileSync(
      join(folder, 'flows.json'),
      JSON.stringify({ flows: [{ dst: '10.96.0.10', src: '198.51.100.1', dport: 80 }] }),
    )
  })

  it('are found', () => {
    expect(commands.length).toBeGreaterThan(20)
  })

  it.each(commands)('$place: $text', async ({ text }) => {
    const args = svcsimArgs(text)
    if (args === undefined) return expectScript(text)
    const [command, ...rest] = args
    if (command === undefined || command === 'COMMAND') return
    if (command === 'run' && rest[0] !== undefined && !/^[A-Z]/.test(rest[0]) && !rest[0].endsWith('.yaml'))
      expect(scenarios).toContain(rest[0])
    await expectWords(args)
    const whole = rest.map((word, i) => (word === 'NAME' && rest[i - 1] === '--node' ? 'node-1' : substituted(word)))
    const isForm = whole.some(word => /…|^[A-Z][A-Z_]*$/.test(word)) || whole.length < 2
    const isLong = command === 'run' && !whole.includes('--set')
    if (isForm || isLong || HAS_TESTS_OF_ITS_OWN.has(command)) return
    const out = command === 'run' ? ['--quiet', '--packets', '1000'] : []
    const { code, stderr } = await svcsim([command, ...whole, ...out], { cwd: folder })
    expect([code, stderr.replace(/^(?!svcsim: ).*\n/gm, '')]).toEqual([0, ''])
  })

  /** A subcommand that is there, and flags that its help lists. */
  async function expectWords([command, ...rest]: readonly string[]): Promise<void> {
    const sub = command === 'log' && /^[a-z]/.test(rest[0] ?? '') ? [command, rest[0]] : [command]
    const help = await svcsim([...sub, '--help'])
    expect(help.code, help.stderr).toBe(0)
    for (const flag of rest.filter(w => /^-/.test(w)).map(w => w.split(/[=[]/)[0]))
      if (flag !== '--') expect(help.stdout).toMatch(new RegExp(`(^|[\\s,])${flag}([\\s,=<]|$)`, 'm'))
  }
})

const substituted = (word: string): string =>
  STANDS_FOR[word] ?? word.replace(/=(FILE,FILE)$/, (_, w) => `=${STANDS_FOR[w]}`)

function expectScript(text: string): void {
  const [tool, verb, name] = text.split(/\s+/)
  if (tool === 'node') return expect(() => readFileSync(join(ROOT, verb))).not.toThrow()
  if (verb === 'run') expect(Object.keys(SCRIPTS)).toContain(name)
  else expect(['ci', 'test']).toContain(verb)
}
