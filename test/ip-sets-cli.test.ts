/** `--sets` as users give it: to replay, trace and verify. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { describeKernel } from './describe-kernel.ts'
import { svcsim, temporaryFolder } from './svcsim-process.ts'

const folder = temporaryFolder()

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

const rules = file(
  'rules',
  `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m set --match-set clients src -m set ! --match-set web dst,dst -j DROP
COMMIT
`,
)
const sets = file(
  'sets',
  `create clients hash:net family inet
add clients 198.51.100.0/24
add clients 198.51.100.7/32 nomatch
create web hash:ip,port family inet
add web 10.244.1.9,udp:80
create macs hash:mac
`,
)
const flows = file(
  'flows.json',
  JSON.stringify({
    flows: [
      { id: 'web', src: '198.51.100.1', dst: '10.244.1.9', dport: 80 },
      { id: 'other', src: '198.51.100.1', dst: '10.244.1.9', dport: 81 },
      { id: 'except', src: '198.51.100.7', dst: '10.244.1.9', dport: 81 },
    ],
  }),
)
const [GIVEN, FLOWS] = [
  ['--rules', rules, '--sets', sets],
  ['--flows', flows],
]

describe('--sets', () => {
  it('tells replay what sets hold', async () => {
    const { code, stdout } = await svcsim(['replay', ...GIVEN, ...FLOWS])
    expect(code).toBe(0)
    const replay = JSON.parse(stdout)
    expect(replay.flows.map((f: { outcome: object }) => f.outcome)).toEqual([
      { delivered: 1 },
      { dropped: 1 },
      { delivered: 1 },
    ])
    expect(replay.rules[0]).toMatchObject({ pkts: 1, evaluated: 3 })
  })

  it('comes from standard input too', async () => {
    const stdin = 'create clients hash:net\ncreate web hash:ip,port\n'
    const { code, stdout } = await svcsim(['replay', '--rules', rules, '--sets', '-', ...FLOWS], { stdin })
    expect(code).toBe(0)
    expect(JSON.parse(stdout).rules[0].pkts).toBe(0)
    const twice = await svcsim(['replay', '--rules', '-', '--sets', '-', ...FLOWS], { stdin })
    expect(twice).toMatchObject({ code: 2, stderr: 'svcsim: standard input is named twice; give - once\n' })
  })

  it('lets trace explain', async () => {
    const packet = ['--from', '198.51.100.7:1000', '--to', '10.244.1.9:81', '--proto', 'udp']
    const { code, stdout } = await svcsim(['trace', ...GIVEN, ...packet])
    expect(code).toBe(0)
    expect(stdout).toContain('its source 198.51.100.7 is not in the set clients')
  })

  it.each([
    ['no sets at all', ['--rules', rules], 'filter FORWARD rule 1: match set ("clients") asks a set whose members'],
    [
      'a set that is missing',
      ['--rules', rules, '--sets', file('one', 'create clients hash:net\n')],
      'match set ("web")',
    ],
    [
      'a type that is not modelled',
      ['--rules', rules, '--sets', file('mac', 'create clients hash:mac\ncreate web hash:ip,port\n')],
      'match set ("clients") of type hash:mac is not modelled',
    ],
    [
      'a list with such a set',
      [
        '--rules',
        rules,
        '--sets',
        file('l', 'create m hash:mac\ncreate clients list:set\nadd clients m\ncreate web hash:ip\n'),
      ],
      'match set ("clients") of type hash:mac ("m") is not modelled',
    ],
    [
      'a set of the other family',
      ['--rules', rules, '--sets', file('six', 'create clients hash:net family inet6\ncreate web hash:ip\n')],
      'asks a set of IPv6 in an IPv4 ruleset',
    ],
    [
      'a fault in its text',
      ['--rules', rules, '--sets', file('bad', 'create clients hash:net\nadd clients x\n')],
      'bad:2:13: ',
    ],
    ['a file that is not there', ['--rules', rules, '--sets', join(folder, 'nowhere')], 'nowhere'],
    ['sets without rules', ['--objects', rules, '--node', 'a', '--sets', sets], '--sets without --rules'],
    [
      'rules of nftables',
      ['--rules', file('nft', 'table ip t {\n}\n'), '--sets', sets],
      '--sets with rules of nftables',
    ],
  ])('refuses %s in one sentence', async (_what, flags, words) => {
    const { code, stdout, stderr } = await svcsim(['replay', ...flags, ...FLOWS])
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain(words)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  it.each([
    ['never', 0],
    ['always', 3],
  ])('leaves --unknown-matches %s what was not given', async (unknown, matched) => {
    const web = file('web', 'create web hash:ip,port\n')
    const { code, stdout } = await svcsim([
      'replay',
      '--rules',
      rules,
      '--sets',
      web,
      ...FLOWS,
      '--unknown-matches',
      unknown,
    ])
    expect(code).toBe(0)
    expect(JSON.parse(stdout).rules[0].pkts).toBe(matched)
  })
})

for (const backend of ['iptables-legacy', 'iptables-nft'] as const)
  await describeKernel(
    backend,
    () => {
      it('is verified', async () => {
        const { code, stdout } = await svcsim(['verify', ...GIVEN, ...FLOWS, '--backend', backend])
        expect(stdout).toMatch(/^filter FORWARD rule 1 +3 1 \d+ +3 1 \d+ +equal/m)
        expect(code).toBe(0)
      })
    },
    { sets: true },
  )
