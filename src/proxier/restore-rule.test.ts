import { describe, expect, it } from 'vitest'
import { hostPrefix, parseIp, parsePrefix } from '../net/ip.ts'
import type { Rule } from '../ruleset/ruleset.ts'
import { type RestoreSpelling, restoreRule } from './restore-rule.ts'
import { comment, destination, jump, oneIn, rule, source, toService } from './rule-parts.ts'

const IP4 = parseIp('10.96.0.1')!
const IP6 = parseIp('fd00::1')!
const to = jump('TO')

describe('restoreRule', () => {
  it.each<[string, Rule, string, RestoreSpelling?]>([
    [
      'a Service',
      rule(toService(IP4, 'TCP', 80, 'default/web cluster IP'), to),
      '-m comment --comment "default/web cluster IP" -m tcp -p tcp -d 10.96.0.1 --dport 80 -j TO',
    ],
    [
      'a Service in IPv6, over SCTP',
      rule(toService(IP6, 'SCTP', 80, 'a'), to),
      '-m comment --comment a -m sctp -p sctp -d fd00::1 --dport 80 -j TO',
    ],
    ['a single address', rule([source(hostPrefix(IP4))], to), '-s 10.96.0.1 -j TO'],
    [
      'a CIDR of a single address',
      rule([source(hostPrefix(IP4))], to),
      '-s 10.96.0.1/32 -j TO',
      { sourceIsCidr: true },
    ],
    ['a CIDR', rule([source(parsePrefix('10.0.0.0/8')!)], to), '-s 10.0.0.0/8 -j TO'],
    ['all but loopback', rule([destination(hostPrefix(parseIp('::1')!), true)], to), '! -d ::1/128 -j TO'],
    ['a rule that only counts', rule([comment('a b')]), '-m comment --comment "a b"'],
    ['the mark', rule([], { kind: 'mark', value: 0x4000, mask: 0x4000 }), '-j MARK --or-mark 0x00004000'],
    ['the highest mark', rule([], { kind: 'mark', value: 2 ** 31, mask: 0 }), '-j MARK --xor-mark 0x80000000'],
    ['a refusal', rule([], { kind: 'reject', with: 'icmp-port-unreachable' }), '-j REJECT'],
    ['an IPv6 endpoint', rule([], { kind: 'dnat', address: IP6, port: 80 }), '-j DNAT --to-destination [fd00::1]:80'],
  ])('%s', (_what, of, text, spelling) => {
    expect(restoreRule('FROM', of, spelling)).toBe(`-A FROM ${text}\n`)
  })

  it.each([
    [2, '0.5000000000'],
    [3, '0.3333333333'],
    [7, '0.1428571429'],
    [1000, '0.0010000000'],
    [2048, '0.0004882812'],
    [4096, '0.0002441406'],
    [10_240, '0.0000976563'],
    [100_000, '0.0000100000'],
  ])('one in %i', (choices, text) => {
    expect(restoreRule('A', rule([oneIn(choices)], to), { choices })).toBe(
      `-A A -m statistic --mode random --probability ${text} -j TO\n`,
    )
  })

  it('refuses what kube-proxy does not write', () => {
    expect(() => restoreRule('A', rule([{ kind: 'limit', rate: 1, per: 'sec', burst: 5 }]))).toThrow('no match limit')
    expect(() => restoreRule('A', rule([], { kind: 'goto', chain: 'B' }))).toThrow('no verdict goto')
    expect(() => restoreRule('A', rule([oneIn(2)]))).toThrow('number of choices')
  })
})
