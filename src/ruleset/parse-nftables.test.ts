import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeProblem } from '../problem/problem.ts'
import type { NftRuleset } from './nft-ruleset.ts'
import { parseNftables } from './parse-nftables.ts'
import { printNftRule } from './print-nft-rule.ts'
import { printNftRuleset } from './print-nftables.ts'

function read(text: string): readonly NftRuleset[] {
  const rulesets = parseNftables(text, 'a.nft')
  if (E.isLeft(rulesets)) throw new Error(describeProblem(rulesets.left))
  return rulesets.right
}

const printed = (text: string): string => read(text).map(printNftRuleset).join('')

/** The fault of a text, as the user sees it. */
function faultOf(text: string): string {
  const rulesets = parseNftables(text, 'a.nft')
  return E.isLeft(rulesets) ? describeProblem(rulesets.left) : printed(text)
}

/** One rule of a chain, read and printed in both notations. */
function ruleOf(rule: string, family: 4 | 6 = 4): [listed: string, written: string] {
  const [{ tables }] = read(`table ip${family === 6 ? '6' : ''} t {\n\tchain c {\n\t\t${rule}\n\t}\n}\n`)
  const [parsed] = tables[0].chains.get('c')!.rules
  return [printNftRule(parsed, family), printNftRule(parsed, family, 'written')]
}

describe('a text that is too long', () => {
  it('is refused where it is', () => {
    expect(printed('\n'.repeat(1_000_000))).toBe('')
    expect(faultOf('\n'.repeat(1_000_001))).toMatch(
      /a\.nft:1000001:1: the text has more than 1,000,000 lines and parts/,
    )
  })
})

describe('parseNftables', () => {
  // Each is what nft 1.0.6 lists of it.
  it.each<[string, (4 | 6)?]>([
    ['ip saddr 10.0.0.0/8 drop'],
    ['ip saddr != 10.0.0.1 accept'],
    ['ip saddr { 10.0.0.1, 10.0.0.2 } accept'],
    ['ip saddr != { 10.0.0.0-10.191.255.255, 192.0.2.0/24 } drop'],
    ['ip saddr { 0.0.0.0/0 } drop'],
    ['ip6 daddr != { fd00::1-fd00::2, fd00:1::1 } drop', 6],
    ['ip6 daddr ::/0 drop', 6],
    ['ip daddr @ips drop'],
    ['ip daddr . meta l4proto . th dport != @q drop'],
    ['ip daddr . meta l4proto . th dport vmap @m'],
    ['ip daddr @ips meta l4proto . th dport vmap @m'],
    ['meta l4proto tcp dnat to 10.0.0.1:80'],
    ['meta l4proto != udp dnat to 10.0.0.1'],
    ['meta l4proto sctp dnat to [fd00::1]:65535', 6],
    ['tcp dport 80 ip saddr != 10.0.0.0/8 counter packets 3 bytes 180 jump b comment "a b"'],
    ['udp dport != 53 return'],
    ['ct state new jump a'],
    ['ct state != established,new goto a'],
    ['iifname "veth*" goto a'],
    ['iifname != "cni0" jump a'],
    ['fib daddr type local ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap @m'],
    ['fib saddr type != local reject'],
    ['reject with tcp reset'],
    ['ip daddr 192.0.2.1 iifname "eth0" meta mark 0x00000001 reject with tcp reset'],
    ['meta l4proto tcp counter packets 0 bytes 0 reject with tcp reset comment "no"'],
    ['tcp dport != 80 reject with tcp reset'],
    ['meta mark & 0x00004000 == 0x00000000 return'],
    ['meta mark & 0x00004000 != 0x00004000 return'],
    ['meta mark 0x00000000/1 return'],
    ['meta mark != 0x01000000/8 return'],
    ['meta mark 0x00000001 drop'],
    ['meta mark set meta mark | 0x80000000'],
    ['meta mark set meta mark & 0xfffffff0'],
    ['meta mark set 0x00000000'],
    ['th dport 80 drop'],
    ['th dport != 53 jump a'],
    ['meta mark set meta mark ^ 0x00004000'],
    ['masquerade'],
    ['masquerade fully-random'],
    ['numgen random mod 1 vmap { 0 : goto a }'],
    ['numgen inc mod 4294967295 vmap { 0 : jump a, 1 : accept, 2 : drop }'],
    ['update @clients { ip saddr }'],
  ])('reads and prints %s', (rule, family = 4) => {
    expect(ruleOf(rule, family)[0]).toBe(rule)
  })

  it.each<[string, string]>([
    ['mark and 0x00004000 == 0 return', 'meta mark & 0x00004000 == 0x00000000 return'],
    ['mark set mark or 0x00004000', 'meta mark set meta mark | 0x00004000'],
    ['iifname veth* goto a', 'iifname "veth*" goto a'],
    ['numgen random mod 2 vmap { 0 : goto a , 1 : goto b }', 'numgen random mod 2 vmap { 0 : goto a, 1 : goto b }'],
  ])('reads what kube-proxy writes: %s', (rule, listed) => {
    expect(ruleOf(rule)).toEqual([listed, rule])
    expect(ruleOf(listed)).toEqual([listed, rule])
  })

  it('takes what is like what nft would list', () => {
    for (const [rule, listed] of [
      ['ip saddr 10.0.0.9/8 drop', 'ip saddr 10.0.0.0/8 drop'],
      ['ct state new,established drop', 'ct state established,new drop'],
      ['counter drop', 'counter packets 0 bytes 0 drop'],
      ['meta mark == 7 drop', 'meta mark 0x00000007 drop'],
    ])
      expect(ruleOf(rule)[0]).toBe(listed)
  })

  it('reads tables of both families, comments, handles, CRLF, and elements that expire', () => {
    const text = [
      'table ip6 t { # handle 3',
      '\tchain c { # handle 1',
      '\t\ttype nat hook prerouting priority dstnat + 10; policy drop;',
      '\t}',
      '}',
      '# a comment',
      'table ip t {',
      '\tset clients {',
      '\t\ttype ipv4_addr',
      '\t\tsize 65535',
      '\t\tflags dynamic,timeout',
      '\t\ttimeout 3h',
      '\t\telements = { 10.0.0.1 expires 2h59m55s812ms, 10.0.0.2 expires 1s,',
      '\t\t\t     10.0.0.3 expires 1ms }',
      '\t}',
      '',
      '\tset empty {',
      '\t\ttype ipv6_addr . inet_proto . inet_service',
      '\t\telements = { }',
      '\t}',
      '}',
      '',
    ]
    const [four, six] = read(text.join('\r\n'))
    expect(six.tables[0].chains.get('c')!.hook).toEqual({
      type: 'nat',
      hook: 'prerouting',
      priority: -90,
      policy: 'drop',
    })
    const clients = four.tables[0].sets.get('clients')!
    expect(clients).toMatchObject({ timeoutSeconds: 10800, size: 65535, flags: ['dynamic', 'timeout'] })
    expect([...clients.elements.values()].map(e => e.expiresMs)).toEqual([10_795_812, 1000, 1])
    expect(printNftRuleset(four)).toContain('elements = { 10.0.0.1 expires 2h59m55s812ms, 10.0.0.2 expires 1s,\n')
    expect(four.tables[0].sets.get('empty')!.elements.size).toBe(0)
  })

  it('has nothing to say of an empty text', () => {
    for (const text of ['', '\n', '# only a comment', ' ; \r\n']) expect(read(text)).toEqual([])
  })

  it('forgets what was before flush ruleset, with which files for nft -f begin', () => {
    const table = 'table ip b {\n\tchain c {\n\t}\n}\n'
    expect(printed(`#!/usr/sbin/nft -f\nflush ruleset\n${table}`)).toBe(printed(table))
    expect(printed(`table ip a {\n}\nflush ruleset\n${table}`)).toBe(printed(table))
  })

  it('does commands one after another', () => {
    const start = 'add table ip t\nadd chain ip t a\nadd rule ip t a drop\nadd set ip t s { type ipv4_addr ; }\n'
    const table = (more: string): NftRuleset['tables'][number] => read(start + more)[0].tables[0]
    expect(table('').chains.get('a')!.rules).toHaveLength(1)
    expect(table('add chain ip t a').chains.get('a')!.rules).toHaveLength(1)
    expect(table('flush chain ip t a').chains.get('a')!.rules).toHaveLength(0)
    expect(table('delete chain ip t a').chains.size).toBe(0)
    expect(table('add element ip t s { 10.0.0.1, 10.0.0.2 }').sets.get('s')!.elements.size).toBe(2)
    expect(table('add element ip t s { 10.0.0.1 }; flush set ip t s').sets.get('s')!.elements.size).toBe(0)
    expect(
      table('add element ip t s { 10.0.0.1 }\ndelete element ip t s { 10.0.0.1 }').sets.get('s')!.elements.size,
    ).toBe(0)
    expect(table('add rule ip t a update @s { ip saddr }').sets.get('s')!.size).toBe(65_535)
    expect(table('delete set ip t s').sets.size).toBe(0)
    const longer = 'add element ip t s { 10.0.0.1 }\nadd set ip t s { type ipv4_addr ; timeout 7200s ; }'
    expect(table(longer).sets.get('s')).toMatchObject({ timeoutSeconds: 7200, elements: { size: 1 } })
    expect(read(`${start}delete table ip t`)).toEqual([])
  })

  it.each<[string, string]>([
    [
      'table inet t {\n}',
      'a.nft:1:7: family "inet" is not modelled; give tables of family ip or ip6 alone, with the family',
    ],
    [
      'table ip t {\n\tchain c {',
      'a.nft:2:11: "}" is expected, not the end of the text; the text is cut off: give all of it',
    ],
    [
      'table ip t {\n\tflowtable f {\n\t}\n}',
      'a.nft:2:2: "flowtable" in a table is not modelled; known are chain, set, map and comment',
    ],
    [
      'table ip t {\n\tchain c {\n\t\tlimit rate 3/second drop\n\t}\n}',
      'a.nft:3:3: a match or verdict that is modelled is expected, not "limit"; give the table of kube-proxy alone',
    ],
    [
      'table ip t {\n\tchain c {\n\t\tip saddr 10.0.0.256 drop\n\t}\n}',
      'a.nft:3:12: "10.0.0.256" is no IPv4 address or prefix; write one, as 10.0.0.1 or fd00::/64',
    ],
    [
      'table ip6 t {\n\tchain c {\n\t\tip saddr 10.0.0.1 drop\n\t}\n}',
      'a.nft:3:3: "ip saddr" is not modelled here; known are ip6 saddr, ip6 daddr, meta l4proto, th dport',
    ],
    [
      'table ip t {\n\tchain c {\n\t\tdrop accept\n\t}\n}',
      'a.nft:3:8: the end of the rule is expected, not "accept"; put the verdict last, and only a comment after it',
    ],
    [
      'table ip t {\n\tchain c {\n\t\tnumgen random mod 2 vmap { 1 : drop }\n\t}\n}',
      'a.nft:3:30: number 1 is out of turn below 2; number the verdicts from 0, one after another',
    ],
    [
      'table ip t {\n\tchain c {\n\t\tnumgen random mod 0 vmap { 0 : drop }\n\t}\n}',
      'a.nft:3:30: number 0 is out of turn below 0; number the verdicts from 0, one after another',
    ],
    [
      'table ip t {\n\tchain c {\n\t\ttcp dport 65536 drop\n\t}\n}',
      'a.nft:3:13: "65536" is no port; write a number from 0 to 65535',
    ],
    [
      'table ip t {\n\tchain c {\n\t\tdnat to 10.0.0.1:99999\n\t}\n}',
      'a.nft:3:11: "10.0.0.1:99999" is no address to send to; write 10.0.0.1:80 or [fd00::1]:80',
    ],
    [
      'table ip t {\n\tchain c {\n\t\treject with icmp host-unreachable\n\t}\n}',
      'a.nft:3:15: "tcp" is expected, not "icmp"; the rule may reject, or reject with tcp reset',
    ],
    [
      'table ip t {\n\tchain c {\n\t\tmeta l4proto udp reject with tcp reset\n\t}\n}',
      'a.nft:3:32: what is not TCP cannot be reset; match tcp, or reject without more words',
    ],
    [
      'table ip t {\n\tchain c {\n\t\tdrop comment "a\n\t}\n}',
      'a.nft:3:16: a quoted string does not end; close it with a " in its line',
    ],
    [
      'table ip t {\n\tchain c {\n\t\ttype filter hook ingress priority 0; policy accept;\n\t}\n}',
      'a.nft:3:20: hook "ingress" is not modelled; known are prerouting, input, forward, output, postrouting',
    ],
    [
      'table ip t {\n\tchain c {\n\t\ttype filter hook input priority dstnat; policy accept;\n\t}\n}',
      'a.nft:3:35: "dstnat" is no priority at hook input; write a number, or raw, mangle, filter, security',
    ],
    [
      'table ip t {\n\tset s {\n\t\telements = { 10.0.0.1 }\n\t}\n}',
      'a.nft:3:16: elements follow the type of their set, not "10.0.0.1"; write the type first',
    ],
    ['table ip t {\n\tset s {\n\t}\n}', 'a.nft:2:8: set "s" has no type; write its type first'],
    [
      'table ip t {\n\tset s {\n\t\ttype ether_addr\n\t}\n}',
      'a.nft:3:8: type "ether_addr" is not modelled; known are ipv4_addr, ipv6_addr, inet_proto, inet_service',
    ],
    [
      'table ip t {\n\tmap m {\n\t\ttype ipv4_addr : mark\n\t}\n}',
      'a.nft:3:20: "verdict" is expected, not "mark"; maps that give something else are not modelled',
    ],
    [
      'table ip t {\n\tset s {\n\t\ttype ipv4_addr\n\t\telements = { 10.0.0.1 10.0.0.2 }\n\t}\n}',
      'a.nft:4:25: "}" is expected, not "10.0.0.2"; close the elements, or put a comma before the next one',
    ],
    [
      'table ip t {\n\tset s {\n\t\ttype ipv4_addr\n\t\telements = { 10.0.0.1 }\n\t\ttype inet_proto\n\t}\n}',
      'a.nft:5:3: type stands twice in set "s"; write it once',
    ],
    [
      'add table ip t\nadd chain ip t c\nadd rule ip t c',
      'a.nft:3:16: a rule asks or does something, not the end of the text; write a statement or a verdict',
    ],
    ['add rule ip t c drop', 'a.nft:1:1: there is no table "t"; make it before, with add table'],
    ['add table ip t\nadd rule ip t c drop', 'a.nft:2:15: there is no chain "c"; make it before'],
    ['add table ip t\ndelete element ip t s { 10.0.0.1 }', 'a.nft:2:21: there is no set or map "s"; make it before'],
    [
      'add table ip t\nadd set ip t s { type ipv4_addr ; }\ndelete element ip t s { 10.0.0.1 }',
      'a.nft:3:23: "10.0.0.1" is no element of "s"; delete what is there',
    ],
    [
      'add counter ip t c',
      'a.nft:1:1: command "add counter" is not modelled; known are add table, delete table, add chain, flush chain, delete chain, add rule, add set, add map, flush set, flush map, delete set, add element, delete element',
    ],
    ['*nat', 'a.nft:1:1: "*nat" begins no table and no command; give what nft list shows, or nft commands'],
  ])('refuses %j', (text, fault) => {
    expect(faultOf(text)).toBe(fault)
  })

  it('comes to an end with any text', () => {
    const words = [
      ...[
        'table',
        'ip',
        'ip6',
        't',
        'chain',
        'c',
        'set',
        'map',
        '{',
        '}',
        ';',
        ',',
        ':',
        '.',
        '\n',
        '"',
        '#',
        '@s',
        '=',
      ],
      ...[
        'type',
        'ipv4_addr',
        'verdict',
        'elements',
        'comment',
        '"x"',
        'drop',
        'goto',
        'vmap',
        'numgen',
        'random',
        'mod',
      ],
      ...[
        '0',
        '1',
        '10.0.0.1',
        '10.0.0.0/8',
        'fd00::1',
        'meta',
        'mark',
        '&',
        'set',
        '|',
        'saddr',
        'add',
        'rule',
        'element',
      ],
      ...[
        'hook',
        'filter',
        'input',
        'priority',
        '-',
        'policy',
        'accept',
        'ct',
        'state',
        'new',
        '!=',
        '==',
        '\u0000',
        '🙂',
      ],
    ]
    const start = fc.constantFrom(
      '',
      'table ip t {',
      'table ip t { chain c {',
      'table ip t { set s {',
      'add table ip t\n',
    )
    const rest = fc.array(fc.constantFrom(...words), { maxLength: 40 })
    fc.assert(
      fc.property(start, rest, (first, more) => {
        const rulesets = parseNftables(`${first} ${more.join(' ')}`)
        if (E.isLeft(rulesets))
          expect(rulesets.left).toMatchObject({ _tag: 'BadInput', place: { line: expect.any(Number) } })
      }),
      { numRuns: 500 },
    )
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), text => {
        parseNftables(text)
      }),
      { numRuns: 500 },
    )
  })

  it('takes a time in proportion to a hostile text', () => {
    const many = 200_000
    for (const text of [
      '{'.repeat(many),
      `table ip t { chain c {${' ;'.repeat(many)}`,
      `table ip t { set s { type ipv4_addr; elements = { ${'10.0.0.1, '.repeat(many / 10)}`,
      `table ip t { chain c { ip saddr { ${'10.0.0.0/8, '.repeat(many / 10)}`,
      `table ip t { chain c { ip saddr { 0.0.0.1-255.255.255.254 } drop } }`,
      `add ${'a'.repeat(many)}`,
      `"${'a'.repeat(many)}`,
      ' '.repeat(many),
    ])
      parseNftables(text)
  })
})
