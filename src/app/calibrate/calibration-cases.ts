/**
 * What `svcsim calibrate` measures: the way of a packet in its steps (forwarded, tracked, translated, masqueraded), chains of many equal
 * rules for the price of each kind, and a few worlds of Services. Each kind of rule stands in the chain so often that its price is well
 * above the noise of the rest; the fit (fit-profile.ts) then takes all cases together.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { CostBackend, CostItem } from '../../netfilter/cost/cost-profile.ts'
import { firstPacketTerms } from '../../netfilter/cost/rule-terms.ts'
import { describeProblem } from '../../problem/problem.ts'
import { parseIptables } from '../../ruleset/parse-iptables.ts'
import type { Ruleset } from '../../ruleset/ruleset.ts'
import type { CostCase } from './cost-case.ts'
import { serviceCase } from './service-case.ts'
import {
  type Destination,
  ENDPOINT_PORT,
  endpointAddress,
  ONE_SERVICE,
  SOURCE,
  type WorldShape,
} from './service-world.ts'
import { firstPacketItems, laterPacketItems } from './traced-items.ts'

export const calibrationCases = (backend: CostBackend): readonly CostCase[] =>
  backend === 'nftables' ? nftablesCases() : iptablesCases(backend)

function iptablesCases(backend: CostBackend): readonly CostCase[] {
  const [one, ...worlds] = worldCases(backend)
  const later = {
    backend,
    ruleset: parsed(one.rules),
    destinations: one.destinations,
    source: SOURCE.inside,
    spread: 1,
  }
  return [
    noRules(one),
    { ...one, name: 'tracked', rules: FILTER, destinations: [POD], items: itemsOf(backend, FILTER, POD) },
    { ...one, name: 'later packets', established: BACKEND, items: laterPacketItems(later) },
    one,
    ...worlds,
    ...KINDS.map(([name, rule, count, packets]): CostCase => {
      const rules = FILTER + natOf(Array.from({ length: count }, (_, i) => `-A TEST ${rule.replace('#', String(i))}\n`))
      return { ...one, name, rules, packets, items: itemsOf(backend, rules, one.destinations[0]) }
    }),
  ]
}

function nftablesCases(): readonly CostCase[] {
  const [one, ...worlds] = worldCases('nftables')
  return [
    noRules(one),
    { ...one, name: 'tracked', rules: NFT_TRACKING, destinations: [POD], items: items('forward', 'conntrackNew') },
    { ...one, name: 'later packets', established: BACKEND, items: items('forward', 'conntrackEstablished') },
    { ...one, name: 'one Service, another address', destinations: [POD], items: firstPacketTerms('nftables') },
    one,
    ...worlds,
    ...NFT_KINDS.map(([name, rule, term]): CostCase => {
      const more: CostItem = { term, count: NFT_RULES, size: 1 }
      return {
        ...one,
        name,
        rules: one.rules + NFT_TEST.replace('RULES', `${rule}\n`.repeat(NFT_RULES)),
        items: [...one.items, more],
      }
    }),
  ]
}

/** The first one is the base of all others. */
const worldCases = (backend: CostBackend): readonly CostCase[] =>
  WORLDS.map(([name, shape, packets]) => serviceCase(name, backend, { ...ONE_SERVICE, ...shape }, packets))

const noRules = (one: CostCase): CostCase => ({
  ...one,
  name: 'no rules',
  rules: '',
  destinations: [POD],
  items: items('forward'),
})

const items = (...terms: readonly CostItem['term'][]): readonly CostItem[] =>
  terms.map(term => ({ term, count: 1, size: 1 }))

const itemsOf = (backend: CostBackend, rules: string, destination: Destination): readonly CostItem[] =>
  firstPacketItems(
    { backend, ruleset: parsed(rules), destinations: [destination], source: SOURCE.inside, spread: 1 },
    1,
  )

function parsed(text: string): Ruleset {
  const saved = parseIptables(text, { family: 4 })
  if (E.isLeft(saved)) throw new Error(describeProblem(saved.left))
  return saved.right.ruleset
}

const POD: Destination = { address: endpointAddress(99), port: ENDPOINT_PORT }
const BACKEND: Destination = { address: endpointAddress(0), port: ENDPOINT_PORT }

const NODE_PORTS: Partial<WorldShape> = { nodePorts: true, byNodePort: true, from: 'outside' }

/** Several for each term of Services: one that a single world shows takes that world's noise for its price. */
const WORLDS: readonly (readonly [name: string, shape: Partial<WorldShape>, packets: number])[] = [
  ['one Service', {}, 2000],
  ['one Service, from outside', { from: 'outside' }, 2000],
  ['one Service of 20', { endpoints: 20 }, 2000],
  ['300 Services, all', { services: 300, to: 'every' }, 2000],
  ['1,000 Services of 5, all', { services: 1000, endpoints: 5, to: 'every' }, 2000],
  ['one node port', { nodePorts: true, byNodePort: true }, 2000],
  ['affinity, one backend', { affinity: true }, 2000],
  ['affinity, 20 backends', { endpoints: 20, affinity: true }, 2000],
  ['one Service of 200', { endpoints: 200 }, 1000],
  ['one Service of 40 ports', { ports: 40, endpoints: 2, to: 'every' }, 2000],
  ['30 Services of 10, all', { services: 30, endpoints: 10, to: 'every' }, 2000],
  ['150 Services of 6, all, from outside', { services: 150, endpoints: 6, to: 'every', from: 'outside' }, 2000],
  ['80 Services of 60, all', { services: 80, endpoints: 60, to: 'every' }, 2000],
  ['1,500 Services of 3, all', { services: 1500, endpoints: 3, to: 'every' }, 2000],
  ['100 node ports of 4, all', { ...NODE_PORTS, services: 100, endpoints: 4, to: 'every' }, 2000],
  ['10 Services of 15, all, affinity', { services: 10, endpoints: 15, affinity: true, to: 'every' }, 1000],
]

/** Tracks connections. */
const FILTER = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate INVALID -j DROP
COMMIT
`

/** Translates what goes to the one Service, behind the chain TEST of the rules. */
const natOf = (rules: readonly string[]): string => `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:EMPTY - [0:0]
:TEST - [0:0]
-A PREROUTING -j TEST
-A PREROUTING -d 10.96.0.1/32 -p udp -m udp --dport 80 -j DNAT --to-destination 10.244.0.1:8080
${rules.join('')}COMMIT
`

const COMMENT = '-m comment --comment "a rule"'
const OTHER_ADDRESS = `-d 172.16.0.1/32 -p udp ${COMMENT} -m udp --dport 80`
const CHANCE = `${COMMENT} -m statistic --mode random --probability 0.00000000000`
const RECENT = '--mask 255.255.255.255 --rsource'

/** `#` in a rule is its number; packets of a sample. Lists are named as kube-proxy does: how far two names are alike is what finding one costs. */
const KINDS: readonly (readonly [name: string, rule: string, count: number, packets: number])[] = [
  ['1,000 other addresses', OTHER_ADDRESS, 1000, 2000],
  ['3,000 other addresses', OTHER_ADDRESS, 3000, 1000],
  ['10,000 other addresses', OTHER_ADDRESS, 10_000, 500],
  ['30,000 other addresses', OTHER_ADDRESS, 30_000, 300],
  ['3,000 other protocols', `-d 172.16.0.1/32 -p tcp ${COMMENT} -m tcp --dport 80`, 3000, 1000],
  ['200 other ports', `-d 10.96.0.1/32 -p udp ${COMMENT} -m udp --dport 81`, 200, 2000],
  ['300 other ports, no comment', '-d 10.96.0.1/32 -p udp -m udp --dport 81', 300, 2000],
  ['200 other ports, no address', `-p udp ${COMMENT} -m udp --dport 81`, 200, 2000],
  ['2,000 other ports, no address', `-p udp ${COMMENT} -m udp --dport 81`, 2000, 500],
  ['200 chances', CHANCE, 200, 2000],
  ['4,000 chances', CHANCE, 4000, 300],
  ['300 marks', '-m mark --mark 0x8000/0x8000', 300, 2000],
  ['300 states', '-m conntrack --ctstate INVALID', 300, 2000],
  ['100 address types', '-m addrtype --dst-type LOCAL', 100, 2000],
  ['50 lists', `-m recent --rcheck --seconds 10800 --reap --name KUBE-SEP-#AAAAAAAAAAAAA ${RECENT}`, 50, 1000],
  ['200 lists', `-m recent --rcheck --seconds 10800 --reap --name KUBE-SEP-#AAAAAAAAAAAAA ${RECENT}`, 200, 300],
  ['30 clients', `-m recent --set --name KUBE-SEP-#AAAAAAAAAAAAA ${RECENT}`, 30, 1000],
  ['300 lists of ports', '-p udp -m multiport --dports 81,82', 300, 2000],
  ['300 jumps', '-j EMPTY', 300, 2000],
  ['300 set marks', '-j MARK --set-xmark 0x8000/0x8000', 300, 2000],
]

const NFT_TRACKING = `table ip tracking {
	chain forward {
		type filter hook forward priority 0; policy accept;
		ct state invalid drop
	}
}
`

/** Rules before those of kube-proxy. */
const NFT_TEST = `table ip test {
	map services {
		type ipv4_addr . inet_proto . inet_service : verdict
		elements = { 172.16.0.1 . udp . 80 : accept }
	}
	set clients {
		type ipv4_addr
		elements = { 172.16.0.1 }
	}
	chain prerouting {
		type filter hook prerouting priority -150; policy accept;
RULES
	}
}
`
const NFT_RULES = 100
const NFT_KINDS: readonly (readonly [name: string, rule: string, term: CostItem['term']])[] = [
  ['100 verdict maps', 'ip daddr . meta l4proto . th dport vmap @services', 'vmap'],
  ['100 drawn numbers', 'numgen random mod 16777216 vmap { 16777215 : accept }', 'numgen'],
  ['100 sets', 'ip saddr @clients accept', 'affinityLookup'],
]
