/** `svcsim replay` as its users start it: what it prints, and what it says of bad input. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { GOLDEN } from './golden-case.ts'
import { svcsim } from './svcsim-process.ts'

const OBJECTS = ['--objects', join(GOLDEN, '09-nodeport/objects.json'), '--node', 'node-a']
const FLOWS = JSON.stringify({
  topology: { node_ips: ['172.18.0.2'], pod_cidrs: ['10.244.1.0/24'] },
  flows: [{ id: 'web', src: '192.0.2.50', dst: '172.18.0.2', proto: 'tcp', dport: 30080, conns: 40 }],
})
const replay = (args: readonly string[], stdin: string) => svcsim(['replay', '--flows', '-', ...args], { stdin })

describe('svcsim replay', () => {
  it.each(['iptables', 'nftables'])('%s: prints flows, backends and the counters of every rule as JSON', async mode => {
    const { code, stdout, stderr } = await replay([...OBJECTS, '--proxy-mode', mode], FLOWS)
    expect([code, stderr]).toEqual([0, ''])
    const { flows, backends, rules, evaluated_total, connections } = JSON.parse(stdout)
    expect(flows).toMatchObject([
      { id: 'web', conns: 40, outcome: { delivered: 40 }, source: { 'masq:172.18.0.2': 40 } },
    ])
    expect(Object.keys(backends)).toEqual(['10.244.1.5:8080', '10.244.2.6:8080'])
    expect(connections).toBe(40)
    const total = Object.values(evaluated_total as Record<string, number>).reduce((a, b) => a + b, 0)
    expect(total).toBe((rules as { evaluated: number }[]).reduce((sum, rule) => sum + rule.evaluated, 0))
  })

  it('prints the same bytes again, but for the wall clock, and others for another seed', async () => {
    const printed = async (seed: string): Promise<string> => {
      const { stdout } = await replay([...OBJECTS, '--seed', seed, '--format', 'counters'], FLOWS)
      return stdout
    }
    expect(await printed('7')).toBe(await printed('7'))
    expect(await printed('7')).not.toBe(await printed('8'))
  })

  it('prints counters as iptables-save -c', async () => {
    const { stdout } = await replay([...OBJECTS, '--format', 'counters'], FLOWS)
    expect(stdout).toContain(
      '[40:2080] -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    )
    expect(stdout).toMatch(/^:FORWARD ACCEPT \[0:0\]$/m)
  })

  it.each<[string, readonly string[], string, RegExp]>([
    ['no rules', [], FLOWS, /no rules; add --rules FILE/],
    ['rules twice', [...OBJECTS, '--rules', 'x'], FLOWS, /--rules and --objects at once/],
    ['an unknown node', ['--objects', OBJECTS[1], '--node', 'b'], FLOWS, /no Node "b"/],
    ['an unknown format', [...OBJECTS, '--format', 'xml'], FLOWS, /--format is "xml"; use json or counters/],
    ['standard input twice', ['--rules', '-'], FLOWS, /standard input is named twice/],
    [
      'an impossible address',
      OBJECTS,
      '{"flows": [{"src": "300.1.1.1", "dst": "10.0.0.1", "dport": 80}]}',
      /flows\[0\]\.src/,
    ],
    ['an unknown key', OBJECTS, '{"flows": [{"src": "1.1.1.1", "dst": "10.0.0.1", "dport": 80, "ports": 1}]}', /ports/],
    ['flows of the other family', OBJECTS, '{"flows": [{"src": "fd00::1", "dst": "fd00::2", "dport": 80}]}', /IPv6/],
    ['no JSON', OBJECTS, '{"flows": [', /standard input/],
    ['nothing', OBJECTS, '', /standard input/],
  ])('refuses %s with one sentence and exit code 2', async (_, args, stdin, text) => {
    const { code, stdout, stderr } = await replay(args, stdin)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(text)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })
})
