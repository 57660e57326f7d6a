import { describe, expect, it } from 'vitest'
import { parseIp, parsePrefix } from '../net/ip.ts'
import { printRule, printRuleset } from './print-iptables.ts'
import { printProbability } from './print-match.ts'
import type { Match, Ruleset, Verdict } from './ruleset.ts'
import { statisticThreshold } from './ruleset.ts'

const prefix = (text: string) => parsePrefix(text)!
const range = (from: number, to = from, negated = false) => ({ from, to, negated })
const printed = (match: Match, family: 4 | 6 = 4): string => printRule('C', { matches: [match] }, family)
const comment = (text: string): Match => ({ kind: 'comment', text })

// What iptables-save 1.8.9 prints after the option was loaded.
describe('printRule', () => {
  const matches: readonly [Match, string][] = [
    [{ kind: 'source', prefix: prefix('10.0.0.1/32'), negated: false }, '-s 10.0.0.1/32'],
    [{ kind: 'source', prefix: prefix('10.0.0.0/8'), negated: true }, '! -s 10.0.0.0/8'],
    [{ kind: 'destination', prefix: prefix('fd00::1/128'), negated: false }, '-d fd00::1/128'],
    [{ kind: 'destination', prefix: prefix('::1/128'), negated: true }, '! -d ::1/128'],
    [{ kind: 'inInterface', name: 'cni0', negated: false }, '-i cni0'],
    [{ kind: 'inInterface', name: 'veth+', negated: true }, '! -i veth+'],
    [{ kind: 'outInterface', name: 'eth0', negated: true }, '! -o eth0'],
    [{ kind: 'protocol', protocol: 'sctp', negated: false }, '-p sctp'],
    [{ kind: 'protocol', protocol: 'icmp', negated: true }, '! -p icmp'],
    [{ kind: 'ports', protocol: 'tcp' }, '-m tcp'],
    [{ kind: 'ports', protocol: 'tcp', destination: range(443) }, '-m tcp --dport 443'],
    [
      { kind: 'ports', protocol: 'udp', source: range(1024, 65535), destination: range(53, 53, true) },
      '-m udp --sport 1024:65535 ! --dport 53',
    ],
    [{ kind: 'addrtype', destination: { types: ['LOCAL'], negated: false } }, '-m addrtype --dst-type LOCAL'],
    [{ kind: 'addrtype', source: { types: ['LOCAL'], negated: true } }, '-m addrtype ! --src-type LOCAL'],
    [{ kind: 'conntrack', states: ['NEW'], negated: false }, '-m conntrack --ctstate NEW'],
    [
      { kind: 'conntrack', states: ['DNAT', 'ESTABLISHED', 'RELATED'], negated: true },
      '-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT',
    ],
    [{ kind: 'mark', value: 0x4000, mask: 0x4000, negated: true }, '-m mark ! --mark 0x4000/0x4000'],
    [{ kind: 'mark', value: 1, mask: 0xffff_ffff, negated: false }, '-m mark --mark 0x1'],
    [{ kind: 'mark', value: 2 ** 31, mask: 2 ** 31, negated: false }, '-m mark --mark 0x80000000/0x80000000'],
    [
      { kind: 'statistic', threshold: 2 ** 30, negated: false },
      '-m statistic --mode random --probability 0.50000000000',
    ],
    [
      { kind: 'recent', operation: 'rcheck', name: 'X', side: 'source', seconds: 60, reap: true, negated: false },
      '-m recent --rcheck --seconds 60 --reap --name X --mask 255.255.255.255 --rsource',
    ],
    [
      { kind: 'recent', operation: 'set', name: 'X', side: 'source', negated: false },
      '-m recent --set --name X --mask 255.255.255.255 --rsource',
    ],
    [{ kind: 'nfacct', name: 'drops' }, '-m nfacct --nfacct-name  drops'],
    [comment('plain_word-1'), '-m comment --comment plain_word-1'],
    [comment('default/web:http'), '-m comment --comment "default/web:http"'],
    [comment(''), '-m comment --comment ""'],
    [comment(`a "b" \\ 'c'`), `-m comment --comment "a \\"b\\" \\\\ \\'c\\'"`],
  ]
  it.each(matches.map(([match, text]) => [text, match] as const))('prints %s', (text, match) => {
    expect(printed(match)).toBe(`-A C ${text}`)
  })

  it('leaves out a prefix that holds every address, but not its negation', () => {
    expect(printed({ kind: 'source', prefix: prefix('0.0.0.0/0'), negated: false })).toBe('-A C')
    expect(printed({ kind: 'source', prefix: prefix('0.0.0.0/0'), negated: true })).toBe('-A C ! -s 0.0.0.0/0')
  })

  it('prints the mask of a recent list by family', () => {
    const text = printed({ kind: 'recent', operation: 'update', name: 'X', side: 'source', negated: true }, 6)
    expect(text).toBe('-A C -m recent ! --update --name X --mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff --rsource')
  })

  const verdicts: readonly [Verdict | undefined, string][] = [
    [undefined, ''],
    [{ kind: 'accept' }, ' -j ACCEPT'],
    [{ kind: 'drop' }, ' -j DROP'],
    [{ kind: 'return' }, ' -j RETURN'],
    [{ kind: 'jump', chain: 'X' }, ' -j X'],
    [{ kind: 'goto', chain: 'X' }, ' -g X'],
    [{ kind: 'reject', with: 'icmp-port-unreachable' }, ' -j REJECT --reject-with icmp-port-unreachable'],
    [{ kind: 'dnat', address: parseIp('10.0.0.1')!, port: 80 }, ' -j DNAT --to-destination 10.0.0.1:80'],
    [{ kind: 'dnat', address: parseIp('fd00::1')!, port: 80 }, ' -j DNAT --to-destination [fd00::1]:80'],
    [{ kind: 'dnat', address: parseIp('fd00::1')!, port: 0 }, ' -j DNAT --to-destination fd00::1'],
    [{ kind: 'masquerade', randomFully: true }, ' -j MASQUERADE --random-fully'],
    [{ kind: 'masquerade', randomFully: false }, ' -j MASQUERADE'],
    [{ kind: 'snat', address: parseIp('10.0.0.1')! }, ' -j SNAT --to-source 10.0.0.1'],
    [{ kind: 'mark', value: 0x4000, mask: 0 }, ' -j MARK --set-xmark 0x4000/0x0'],
  ]
  it.each(verdicts.map(([verdict, text]) => [text, verdict] as const))('prints%s', (text, verdict) => {
    expect(printRule('C', { matches: [], verdict })).toBe(`-A C${text}`)
  })
})

describe('printProbability', () => {
  it.each([
    [1 / 2, '0.50000000000'],
    [0.3333333333, '0.33333333349'],
    [0.1428571429, '0.14285714272'],
    [0.1666666667, '0.16666666651'],
    [0.2, '0.20000000019'],
    [0.001, '0.00100000016'],
    // 2^-12 has twelve decimals, 0.000244140625: printf rounds the tie to the even digit, 3/2^12 the other way.
    [1 / 4096, '0.00024414062'],
    [3 / 4096, '0.00073242188'],
    [0, '0.00000000000'],
    [1, '1.00000000000'],
  ])('of %d is %s', (probability, text) => {
    expect(printProbability(statisticThreshold(probability))).toBe(text)
  })
})

describe('printRuleset', () => {
  const ruleset: Ruleset = {
    family: 4,
    tables: [
      {
        name: 'nat',
        chains: new Map([
          [
            'OUTPUT',
            { name: 'OUTPUT', policy: 'ACCEPT', rules: [{ matches: [], verdict: { kind: 'jump', chain: 'X' } }] },
          ],
          ['X', { name: 'X', side: 'source', rules: [{ matches: [] }, { matches: [], verdict: { kind: 'return' } }] }],
        ]),
      },
    ],
  }

  it('prints chains, then rules, then COMMIT', () => {
    expect(printRuleset(ruleset)).toBe(
      '*nat\n:OUTPUT ACCEPT [0:0]\n:X - [0:0]\n-A OUTPUT -j X\n-A X\n-A X -j RETURN\nCOMMIT\n',
    )
  })

  it('puts counters before rules and policies', () => {
    const counterOf = (table: string, chain: string, index: number) => ({
      packets: table.length,
      bytes: chain.length * 10 + index,
    })
    expect(printRuleset(ruleset, counterOf)).toBe(
      '*nat\n:OUTPUT ACCEPT [3:59]\n:X - [0:0]\n[3:60] -A OUTPUT -j X\n[3:10] -A X\n[3:11] -A X -j RETURN\nCOMMIT\n',
    )
  })

  it('of no tables is empty', () => {
    expect(printRuleset({ family: 6, tables: [] })).toBe('')
  })
})
