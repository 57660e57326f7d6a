/**
 * The kernel as judge of resets: REJECT with tcp-reset, and nft's `reject with tcp reset`, in FORWARD, INPUT and OUTPUT, of packets that nat
 * knows and of others. A reset for a connection's first packet asks nat POSTROUTING for that connection's source; no other does, nor does an ICMP error.
 */
import { expect, it } from 'vitest'
import type { KernelBackend } from '../src/app/kernel-replay.ts'
import { differenceCount, verifyRules } from '../src/app/verify/verification.ts'
import type { Flow } from '../src/net/flow.ts'
import type { IpFamily } from '../src/net/ip.ts'
import { ORIGIN } from '../src/net/packet.ts'
import type { NodeRules } from '../src/replay/flows/node-rules.ts'
import { TCP_FLAG } from '../src/ruleset/ruleset.ts'
import { streamSeed } from '../src/sim/random.ts'
import { describeKernel } from './describe-kernel.ts'
import { ADDRESSES, flowOf, iptablesOf, nftOf, podAddress, right, TOPOLOGY } from './semantics-world.ts'

const FAMILIES = [4, 6] as const

/** What nat's rules behind a reject do; marks and addresses tell what they saw. */
const SOURCE_NAT = {
  nothing: () => '',
  MASQUERADE: () => '-A POSTROUTING -p tcp -j MASQUERADE --random-fully',
  SNAT: (family: IpFamily) => `-A POSTROUTING -p tcp -j SNAT --to-source ${ADDRESSES[family].node}`,
} as const

function iptablesRules(family: IpFamily, sourceNat: string): NodeRules {
  const { service, client } = ADDRESSES[family]
  const pod = podAddress(family, 5)
  const counted = [`-s ${pod}`, `-s ${service}`, `-d ${client}`, '-m mark --mark 0x7', '-m conntrack --ctstate RELATED']
  const text = `*mangle
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A OUTPUT -m conntrack --ctstate RELATED -j MARK --set-xmark 0x7/0xff
${counted.map(match => `-A POSTROUTING ${match}`).join('\n')}
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d ${service} -p tcp -j DNAT --to-destination ${pod}
-A OUTPUT -d ${service} -p tcp -j DNAT --to-destination ${pod}
-A OUTPUT -p tcp
-A INPUT -p tcp
${counted.map(match => `-A POSTROUTING ${match}`).join('\n')}
${sourceNat}
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -p tcp -m tcp --dport 81 -m conntrack --ctstate NEW -j ACCEPT
-A FORWARD -p tcp -j REJECT --reject-with tcp-reset
-A FORWARD -j REJECT
-A INPUT -p tcp -m tcp --dport 82 -j REJECT --reject-with tcp-reset
-A OUTPUT -p tcp -m tcp --dport 83 -j REJECT --reject-with tcp-reset
COMMIT
`
  return iptablesOf(text, family)
}

/** nft resets where iptables cannot too: before routing, and in a chain of nat. */
function nftRules(family: IpFamily, verdict: string): NodeRules {
  const { service, client, node } = ADDRESSES[family]
  const pod = podAddress(family, 5)
  const ip = family === 4 ? 'ip' : 'ip6'
  const counted = [`${ip} saddr ${pod}`, `${ip} saddr ${service}`, `${ip} daddr ${client}`, 'ct state related']
    .map(match => `    ${match} counter packets 0 bytes 0\n`)
    .join('')
  return nftOf(`table ${ip} resets {
  chain early {
    type filter hook prerouting priority -150; policy accept;
    ${ip} saddr ${client} tcp dport 84 reject with tcp reset
    ct state related counter packets 0 bytes 0
  }
  chain to {
    type nat hook prerouting priority -100; policy accept;
    tcp dport 85 reject with tcp reset
    ${ip} daddr ${service} meta l4proto tcp dnat to ${pod}
  }
  chain out-to {
    type nat hook output priority -100; policy accept;
    ${ip} daddr ${service} meta l4proto tcp dnat to ${pod}
${counted}  }
  chain marks {
    type filter hook output priority -150; policy accept;
    ct state related meta mark set meta mark | 0x00000007
  }
  chain way {
    type filter hook forward priority 0; policy accept;
    tcp dport 81 ct state new accept
    reject with tcp reset
    counter packets 0 bytes 0 reject
  }
  chain in {
    type filter hook input priority 0; policy accept;
    ${ip} daddr ${node} tcp dport 82 reject with tcp reset
    counter packets 0 bytes 0
  }
  chain out {
    type filter hook output priority 0; policy accept;
    tcp dport 83 reject with tcp reset
    counter packets 0 bytes 0
  }
  chain from-early {
    type filter hook postrouting priority 0; policy accept;
${counted}  }
  chain from {
    type nat hook postrouting priority 100; policy accept;
${counted}    ${verdict}
  }
  chain from-late {
    type filter hook postrouting priority 200; policy accept;
    meta mark 0x00000007 counter packets 0 bytes 0
${counted}  }
}
`)
}

/** To the Service and past it; a later packet of a connection that was let through; to the node; from the node and its pods. */
const flowsOf = (family: IpFamily): readonly Flow[] => {
  const { SYN, ACK } = TCP_FLAG
  const { node } = ADDRESSES[family]
  return [
    flowOf(family, { id: 'first', connectionCount: 7 }),
    flowOf(family, {
      id: 'later',
      connectionCount: 5,
      destinationPort: 81,
      tcpFlags: [SYN, ACK],
      packetCount: 2,
      reply: true,
    }),
    flowOf(family, { id: 'again', connectionCount: 3, tcpFlags: [SYN, SYN], packetCount: 2, firstSourcePort: 20_000 }),
    flowOf(family, { id: 'in the middle', connectionCount: 2, tcpFlags: [ACK], firstSourcePort: 30_000 }),
    flowOf(family, { id: 'to a pod', connectionCount: 4, destination: podAddress(family, 6) }),
    flowOf(family, { id: 'from a pod', origin: ORIGIN.pod, connectionCount: 6 }),
    flowOf(family, { id: 'UDP, an ICMP error', connectionCount: 5, protocol: 'UDP' }),
    flowOf(family, { id: 'to the node', connectionCount: 8, destination: node, destinationPort: 82 }),
    flowOf(family, { id: 'before routing', connectionCount: 4, destinationPort: 84 }),
    flowOf(family, { id: 'by nat', connectionCount: 4, destinationPort: 85 }),
    flowOf(family, { id: 'from the node', origin: ORIGIN.node, connectionCount: 9, destinationPort: 83 }),
  ]
}

async function expectEqual(backend: KernelBackend, rules: NodeRules, flows: readonly Flow[]): Promise<void> {
  const { family } = rules.ruleset
  const file = { topology: TOPOLOGY[family], flows }
  const verified = right(
    await verifyRules({ shown: rules, evaluated: rules }, file, backend, streamSeed('resets', 'flows'))(),
  )
  expect(verified.untoldChoiceCount).toBe(0)
  expect(verified.rules.filter(rule => !rule.equal)).toEqual([])
  expect(verified.policies.filter(policy => !policy.equal)).toEqual([])
  expect(differenceCount(verified)).toBe(0)
}

for (const backend of ['iptables-legacy', 'iptables-nft'] as const)
  await describeKernel(backend, () => {
    it.each(
      FAMILIES.flatMap(family => Object.entries(SOURCE_NAT).map(([name, rule]) => [family, name, rule] as const)),
    )(
      'counts resets as svcsim does: IPv%i, the source by %s',
      (family, _, sourceNat) => expectEqual(backend, iptablesRules(family, sourceNat(family)), flowsOf(family)),
      60_000,
    )
  })

await describeKernel('nft', () => {
  it.each(
    FAMILIES.flatMap(family =>
      ['counter packets 0 bytes 0', 'meta l4proto tcp masquerade fully-random'].map(rule => [family, rule] as const),
    ),
  )(
    'counts resets as svcsim does: IPv%i, %s',
    (family, rule) => expectEqual('nft', nftRules(family, rule), flowsOf(family)),
    60_000,
  )
})
