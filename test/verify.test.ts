/** `svcsim verify` as its users start it: rules of the goldens and of its own, in this machine's kernel and here. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { describe, expect, it } from 'vitest'
import { KERNEL_BACKENDS } from '../src/app/kernel-replay.ts'
import { describeKernel } from './describe-kernel.ts'
import { GOLDEN } from './golden-case.ts'
import { BIN, run, svcsim, temporaryFolder } from './svcsim-process.ts'

const folder = temporaryFolder()

const TOPOLOGY = { node_ips: ['172.18.0.2'], pod_cidrs: ['10.244.1.0/24'] }
const FLOWS = [
  { id: 'outside', src: '192.0.2.50', dst: '10.96.10.10', dport: 80, proto: 'tcp', conns: 200, pkts: 2, reply: true },
  { id: 'pod', from: 'pod', src: '10.244.1.99', dst: '172.18.0.2', dport: 30080, proto: 'tcp', conns: 50 },
  { id: 'node', from: 'node', src: '172.18.0.2', dst: '10.96.10.10', dport: 80, proto: 'tcp', conns: 50 },
  { id: 'nowhere', src: '192.0.2.50', dst: '172.18.0.2', dport: 999, conns: 3 },
]

function file(name: string, content: unknown): string {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const flows = file('flows.json', { topology: TOPOLOGY, flows: FLOWS })
const objects = [
  '--objects',
  join(GOLDEN, '09-nodeport/objects.json'),
  '--node',
  'node-a',
  '--cluster-cidr=10.244.0.0/16',
]
const saved = join(GOLDEN, '09-nodeport/iptables-save.txt')

for (const backend of KERNEL_BACKENDS)
  await describeKernel(backend, () => {
    const rules = backend === 'nft' ? [...objects, '--proxy-mode', 'nftables'] : ['--rules', saved]

    it('agrees with the kernel on the rules of a golden case', async () => {
      const ended = await svcsim(['verify', ...rules, '--flows', flows, '--backend', backend])
      expect(ended.stderr).toBe('')
      expect(ended.code).toBe(0)
      expect(ended.stdout).toMatch(/^flow outside: delivered +200 +200 +equal/m)
      expect(ended.stdout).toMatch(/^flow nowhere: local +3 +3 +equal/m)
      expect(ended.stdout).toMatch(/ chose .* (likely|too few)/)
      expect(ended.stdout).toContain(`503 packets, ${backend}, Linux`)
      expect(ended.stdout).not.toContain('DIFFERS')
      expect(ended.stdout).toMatch(/No difference\.\n$/)
    })

    it('says the same as JSON', async () => {
      const { stdout, code } = await svcsim([
        'verify',
        ...rules,
        '--flows',
        flows,
        '--backend',
        backend,
        '--format',
        'json',
      ])
      expect(code).toBe(0)
      const result = JSON.parse(stdout)
      expect(result).toMatchObject({ backend, packets: 503, differences: 0, untold_choices: 0 })
      expect(result.flows.map((f: { id: string }) => f.id)).toEqual(FLOWS.map(f => f.id))
      expect(result.rules.every((r: { equal: boolean }) => r.equal)).toBe(true)
      expect(result.choices.length).toBeGreaterThan(0)
    })
  })

await describeKernel('iptables-legacy', () => {
  it('finds where the kernel does otherwise, with exit code 1', async () => {
    // What svcsim is told never holds, the kernel matches.
    const rules = file(
      'length.rules',
      '*filter\n-A FORWARD -m length --length 0:1500 -j DROP\n-A FORWARD -d 10.244.0.0/16\nCOMMIT\n',
    )
    const ended = await svcsim(['verify', '--rules', rules, '--unknown-matches', 'never', '--flows', flows])
    expect(ended.code).toBe(1)
    expect(ended.stdout).toMatch(/^filter FORWARD rule 1 +400 400 \d+ +400 0 0 +DIFFERS/m)
    expect(ended.stdout).toMatch(/^flow outside: dropped +200 +0 +DIFFERS/m)
    expect(ended.stderr).toMatch(/^svcsim: the kernel and svcsim differ: \d+\n$/m)
  })

  it('names the rule that the kernel does not take', async () => {
    const rules = file('unknown.rules', '*filter\n-A FORWARD -m nosuchmatch --x 1 -j DROP\nCOMMIT\n')
    const ended = await svcsim(['verify', '--rules', rules, '--unknown-matches', 'never', '--flows', flows])
    expect(ended.code).toBe(2)
    expect(ended.stderr).toMatch(/^svcsim: the kernel does not take the rules: .*nosuchmatch.*\n$/m)
  })

  it('says in one sentence that it needs root', async () => {
    const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups']
    const verify = [process.execPath, BIN, 'verify', '--rules', saved, '--flows', '-']
    const ended = await run('setpriv', [...nobody, ...verify], { stdin: JSON.stringify({ flows: [] }) })
    expect(ended.code).toBe(2)
    expect(ended.stderr).toMatch(/^svcsim: .*root/)
    expect(ended.stderr.trim().split('\n')).toHaveLength(1)
  })
})

describe('svcsim verify', () => {
  it('says in one sentence what is missing', async () => {
    const node = process.execPath
    const ended = await run('/usr/bin/env', [
      'PATH=/nonexistent',
      node,
      BIN,
      'verify',
      '--rules',
      saved,
      '--flows',
      flows,
    ])
    expect(ended.code).toBe(2)
    expect(ended.stderr).toBe(
      "svcsim: verify asks this machine's kernel and needs python3 (3.9 or later); run it where they are\n",
    )
  })

  it.each([
    [['--backend', 'nft'], '--backend nft does not load iptables rules'],
    [['--backend', 'iptable'], '--backend "iptable" is unknown'],
    [['--format', 'xml'], '--format is "xml"; use text or json'],
  ])('refuses %j', async (args, expected) => {
    const ended = await svcsim(['verify', '--rules', saved, '--flows', flows, ...args])
    expect(ended.code).toBe(2)
    expect(ended.stderr).toContain(expected)
  })

  it('refuses rules that are not modelled before it asks the kernel', async () => {
    const rules = file('owner.rules', '*filter\n-A OUTPUT -m owner --uid-owner 0 -j DROP\nCOMMIT\n')
    const ended = await svcsim(['verify', '--rules', rules, '--flows', flows])
    expect(ended.code).toBe(2)
    expect(ended.stderr).toContain(ended.stderr.includes('needs') ? 'needs' : 'match owner is not modelled')
  })
})
