import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeProblem } from '../problem/problem.ts'
import type { IptablesSource } from './parse-iptables.ts'
import { parseIptables } from './parse-iptables.ts'
import { printRule } from './print-iptables.ts'
import { printSavedRuleset } from './print-saved-ruleset.ts'
import type { Rule } from './ruleset.ts'
import type { SavedRuleset } from './saved-ruleset.ts'
import { savedCounters } from './saved-ruleset.ts'

function read(text: string | Uint8Array, source?: IptablesSource): SavedRuleset {
  const result = parseIptables(text, source)
  if (E.isLeft(result)) throw new Error(describeProblem(result.left))
  return result.right
}

function problemOf(text: string | Uint8Array, source?: IptablesSource): string {
  const result = parseIptables(text, source)
  return E.isLeft(result) ? describeProblem(result.left) : 'was read'
}

const filter = (...lines: string[]): string => `*filter\n:A - [0:0]\n:B - [0:0]\n${lines.join('\n')}\nCOMMIT\n`

/** The one rule of chain A. */
function ruleOf(line: string, source?: IptablesSource): Rule {
  const { rules } = read(filter(line), source).ruleset.tables[0].chains.get('A')!
  expect(rules).toHaveLength(1)
  return rules[0]
}

const again = (line: string): string => {
  const { ruleset } = read(filter(line))
  return printRule('A', ruleset.tables[0].chains.get('A')!.rules[0], ruleset.family)
}

describe('a text of a million lines', () => {
  const text = (lines: number): string => `*filter\n${'\n'.repeat(lines - 2)}COMMIT`
  it('is read, and one of a line more refused before it is', () => {
    expect(problemOf(text(1_000_000))).toBe('was read')
    expect(problemOf(`${text(1_000_000)}\nnonsense`)).toContain(
      'the text has 1,000,001 lines, more than the 1,000,000 that are read',
    )
  })
})

describe('text of iptables-save', () => {
  it('is held as tables, chains and rules', () => {
    const { ruleset } = read(
      '*nat\n:OUTPUT DROP [1:60]\n:X - [0:0]\n-A OUTPUT -d 10.0.0.1/32 -p tcp -m tcp --dport 80 -j X\nCOMMIT\n',
    )
    expect(ruleset).toEqual({
      family: 4,
      tables: [
        {
          name: 'nat',
          chains: new Map([
            [
              'OUTPUT',
              {
                name: 'OUTPUT',
                policy: 'DROP',
                rules: [
                  {
                    matches: [
                      { kind: 'destination', prefix: { family: 4, value: 0x0a00_0001n, length: 32 }, negated: false },
                      { kind: 'protocol', protocol: 'tcp', negated: false },
                      { kind: 'ports', protocol: 'tcp', destination: { from: 80, to: 80, negated: false } },
                    ],
                    verdict: { kind: 'jump', chain: 'X' },
                  },
                ],
              },
            ],
            ['X', { name: 'X', rules: [] }],
          ]),
        },
      ],
    })
  })

  it('may hold an empty table, and tables in any order', () => {
    expect(read('*filter\nCOMMIT\n*raw\nCOMMIT').ruleset.tables.map(t => t.name)).toEqual(['filter', 'raw'])
  })

  const kept: readonly [string, string][] = [
    [
      'comment and blank lines anywhere',
      '# one\n\n*filter\n# two\n:INPUT ACCEPT [0:0]\n-A INPUT -j DROP\n  # three\nCOMMIT\n# four\n',
    ],
    ['counters of chains', '*filter\n:INPUT ACCEPT [9007199254740993:18446744073709551615]\n:X - [1:2]\nCOMMIT\n'],
    [
      'counters of rules',
      '*filter\n:INPUT ACCEPT [0:0]\n[9007199254740993:1] -A INPUT -j DROP\n[0:0] -A INPUT\nCOMMIT\n',
    ],
    ['rules not grouped by chain', filter('-A B -j DROP', '-A A -j ACCEPT', '-A B -j ACCEPT', '-A A -j DROP')],
    ['their counters', filter('[1:1] -A B -j DROP', '[2:2] -A A -j ACCEPT', '[3:3] -A B -j ACCEPT')],
    [
      'blanks at the ends of rules, as 1.4.7 writes them',
      filter('-A A -m state --state NEW -j DROP ', '-A B -j ACCEPT '),
    ],
    [
      'names and quotes',
      '*filter\n:-x - [0:0]\n:ü - [0:0]\n-A -x -m comment --comment "ü \\"q\\" \\\\ \\\'" -g ü\nCOMMIT\n',
    ],
  ]
  it.each(kept)('prints back %s', (_, text) => {
    expect(printSavedRuleset(read(text))).toBe(text)
  })

  it('may end lines with CR LF and begin with a byte order mark', () => {
    const text = filter('-A A -j DROP')
    expect(printSavedRuleset(read(`\ufeff${text.replaceAll('\n', '\r\n')}`))).toBe(text)
  })

  it('tells counters by table, chain and rule', () => {
    const counterOf = savedCounters(
      read(`${filter('[5:6] -A B -j DROP', '[1:2] -A A -j DROP', '-A B')}*raw\n:OUTPUT ACCEPT [7:8]\nCOMMIT\n`),
    )
    expect([counterOf('filter', 'A', 0), counterOf('filter', 'B', 0), counterOf('filter', 'B', 1)]).toEqual([
      { packets: 1n, bytes: 2n },
      { packets: 5n, bytes: 6n },
      { packets: 0n, bytes: 0n },
    ])
    expect(counterOf('raw', 'OUTPUT', -1)).toEqual({ packets: 7n, bytes: 8n })
    expect(counterOf('nat', 'OUTPUT', -1)).toEqual({ packets: 0n, bytes: 0n })
  })

  it('shares equal matches and verdicts', () => {
    const [a, b] = read(
      filter('-A A -s 10.0.0.1/32 -m comment --comment x -j B', '-A A -s 10.0.0.1/32 -m comment --comment x -j B'),
    ).ruleset.tables[0].chains.get('A')!.rules
    expect(a.matches[0]).toBe(b.matches[0])
    expect(a.matches[1]).toBe(b.matches[1])
    expect(a.verdict).toBe(b.verdict)
  })
})

describe('the family', () => {
  const families: readonly [string, string, 4 | 6][] = [
    ['nothing', '-A A -j DROP', 4],
    ['an IPv4 address', '-A A -s 10.0.0.1/32', 4],
    ['an IPv6 address', '-A A -d fd00::/8', 6],
    ['a mask of recent', '-A A -m recent --set --name x --mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff --rsource', 6],
    ['-6', '-A A -6 -j DROP', 6],
  ]
  it.each(families)('is known by %s', (_, line, family) => {
    expect(read(filter(line)).ruleset.family).toBe(family)
  })

  it('is known by the comment of ip6tables-save', () => {
    expect(read(`# Generated by ip6tables-save v1.8.9\n${filter()}`).ruleset.family).toBe(6)
    expect(read(`# Generated by ip6tables-nft-save v1.8.9\n${filter()}`).ruleset.family).toBe(6)
  })

  it('decides what REJECT alone answers, even when it shows later', () => {
    expect(again('-A A -j REJECT')).toBe('-A A -j REJECT --reject-with icmp-port-unreachable')
    const { rules } = read(filter('-A A -j REJECT', '-A A -s fd00::1/128')).ruleset.tables[0].chains.get('A')!
    expect(rules[0].verdict).toEqual({ kind: 'reject', with: 'icmp6-port-unreachable' })
  })
})

/** What iptables 1.8.9 saves of lines written by hand, or by older releases. */
describe('a line in another form', () => {
  const forms: readonly [string, string][] = [
    ['-A A -j DROP -p tcp -s 10.0.0.1', '-A A -s 10.0.0.1/32 -p tcp -j DROP'],
    ['--append A --source 10.0.0.1/255.255.0.0 --jump DROP', '-A A -s 10.0.0.1/16 -j DROP'],
    ['-A A -s 0/0 -p all -j DROP', '-A A -j DROP'],
    ['-A A -s ! 10.0.0.1 -p ! tcp -i ! eth0', '-A A ! -s 10.0.0.1/32 ! -i eth0 ! -p tcp'],
    ['-A A -p TCP --dport 80 --syn', '-A A -p tcp -m tcp --dport 80 --tcp-flags FIN,SYN,RST,ACK SYN'],
    ['-A A -p tcp -m tcp ! --syn', '-A A -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN'],
    ['-A A -p tcp -m comment --comment x --dport ! 80', '-A A -p tcp -m comment --comment x -m tcp ! --dport 80'],
    [
      '-A A -p tcp -m tcp -m comment --comment x --source-port 1:',
      '-A A -p tcp -m tcp --sport 1:65535 -m comment --comment x',
    ],
    [
      '-A A -p tcp -m tcp --sport :9 --tcp-flags ALL NONE',
      '-A A -p tcp -m tcp --sport 0:9 --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE',
    ],
    ['-A A -p udp -m multiport --destination-ports 1,2:3', '-A A -p udp -m multiport --dports 1,2:3'],
    ['-A A -p icmp --icmp-type echo-request', '-A A -p icmp -m icmp --icmp-type 8'],
    ['-A A -p icmp -m icmp --icmp-type host-unreachable', '-A A -p icmp -m icmp --icmp-type 3/1'],
    ['-A A -p icmpv6 -m icmpv6 --icmpv6-type ping', '-A A -p icmpv6 -m icmp6 --icmpv6-type 128'],
    ['-A A -m mark --mark 5', '-A A -m mark --mark 0x5'],
    ['-A A -m mark --mark 010/0xF', '-A A -m mark --mark 0x8/0xf'],
    ['-A A -m statistic --mode random --probability .5', '-A A -m statistic --mode random --probability 0.50000000000'],
    ['-A A -m statistic --mode nth --every 3', '-A A -m statistic --mode nth --every 3 --packet 0'],
    ['-A A -m limit --limit 10/second --limit-burst 5', '-A A -m limit --limit 10/sec'],
    ['-A A -m limit', '-A A -m limit --limit 3/hour'],
    ['-A A -m conntrack --ctstate ESTABLISHED,NEW', '-A A -m conntrack --ctstate NEW,ESTABLISHED'],
    ['-A A -j MARK --xor-mark 5', '-A A -j MARK --set-xmark 0x5/0x0'],
    ['-A A -j CONNMARK --restore-mark --mask 0xff', '-A A -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff'],
    ['-A A -j REJECT --reject-with port-unreach', '-A A -j REJECT --reject-with icmp-port-unreachable'],
    ['-A A -c 1 2 -j DROP', '-A A -j DROP'],
    ['\t-A  A\t-j   DROP', '-A A -j DROP'],
  ]
  it.each(forms)('%s', (line, saved) => {
    expect(again(line)).toBe(saved)
  })

  it('keeps the form of older releases', () => {
    for (const line of [
      '-A A -m state --state NEW -j DROP',
      '-A A -m recent --update --seconds 60 --hitcount 4 --name ssh --rsource -j DROP',
      '-A A -m statistic --mode random --probability 0.333333 -j DROP',
      '-A A -j MARK --set-mark 0x5',
      '-A A -j MARK --and-mark 0x5',
      '-A A -j MARK --or-mark 0x5',
      '-A A -j NOTRACK',
    ])
      expect(again(line)).toBe(line)
  })
})

describe('what is not modelled', () => {
  const unknown: readonly [string, Rule][] = [
    [
      '-A A -m owner ! --uid-owner 0 -j DROP',
      { matches: [{ kind: 'unknown', module: 'owner', options: '! --uid-owner 0' }], verdict: { kind: 'drop' } },
    ],
    ['-A A -m socket', { matches: [{ kind: 'unknown', module: 'socket', options: '' }] }],
    [
      '-A A -m string --string "a -j \\"b\\"" --algo bm',
      { matches: [{ kind: 'unknown', module: 'string', options: '--string "a -j \\"b\\"" --algo bm' }] },
    ],
    [
      '-A A -m conntrack --ctstate NEW --ctproto 6',
      { matches: [{ kind: 'unknown', module: 'conntrack', options: '--ctstate NEW --ctproto 6' }] },
    ],
    ['-A A -j TRACE', { matches: [], verdict: { kind: 'unknown', target: 'TRACE', options: '' } }],
    [
      '-A A -j TCPMSS --clamp-mss-to-pmtu',
      { matches: [], verdict: { kind: 'unknown', target: 'TCPMSS', options: '--clamp-mss-to-pmtu' } },
    ],
    [
      '-A A -j DNAT --to-destination :80',
      { matches: [], verdict: { kind: 'unknown', target: 'DNAT', options: '--to-destination :80' } },
    ],
    [
      '-A A -j LOG --log-prefix "[DROP]: "',
      { matches: [], verdict: { kind: 'log', options: '--log-prefix "[DROP]: "' } },
    ],
  ]
  it.each(unknown)('is held verbatim: %s', (line, rule) => {
    expect(ruleOf(line)).toEqual(rule)
    expect(again(line)).toBe(line)
  })

  it('does not swallow the options of the rule behind it', () => {
    expect(again('-A A -m owner --uid-owner 0 -s 10.0.0.1/32 -m socket -p tcp ! -i eth0 -j DROP')).toBe(
      '-A A -s 10.0.0.1/32 ! -i eth0 -p tcp -m owner --uid-owner 0 -m socket -j DROP',
    )
  })
})

describe('a jump', () => {
  it('goes to a chain of any name before a target of that name', () => {
    const text = '*filter\n:TRACE - [0:0]\n:INPUT ACCEPT [0:0]\n-A INPUT -j TRACE\nCOMMIT\n'
    expect(read(text).ruleset.tables[0].chains.get('INPUT')!.rules[0].verdict).toEqual({ kind: 'jump', chain: 'TRACE' })
  })

  it('may lead nowhere, for whoever evaluates it to refuse', () => {
    expect(ruleOf('-A A -j NOWHERE').verdict).toEqual({ kind: 'jump', chain: 'NOWHERE' })
    expect(ruleOf('-A A -g A').verdict).toEqual({ kind: 'goto', chain: 'A' })
  })
})

describe('a fault', () => {
  const at = (line: string): string => problemOf(filter(line), { file: 'f' })
  const rows: readonly [string, string][] = [
    [
      '-A A -s 10.0.0.256 -j DROP',
      'f:4:9: "10.0.0.256" is no IP address; write addresses as numbers, one a rule, as iptables-save does',
    ],
    ['-A A -s host', 'f:4:9: "host" is no IP address; write addresses as numbers, one a rule, as iptables-save does'],
    [
      '-A A -s 10.0.0.1/33',
      'f:4:9: "10.0.0.1/33" is no IP address; write addresses as numbers, one a rule, as iptables-save does',
    ],
    [
      '-A A -s 10.0.0.1 -d fd00::1',
      'f:4:21: "fd00::1" belongs to IPv6, the text before it to IPv4; give the rules of each family as a text of their own',
    ],
    [
      '-A A -p tcp -m tcp --dport ssh',
      'f:4:28: port "ssh" is no number from 0 to 65535; write ports as numbers, as iptables-save does',
    ],
    ['-A A -p tcp -m tcp --dport 90:80', 'f:4:28: port range "90:80" runs backwards; write the lower port first'],
    ['-A A -p nonsense', 'f:4:9: protocol "nonsense" is not known; write its number, from 1 to 255'],
    ['-A A -p 256', 'f:4:9: protocol "256" is not known; write its number, from 1 to 255'],
    ['-A A ! -p all', 'f:4:11: no packet has none of all protocols; remove the rule'],
    [
      '-A A -m conntrack --ctstate NEW,OLD',
      'f:4:29: connection state "OLD" is not known; write some of INVALID, NEW, RELATED, ESTABLISHED, UNTRACKED, SNAT, DNAT',
    ],
    ['-A A -m mark --mark 0x100000000', 'f:4:21: "0x100000000" is no whole number from 0 to 4294967295; write one'],
    [
      '-A A -m statistic --mode random --probability 1.5',
      'f:4:47: "1.5" is no probability; write a number from 0 to 1',
    ],
    ['-A A -m statistic --mode nth --every 0', 'f:4:38: --every 0 is no period; write 1 or more'],
    ['-A A -m limit --limit 0/sec', 'f:4:23: "0/sec" is no rate; write it as 10/sec, 10/min, 10/hour or 10/day'],
    [
      '-A A -m mac --mac-source 00:11:22:33:44',
      'f:4:26: "00:11:22:33:44" is no MAC address; write six pairs of hexadecimal digits',
    ],
    ['-A A -p icmp --icmp-type nonsense', 'f:4:26: ICMP type "nonsense" is not known; write it as TYPE or TYPE/CODE'],
    [
      '-A A -p tcp -m multiport --dports 1:2,3:4,5:6,7:8,9:10,11:12,13:14,15:16',
      'f:4:35: a multiport match holds at most 15 ports (a range counts twice); split the rule',
    ],
    ['-A A -m comment ! --comment x', 'f:4:19: --comment cannot be negated; remove the !'],
    ['-A A ! -j DROP', 'f:4:8: -j cannot be negated; remove the !'],
    ['-A A -s 10.0.0.1 -s 10.0.0.2', 'f:4:18: -s is given twice; split the rule'],
    ['-A A -j DROP -j ACCEPT', 'f:4:14: the rule has two targets; split it into two rules'],
    ['-A A -j B --x', 'f:4:11: a jump to chain "B" has no options; remove them'],
    ['-A A --dport 80', 'f:4:6: option "--dport" belongs to no match or target of the rule; write -m MODULE before it'],
    ['-A A -j', 'f:4:6: -j has no value; add it'],
    ['-A A -m comment --comment', 'f:4:17: --comment has no value; add it'],
    ['-A A !', 'f:4:7: "!" is no option; check the line, quotes around texts with blanks included'],
    [
      '-A A -m comment --comment two words',
      'f:4:31: "words" is no option; check the line, quotes around texts with blanks included',
    ],
    ['-A A -m comment --comment "open', 'f:4:27: a quote is never closed; close it'],
    ['-A', 'f:4:1: the rule names no chain; write it as -A CHAIN …'],
    ['-A C -j DROP', 'f:4:4: chain "C" is not declared in table filter; declare it before its rules: :C - [0:0]'],
    [
      '-I A -j DROP',
      'f:4:1: "-I" begins no line of iptables-save; give what iptables-save prints: *TABLE, :CHAIN, -A CHAIN …, COMMIT and # comments',
    ],
    ['[1:x] -A A', 'f:4:1: "[1:x]" is no counter; write it as [PACKETS:BYTES]'],
    ['[18446744073709551616:0] -A A', 'f:4:1: "[18446744073709551616:0]" is no counter; write it as [PACKETS:BYTES]'],
    [':A - [0:0]', 'f:4:2: chain "A" is declared twice; remove one of the two'],
    [
      ':C ACCEPT [0:0]',
      'f:4:4: chain "C" of table filter has policy "ACCEPT"; write - as the policy of a chain that is none of INPUT, FORWARD, OUTPUT',
    ],
    [':INPUT REJECT [0:0]', 'f:4:8: "REJECT" is no policy of INPUT; write ACCEPT or DROP'],
    [':C', 'f:4:1: ":C" declares no chain; write it as :CHAIN POLICY [PACKETS:BYTES]'],
    ['*nat', 'f:4:1: table filter is still open; end it with a COMMIT line before the next table'],
  ]
  it.each(rows)('%s', (line, problem) => {
    expect(at(line)).toBe(problem)
  })

  const texts: readonly [string, string | Uint8Array, string][] = [
    [
      'empty',
      '',
      'f:1:1: the text holds no table; give what iptables-save prints, which begins a table with *filter or the like',
    ],
    [
      'without a table',
      '# only\n',
      'f:1:1: the text holds no table; give what iptables-save prints, which begins a table with *filter or the like',
    ],
    [
      'cut off',
      '*filter\n:INPUT ACCEPT [0:0]\n',
      'f:2:1: the text ends inside table filter; it is cut off: give all of it, the COMMIT line included',
    ],
    [
      'with a table twice',
      '*raw\nCOMMIT\n*raw\nCOMMIT\n',
      'f:3:1: table raw stands twice; give one iptables-save of one family',
    ],
    [
      'with an unknown table',
      '*broute\nCOMMIT\n',
      'f:1:2: table "broute" is not known; give tables raw, mangle, nat, filter and security alone',
    ],
    [
      'with rules outside of a table',
      'hello\n',
      'f:1:1: "hello" stands outside of a table; give what iptables-save prints, which begins a table with *filter or the like',
    ],
    [
      'of bytes',
      new Uint8Array([0x2a, 0xff, 0x0a]),
      'f:1:1: the line is not UTF-8; convert the file, or mend the line',
    ],
  ]
  it.each(texts)('of a text %s', (_, text, problem) => {
    expect(problemOf(text, { file: 'f' })).toBe(problem)
  })

  it('is the first of the text, and names the line without a file', () => {
    expect(problemOf(filter('-A A -s x', '-A A -s y'))).toContain('line 4, column 9: "x"')
  })

  it('refuses an address of the other family than asked for', () => {
    expect(problemOf(filter('-A A -s 10.0.0.1'), { family: 6 })).toContain('belongs to IPv4')
  })
})
