/** What of a user's rules is not modelled is said by name and count, never guessed. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { svcsim, temporaryFolder } from './svcsim-process.ts'

const folder = temporaryFolder()
const rules = join(folder, 'rules.txt')
const flows = join(folder, 'flows.json')

writeFileSync(
  rules,
  `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A OUTPUT -m owner --uid-owner 0 -j ACCEPT
-A OUTPUT -p tcp -m owner --uid-owner 1 -j DROP
COMMIT
`,
)
writeFileSync(
  flows,
  '{"flows": [{"id": "a", "from": "node", "src": "192.168.10.1", "dst": "10.0.0.9", "proto": "tcp", "dport": 80}]}',
)

const replay = (...flags: readonly string[]) => svcsim(['replay', '--rules', rules, '--flows', flows, ...flags])

describe('a text that is no list of rules', () => {
  it.each([
    ['table inet filter {\n}\n', ':1:7: family "inet" is not modelled; give tables of family ip or ip6 alone'],
    [
      'Chain INPUT (policy ACCEPT)\n',
      ':1:1: "Chain INPUT (policy ACCEPT)" stands outside of a table; give what iptables-save',
    ],
    ['', ':1:1: the text holds no table; give what iptables-save prints'],
  ])('is refused in one sentence: %j', async (text, words) => {
    const other = join(folder, 'other.txt')
    writeFileSync(other, text)
    const { code, stdout, stderr } = await svcsim(['replay', '--rules', other, '--flows', flows])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(words)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })
})

describe('ten million rules', () => {
  it.each([
    ['iptables-save', `*filter\n:FORWARD ACCEPT [0:0]\n${'-A FORWARD\n'.repeat(1e7)}COMMIT\n`],
    ['nft', `table ip t {\n\tchain c {\n${'\t\taccept\n'.repeat(1e7)}\t}\n}\n`],
    ['nft, in one line', `table ip t { chain c { ${'accept; '.repeat(1e7)} } }`],
    ['nft, as elements', `table ip t { set s { type ipv4_addr; elements = { ${'10.0.0.1, '.repeat(1e7)} } } }`],
  ])('are refused, naming the limit: %s', async (_, text) => {
    const many = join(folder, 'many.txt')
    writeFileSync(many, text)
    const { code, stdout, stderr } = await svcsim(['replay', '--rules', many, '--flows', flows])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(
      /many\.txt:\d+:\d+: the text has (10,000,003 lines, more than the|more than) 1,000,000 [^\n]*; leave tables or chains out\n$/,
    )
  })
})

describe('rules with a match that is not modelled', () => {
  it('are refused, naming the rule and the match', async () => {
    const { code, stdout, stderr } = await replay()
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(
      'match owner is not modelled and held as it is written, in 2 rules (the first: rule 1 of filter OUTPUT)',
    )
    expect(stderr).toMatch(/filter OUTPUT rule 1: match owner is not modelled; .*--unknown-matches never or always/)
  })

  it.each([
    ['never', [0, 0]],
    ['always', [1, 0]],
  ])('are replayed with --unknown-matches %s', async (flag, matched) => {
    const { code, stdout, stderr } = await replay('--unknown-matches', flag)
    expect(code).toBe(0)
    expect(stderr).toContain('match owner is not modelled and held as it is written, in 2 rules')
    const output = JSON.parse(stdout).rules.filter((rule: { chain: string }) => rule.chain === 'OUTPUT')
    expect(output.map((rule: { pkts: number }) => rule.pkts)).toEqual(matched)
  })
})
