/** `svcsim trace` as its users read it: what becomes of one packet, and why. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { ExplainedTrace } from '../src/app/trace/explained-trace.ts'
import { nodeHost } from '../src/app/trace/node-host.ts'
import { parseDestination } from '../src/app/trace/packet-ends.ts'
import { traceText } from '../src/app/trace/trace-text.ts'
import { explain } from '../src/app/trace-command.ts'
import type { CostProfile } from '../src/netfilter/cost/cost-profile.ts'
import { makeProfiles } from '../src/netfilter/testing/make-profiles.ts'
import { describeProblem } from '../src/problem/problem.ts'
import { iptablesRuleset } from '../src/proxier/iptables-proxier.ts'
import { nftablesRuleset } from '../src/proxier/nftables-proxier.ts'
import type { ProxyMode } from '../src/proxier/proxier-config.ts'
import type { NodeRules } from '../src/replay/flows/node-rules.ts'
import { parseIptables } from '../src/ruleset/parse-iptables.ts'
import { goldenConfig, goldenState } from './golden-case.ts'

interface Asked {
  readonly from?: string
  readonly to?: string
  readonly draws?: readonly number[]
}

const MODES: readonly ProxyMode[] = ['iptables', 'nftables']

function traced(
  name: string,
  mode: ProxyMode,
  { from = 'external', to = '172.18.0.2:30080', draws = [] }: Asked,
  profile?: CostProfile,
): ExplainedTrace {
  const state = goldenState(name)
  const config = goldenConfig(name, mode)
  const rules: NodeRules =
    mode === 'iptables'
      ? { mode, ruleset: iptablesRuleset(state, 'node-a', config, 4) }
      : { mode, ruleset: nftablesRuleset(state, 'node-a', config, 4) }
  const request = {
    from,
    to: parseDestination(to)!,
    protocol: 'TCP' as const,
    draws: draws.map(d => d * 2 ** 32),
    seed: { low: 1, high: 2 },
    flows: undefined,
  }
  const done = explain(
    request,
    { shown: rules, evaluated: rules, state },
    nodeHost(state, 'node-a', config, 4),
    profile,
  )
  if (E.isLeft(done)) throw new Error(describeProblem(done.left))
  return done.right
}

const steps = ({ hooks }: ExplainedTrace) => hooks.flatMap(hook => hook.steps)

describe('svcsim trace', () => {
  it.each(MODES)('%s: the dice decide the endpoint, and say so', mode => {
    const first = traced('09-nodeport', mode, { draws: [0.1] })
    expect(first.sentence).toBe('It is delivered to the pod at 10.244.1.5:8080, its source now 172.18.0.2.')
    const second = traced('09-nodeport', mode, { draws: [0.9] })
    expect(second.sentence).toBe('It leaves the node by the uplink, to 10.244.2.6:8080, its source now 172.18.0.2.')
    const random = steps(second).filter(step => step.chance !== undefined)
    expect(random.map(step => [step.chance, step.draw])).toEqual([[0.5, 0.9].map(n => expect.closeTo(n, 6))])
    expect(traceText(second, false)).toContain('(chance 0.5, drew 0.9)')
  })

  it.each(MODES)('%s: a Service without endpoints is refused', mode => {
    const { outcome, sentence } = traced('27-no-endpoints-clusterip', mode, { to: '10.96.10.10:80' })
    expect(outcome).toBe('rejected')
    expect(sentence).toBe('It is refused: its sender hears icmp-port-unreachable.')
  })

  it.each(MODES)('%s: the node’s own packet begins at OUTPUT', mode => {
    const { hooks } = traced('09-nodeport', mode, { from: 'node', to: '10.96.10.10:80', draws: [0.1] })
    expect(hooks.map(h => h.hook)).toEqual(['OUTPUT', 'POSTROUTING'])
  })

  it('says in one line that many rules do not match, and all of them with --all', () => {
    const explained = traced('63-many-services-order', 'iptables', { to: '198.51.100.77:80' })
    expect(traceText(explained, false)).toMatch(/nat KUBE-SERVICES 1–\d+: \d+ rules do not match/)
    const all = traceText(explained, true)
    expect(all).not.toContain('rules do not match')
    expect(all).toContain('its destination 198.51.100.77 is not in')
  })

  it('prices the way of a packet through rules of either mode', () => {
    const { 'iptables-legacy': legacy, 'iptables-nft': nft, nftables } = makeProfiles()
    const [cheap, dear] = [legacy, nft].map(profile => traced('09-nodeport', 'iptables', {}, profile))
    expect(cheap.modelled?.profile).toBe('iptables-legacy')
    expect(cheap.modelled!.ns).toBeGreaterThan(0)
    // Each price of the second is twice that of the first.
    expect(Math.abs(dear.modelled!.ns - 2 * cheap.modelled!.ns)).toBeLessThanOrEqual(1)
    expect(traceText(cheap, false)).toContain(`${cheap.modelled!.ns} ns modelled, by the profile iptables-legacy\n`)
    const { modelled } = traced('09-nodeport', 'nftables', {}, nftables)
    expect([modelled?.profile, modelled!.ns > 0]).toEqual(['nftables', true])
  })

  it('counts the rules of each table', () => {
    const explained = traced('09-nodeport', 'iptables', { draws: [0.9] })
    expect(explained.evaluated).toEqual({ nat: 17, filter: 4 })
    expect(traceText(explained, false)).toMatch(/21 rules evaluated: 17 in nat, 4 in filter\n$/)
  })

  it('remembers within one packet alone: lists of recent clients are empty', () => {
    const texts = steps(traced('21-session-affinity', 'iptables', { to: '10.96.10.10:80', draws: [0] })).map(
      s => s.words,
    )
    expect(texts.filter(t => t.includes('no packet came before'))).toHaveLength(3)
  })

  it.each([
    ['nobody', 'someone', /--from "someone" is nobody/],
    ['a Pod that is not there', 'pod:default/none', /no Pod "default\/none"/],
    ['a sender of the other family', 'fd00::1', /not of IPv4/],
  ])('refuses %s', (_, from, text) => {
    expect(() => traced('09-nodeport', 'iptables', { from })).toThrow(text)
  })

  it.each(['1.2.3.4', '1.2.3.4:', '1.2.3.4:99999', 'x:1', 'fd00::1:80', '[fd00::1]', ''])(
    'is no destination: %s',
    text => {
      expect(parseDestination(text)).toBeUndefined()
    },
  )

  it('says why every kind of match fails', () => {
    const rules = [
      '-s 192.0.2.0/24',
      '! -d 10.0.0.0/8',
      '-i lo',
      '-o lo',
      '-p udp',
      '-p tcp -m tcp --dport 81',
      '-p tcp -m multiport --dports 81,82',
      '-m conntrack --ctstate INVALID',
      '-m mark --mark 0x1',
      '-m addrtype --dst-type LOCAL',
      '-m statistic --mode random --probability 0.00000000000',
      '-m recent --rcheck --name L --mask 255.255.255.255 --rsource',
      '-m mac --mac-source 02:00:00:00:00:09',
    ]
    const text = `*filter\n${rules.map(r => `-A FORWARD ${r} -j DROP`).join('\n')}\nCOMMIT\n`
    const parsed = parseIptables(text)
    if (E.isLeft(parsed)) throw new Error(describeProblem(parsed.left))
    const loaded: NodeRules = { mode: 'iptables', ruleset: parsed.right.ruleset }
    const state = goldenState('09-nodeport')
    const done = explain(
      {
        from: 'external',
        to: parseDestination('10.1.2.3:80')!,
        protocol: 'TCP',
        draws: [],
        seed: { low: 1, high: 2 },
        flows: undefined,
      },
      { shown: loaded, evaluated: loaded },
      nodeHost(state, 'node-a', goldenConfig('09-nodeport'), 4),
    )
    if (E.isLeft(done)) throw new Error(describeProblem(done.left))
    expect(steps(done.right).map(s => s.words)).toEqual([
      'its source 198.51.100.1 is not in 192.0.2.0/24',
      'its destination 10.1.2.3 is in 10.0.0.0/8',
      'it came in by eth0, not by lo',
      'it goes out by eth0, not by lo',
      'it is tcp, not udp',
      'its ports 40000 and 80 are not those asked for',
      'its ports 40000 and 80 are not those asked for',
      'its connection is none of INVALID',
      'its mark is 0x0',
      'the kind of its address is not the one asked for (-m addrtype --dst-type LOCAL)',
      'the draw was against it',
      'its source is not in the list L: no packet came before',
      'this does not hold: -m mac --mac-source 02:00:00:00:00:09',
    ])
  })
})
