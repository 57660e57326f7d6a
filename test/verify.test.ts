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

  // Translated, then dropped: which of the two it was is not told, but both come past every other rule.
  const blocked = (more: string): string => `*nat
:PREROUTING ACCEPT [0:0]
:SVC - [0:0]
:A - [0:0]
:B - [0:0]
-A PREROUTING -d 10.96.10.10 -j SVC
-A SVC -m statistic --mode random --probability 0.5 -j A
-A SVC -j B
-A A -p tcp -j DNAT --to-destination 10.244.1.1:80
-A B -p tcp -j DNAT --to-destination 10.244.1.2:80
COMMIT
*filter
:FORWARD ACCEPT [0:0]
${more}-A FORWARD -d 10.244.1.0/24 -j DROP
COMMIT
`
  const few = file('few.json', {
    topology: TOPOLOGY,
    flows: [{ id: 'few', src: '192.0.2.50', dst: '10.96.10.10', dport: 80, proto: 'tcp', conns: 40 }],
  })

  it('says which rules were judged with tolerance for choices that had to be made up', async () => {
    const rules = file('blocked.rules', blocked(''))
    const ended = await svcsim(['verify', '--rules', rules, '--flows', few])
    expect(ended.stderr).toBe('')
    expect(ended.stdout).toMatch(/^nat A rule 1 .* (equal|within chance), may be -\d+ \+\d+/m)
    expect(ended.stdout).toMatch(/^filter FORWARD rule 1 +40 40 \d+ +40 40 \d+ +equal {2}/m)
    expect(ended.stdout).toContain('had to be made up, as packets came to the same end by several ways: 40.\n')
    expect(ended.stdout).toMatch(/judged within that tolerance: 4\. All others must be equal/)
    const json = JSON.parse((await svcsim(['verify', '--rules', rules, '--flows', few, '--format', 'json'])).stdout)
    expect(json).toMatchObject({ untold_choices: 40, differences: 0 })
    const tolerated = json.rules.filter((r: { tolerance: unknown }) => r.tolerance !== null)
    expect(new Set(tolerated.map((r: { chain: string; index: number }) => `${r.chain} ${r.index}`))).toEqual(
      new Set(['SVC 0', 'SVC 1', 'A 0', 'B 0']),
    )
  })

  it('has no tolerance for a rule that such choices cannot move', async () => {
    // Of 40 packets, no more than there are made-up choices: what svcsim is told never holds, the kernel matches.
    const rules = file('planted.rules', blocked('-A FORWARD -m length --length 0:1500\n'))
    const ended = await svcsim(['verify', '--rules', rules, '--unknown-matches', 'never', '--flows', few])
    expect(ended.code).toBe(1)
    expect(ended.stdout).toMatch(/^filter FORWARD rule 1 +40 40 \d+ +40 0 0 +DIFFERS/m)
    expect(ended.stderr).toMatch(/^svcsim: the kernel and svcsim differ: 1\n$/m)
  })

  it('finds the choices that end where packets did, and judges them', async () => {
    const rules = file('one.rules', blocked('-A FORWARD -d 10.244.1.2 -j ACCEPT\n'))
    const ended = await svcsim(['verify', '--rules', rules, '--flows', few])
    expect(ended.code).toBe(0)
    expect(ended.stdout).not.toContain('made up')
    expect(ended.stdout).toMatch(/^nat SVC rule 1 chose +\d+ \d+ +20\.0 20\.0 +likely/m)
    expect(ended.stdout).toMatch(/No difference\.\n$/)
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

await describeKernel('nft', () => {
  it('agrees with the kernel on ports of any protocol, marks and resets', async () => {
    const rules = file(
      'marks.nft',
      `table ip t {
  chain pre {
    type filter hook prerouting priority -150; policy accept;
    meta mark set 0x000000f7
    th dport 80 meta mark set meta mark & 0xfffffff0
    th dport != 80 meta mark set meta mark ^ 0x00000001
    meta mark set meta mark | 0x00000100
  }
  chain way {
    type filter hook forward priority 0; policy accept;
    meta mark 0x000001f0 counter packets 0 bytes 0
    meta mark 0x000001f6 counter packets 0 bytes 0
    meta mark & 0x000000f0 == 0x000000f0 ip saddr 192.0.2.50 reject with tcp reset
  }
}
`,
    )
    const ended = await svcsim(['verify', '--rules', rules, '--flows', flows])
    expect(ended.stderr).toBe('')
    expect(ended.stdout).toMatch(/^flow outside: rejected tcp-rst +200 +200 +equal/m)
    expect(ended.stdout).toMatch(/^ip t way rule 1 +(\d+) \1 .* equal/m)
    expect(ended.code).toBe(0)
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
