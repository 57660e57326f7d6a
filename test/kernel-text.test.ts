/**
 * The reader of iptables-save text against iptables itself: rules written by hand are loaded into this machine's kernel, by the legacy
 * and the nftables backend, and saved. What svcsim makes of the hand-written text must be what was saved, and what was saved must print
 * back as it is. (What svcsim keeps as written is written as iptables saves it: the masks of recent lists, names of protocols, the case
 * of MAC addresses.)
 */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeProblem } from '../src/problem/problem.ts'
import { parseIptables } from '../src/ruleset/parse-iptables.ts'
import { printSavedRuleset } from '../src/ruleset/print-saved-ruleset.ts'
import { toolsAreRequired, useNamespace, whatIsMissing } from './kernel-namespace.ts'

const BACKENDS = ['legacy', 'nft'] as const
const missing = whatIsMissing(BACKENDS.flatMap(b => [`iptables-${b}`, `ip6tables-${b}`]))

/** Both families; the rules of each table's first chain that takes them. */
const COMMON = `*filter
-A INPUT -p tcp --syn --dport 80 -j ACCEPT
-A INPUT -p tcp -m tcp ! --syn
-A INPUT -p tcp -m tcp ! --tcp-flags SYN,ACK ACK --sport :1023 ! --dport 5:9
-A INPUT -p tcp -m tcp --tcp-flags ALL NONE
-A INPUT -p tcp -m tcp --sport 1:65535 --tcp-option 3
-A INPUT -p sctp -m sctp --sport 1 --dport 2:3
-A INPUT -p sctp -m sctp --chunk-types any INIT
-A INPUT -p dccp -m dccp --dport 3
-A INPUT -p udp -m multiport --destination-ports 1,2:3,65535
-A INPUT -p udp -m multiport ! --ports 5
-A INPUT -p GRE
-A INPUT ! -p 200
-A FORWARD -p all -i eth+ ! -o lo
-A INPUT -m addrtype --src-type LOCAL ! --dst-type UNICAST
-A INPUT -m addrtype --src-type LOCAL --limit-iface-in
-A INPUT -m conntrack --ctstate DNAT,NEW,UNTRACKED
-A INPUT -m conntrack ! --ctstate NEW --ctproto 6 --ctdir ORIGINAL
-A INPUT -m state --state ESTABLISHED,NEW
-A INPUT -m state ! --state INVALID
-A INPUT -m mark --mark 5
-A INPUT -m mark ! --mark 010/0xF
-A INPUT -m connmark --mark 0x5/0xff
-A INPUT -m statistic --mode nth ! --every 3 --packet 2
-A INPUT -m statistic --mode random ! --probability 0.3
-A INPUT -m statistic --mode random --probability .0000000003
-A INPUT -m limit --limit 7/hour --limit-burst 9
-A INPUT -m limit --limit 5/second
-A INPUT -m mac ! --mac-source 00:11:22:aa:bb:cc
-A INPUT -m physdev --physdev-in eth0 ! --physdev-is-bridged
-A INPUT -m comment --comment plain-word_1
-A INPUT -m comment --comment "two words \\"quoted\\" \\\\ \\' é"
-A INPUT -m length --length 1:5
-A INPUT -p tcp -m tcp -j REJECT --reject-with tcp-reset
-A INPUT -j LOG --log-prefix "[DROP]: " --log-level 7 --log-uid
-A INPUT -j NFLOG --nflog-prefix "a b" --nflog-group 3
-A INPUT -j NFQUEUE --queue-num 3 --queue-bypass
-A INPUT -j REJECT
COMMIT
*raw
-A PREROUTING -j CT --notrack
-A PREROUTING -j NOTRACK
-A PREROUTING -j CT --zone 5
COMMIT
*mangle
-A PREROUTING -j MARK --set-xmark 5/6
-A PREROUTING -j MARK --xor-mark 5
-A PREROUTING -j CONNMARK --set-mark 5
-A PREROUTING -j CONNMARK --save-mark
-A PREROUTING -j CONNMARK --restore-mark --mask 0xff
-A PREROUTING -j CONNMARK --save-mark --nfmask 0x1 --ctmask 0x2
COMMIT
*nat
-A PREROUTING -p tcp -j REDIRECT
-A PREROUTING -p tcp -j REDIRECT --to-ports 80-90 --random
-A PREROUTING -p tcp -j DNAT --to-destination :80
-A POSTROUTING -p tcp -j MASQUERADE --to-ports 80-90 --random-fully --random
-A POSTROUTING -j MASQUERADE
COMMIT
`

const OF_FAMILY = {
  4: `*filter
-A FORWARD -p icmp --icmp-type ping ! -d 10.1.2.3
-A FORWARD -p icmp -m icmp ! --icmp-type 3/1
-A FORWARD -p icmp -m icmp --icmp-type any
-A FORWARD -p vrrp -s 10.0.0.3/255.0.0.255 -f
-A FORWARD ! -f -d 10.0.0.0/255.128.0.0
-A FORWARD -m recent --update --seconds 10 --hitcount 3 --rttl --name x --rdest --mask 255.255.255.255
-A FORWARD -m recent --rcheck --seconds 10 --reap --name x --mask 255.255.255.255
-A FORWARD -m recent ! --remove --mask 255.255.255.255
-A FORWARD -m recent --set --mask 255.255.255.255
-A FORWARD -m recent --rcheck --name x --mask 255.255.0.0
-A FORWARD -m iprange --src-range 10.0.0.1-10.0.0.9 ! --dst-range 10.0.0.1-10.0.0.1
-A FORWARD -m addrtype --dst-type MULTICAST,BROADCAST
-A FORWARD -j REJECT --reject-with host-prohib
COMMIT
*nat
-A PREROUTING -p tcp -j DNAT --to-destination 10.0.0.1-10.0.0.5:80-90 --random --persistent
-A PREROUTING -p tcp -j DNAT --to-destination 10.0.0.1:80-90/85
-A PREROUTING -j DNAT --to-destination 10.0.0.1 --persistent --random
-A PREROUTING -p udp -j DNAT --to-destination 10.0.0.1:53
-A POSTROUTING -p tcp -j SNAT --to-source 10.0.0.1-10.0.0.4:1-5 --random --persistent --random-fully
COMMIT
`,
  6: `*filter
-A FORWARD -p ipv6-icmp --icmpv6-type ping ! -d fd00::1
-A FORWARD -p ipv6-icmp -m icmp6 ! --icmpv6-type 1/4
-A FORWARD -s fd00::/8 -d fd00::1/128
-A FORWARD -s fd00::3/ff00::ff
-A FORWARD -m recent --update --seconds 10 --hitcount 3 --rttl --name x --rdest --mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
-A FORWARD -m recent --rcheck --seconds 10 --reap --name x --mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
-A FORWARD -m recent ! --remove --mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
-A FORWARD -m recent --set --mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
-A FORWARD -m recent --rcheck --name x --mask ffff::
-A FORWARD -m iprange ! --src-range fd00::1-fd00::9
-A FORWARD -j REJECT --reject-with icmp6-no-route
COMMIT
*nat
-A PREROUTING -p tcp -j DNAT --to-destination [fd00::1-fd00::5]:80-90 --random
-A PREROUTING -j DNAT --to-destination fd00::1
-A PREROUTING -p udp -j DNAT --to-destination [fd00::1]:53
-A POSTROUTING -p tcp -j SNAT --to-source [fd00::1]:1-5 --persistent
COMMIT
`,
} as const

describe(`text of iptables in the kernel${missing === '' ? '' : ` (needs ${missing})`}`, () => {
  it.runIf(toolsAreRequired)('has what it needs', () => {
    expect(missing).toBe('')
  })

  describe.skipIf(missing !== '')('loaded and saved', () => {
    const run = useNamespace('text')
    for (const [family, tool] of [
      [4, 'iptables'],
      [6, 'ip6tables'],
    ] as const)
      it.each(BACKENDS)(`by ${tool}-%s`, backend => {
        for (const table of ['raw', 'mangle', 'nat', 'filter']) run(`${tool}-${backend}`, ['-t', table, '-F'])
        for (const text of [COMMON, OF_FAMILY[family]]) run(`${tool}-${backend}-restore`, ['-n'], text)
        for (const args of [[], ['-c']]) {
          const saved = run(`${tool}-${backend}-save`, args)
          expect(printSavedRuleset(read(saved, family))).toBe(saved)
        }
        for (const table of ['raw', 'mangle', 'nat', 'filter']) {
          const saved = run(`${tool}-${backend}-save`, ['-t', table])
          const byHand = [COMMON, OF_FAMILY[family]].map(text => rulesOf(read(text, family), table)).join('')
          expect(sorted(byHand)).toEqual(sorted(rulesOf(read(saved, family), table)))
        }
      })
  })
})

function read(text: string, family: 4 | 6) {
  const result = parseIptables(text, { family })
  if (E.isLeft(result)) throw new Error(describeProblem(result.left))
  return result.right
}

const rulesOf = (saved: ReturnType<typeof read>, table: string): string =>
  printSavedRuleset({
    ...saved,
    notes: [],
    ruleset: { ...saved.ruleset, tables: saved.ruleset.tables.filter(t => t.name === table) },
    tables: saved.tables.filter(t => t.name === table),
  })

const sorted = (text: string): string[] =>
  text
    .split('\n')
    .filter(line => line.startsWith('-A'))
    .sort()
