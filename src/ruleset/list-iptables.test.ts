import { describe, expect, it } from 'vitest'
import { parseIp, parsePrefix } from '../net/ip.ts'
import { listTable } from './list-iptables.ts'
import type { Match, Rule, Verdict } from './ruleset.ts'

const HEADER = 'target     prot opt source               destination         '
const EVERYWHERE = '0.0.0.0/0            0.0.0.0/0           '

const source = (text: string, negated = false): Match => ({ kind: 'source', prefix: parsePrefix(text)!, negated })
const destination = (text: string, negated = false): Match => ({
  kind: 'destination',
  prefix: parsePrefix(text)!,
  negated,
})
const comment = (text: string): Match => ({ kind: 'comment', text })
const tcp: Match = { kind: 'protocol', protocol: 'tcp', negated: false }
const jump = (chain: string): Verdict => ({ kind: 'jump', chain })

function listed(rule: Rule, family: 4 | 6 = 4): string {
  const chains = new Map([['X', { name: 'X', rules: [rule] }]])
  return listTable({ name: 'nat', chains }, family).split('\n')[2]
}

// Lines of `iptables -t nat -L -n` with iptables 1.8.9, the protocol's name in place of its number.
describe('listTable', () => {
  it.each<[string, Rule, string]>([
    [
      'a Service',
      {
        matches: [
          destination('192.168.18.202/32'),
          tcp,
          comment('kube-system/kubernetes-dashboard: cluster IP'),
          { kind: 'ports', protocol: 'tcp', destination: { from: 443, to: 443, negated: false } },
        ],
        verdict: jump('KUBE-SVC-XGLOHA7QRQ3V22RZ'),
      },
      'KUBE-SVC-XGLOHA7QRQ3V22RZ  tcp  --  0.0.0.0/0            192.168.18.202       /* kube-system/kubernetes-dashboard: cluster IP */ tcp dpt:443',
    ],
    [
      'an endpoint',
      {
        matches: [tcp, comment('a/b:'), { kind: 'ports', protocol: 'tcp' }],
        verdict: { kind: 'dnat', address: parseIp('192.168.34.17')!, port: 8443 },
      },
      `DNAT       tcp  --  ${EVERYWHERE} /* a/b: */ tcp to:192.168.34.17:8443`,
    ],
    [
      'an endpoint that remembers clients',
      {
        matches: [
          tcp,
          { kind: 'recent', operation: 'set', name: 'S', side: 'source', negated: false },
          { kind: 'ports', protocol: 'tcp' },
        ],
        verdict: { kind: 'dnat', address: parseIp('10.0.0.1')!, port: 80 },
      },
      `DNAT       tcp  --  ${EVERYWHERE} recent: SET name: S side: source mask: 255.255.255.255 tcp to:10.0.0.1:80`,
    ],
    [
      'a remembered endpoint',
      {
        matches: [
          { kind: 'recent', operation: 'rcheck', name: 'S', side: 'source', seconds: 3600, reap: true, negated: false },
        ],
        verdict: jump('S'),
      },
      `S          all  --  ${EVERYWHERE} recent: CHECK seconds: 3600 reap name: S side: source mask: 255.255.255.255`,
    ],
    [
      'a random choice',
      {
        matches: [comment('c'), { kind: 'statistic', threshold: 2 ** 30, negated: false }],
        verdict: jump('KUBE-SEP-1'),
      },
      `KUBE-SEP-1  all  --  ${EVERYWHERE} /* c */ statistic mode random probability 0.50000000000`,
    ],
    [
      'what is not local',
      { matches: [source('10.244.0.0/16', true), destination('10.96.0.10/32'), tcp], verdict: jump('KUBE-MARK-MASQ') },
      'KUBE-MARK-MASQ  tcp  -- !10.244.0.0/16        10.96.0.10          ',
    ],
    [
      'a rule without a target, by interface',
      { matches: [{ kind: 'inInterface', name: 'cni0', negated: false }] },
      `           all  --  ${EVERYWHERE}`,
    ],
    [
      'nodePorts',
      {
        matches: [{ kind: 'addrtype', destination: { types: ['LOCAL'], negated: false } }],
        verdict: jump('KUBE-NODEPORTS'),
      },
      `KUBE-NODEPORTS  all  --  ${EVERYWHERE} ADDRTYPE match dst-type LOCAL`,
    ],
    [
      'a set mark',
      { matches: [], verdict: { kind: 'mark', value: 0x4000, mask: 0x4000 } },
      `MARK       all  --  ${EVERYWHERE} MARK or 0x4000`,
    ],
    [
      'a toggled mark',
      { matches: [], verdict: { kind: 'mark', value: 0x4000, mask: 0 } },
      `MARK       all  --  ${EVERYWHERE} MARK xor 0x4000`,
    ],
    [
      'a mark put in place of another',
      { matches: [], verdict: { kind: 'mark', value: 1, mask: 0xffff_ffff } },
      `MARK       all  --  ${EVERYWHERE} MARK set 0x1`,
    ],
    [
      'a mark taken off',
      { matches: [], verdict: { kind: 'mark', value: 0, mask: 0x4000 } },
      `MARK       all  --  ${EVERYWHERE} MARK and 0xffffbfff`,
    ],
    [
      'bits of a mark',
      { matches: [], verdict: { kind: 'mark', value: 1, mask: 3 } },
      `MARK       all  --  ${EVERYWHERE} MARK xset 0x1/0x3`,
    ],
    [
      'what is not marked',
      { matches: [{ kind: 'mark', value: 0x4000, mask: 0x4000, negated: true }], verdict: { kind: 'return' } },
      `RETURN     all  --  ${EVERYWHERE} mark match ! 0x4000/0x4000`,
    ],
    [
      'a masquerade',
      { matches: [comment('c')], verdict: { kind: 'masquerade', randomFully: true } },
      `MASQUERADE  all  --  ${EVERYWHERE} /* c */ random-fully`,
    ],
    [
      'a refusal',
      { matches: [], verdict: { kind: 'reject', with: 'icmp-port-unreachable' } },
      `REJECT     all  --  ${EVERYWHERE} reject-with icmp-port-unreachable`,
    ],
    [
      'states',
      {
        matches: [{ kind: 'conntrack', states: ['RELATED', 'ESTABLISHED', 'DNAT'], negated: true }],
        verdict: { kind: 'drop' },
      },
      `DROP       all  --  ${EVERYWHERE} ! ctstate RELATED,ESTABLISHED,DNAT`,
    ],
    [
      'a counter',
      { matches: [{ kind: 'nfacct', name: 'drops' }], verdict: { kind: 'drop' } },
      `DROP       all  --  ${EVERYWHERE} nfacct-name  drops`,
    ],
    [
      'port ranges',
      {
        matches: [
          { kind: 'protocol', protocol: 'udp', negated: true },
          {
            kind: 'ports',
            protocol: 'udp',
            source: { from: 1, to: 9, negated: false },
            destination: { from: 53, to: 53, negated: true },
          },
        ],
        verdict: { kind: 'accept' },
      },
      `ACCEPT    !udp  --  ${EVERYWHERE} udp spts:1:9 dpt:!53`,
    ],
  ])('lists %s', (_, rule, line) => {
    expect(listed(rule)).toBe(line)
  })

  it('lists IPv6 with an empty opt column', () => {
    const rule: Rule = {
      matches: [destination('::1/128', true), tcp],
      verdict: { kind: 'dnat', address: parseIp('fd00::1')!, port: 80 },
    }
    expect(listed(rule, 6)).toBe('DNAT       tcp      ::/0                !::1                  to:[fd00::1]:80')
  })

  it('heads chains with their policy, or with how many rules lead there, and parts them by an empty line', () => {
    const rules: Rule[] = [
      { matches: [], verdict: jump('X') },
      { matches: [], verdict: { kind: 'goto', chain: 'X' } },
    ]
    const chains = new Map([
      ['OUTPUT', { name: 'OUTPUT', policy: 'ACCEPT' as const, rules }],
      ['X', { name: 'X', rules: [] }],
    ])
    expect(listTable({ name: 'nat', chains }, 4)).toBe(
      `Chain OUTPUT (policy ACCEPT)\n${HEADER}\nX          all  --  ${EVERYWHERE}\nX          all  --  ${EVERYWHERE}[goto] \n\nChain X (2 references)\n${HEADER}\n`,
    )
  })
})
