/** What `svcsim replay` and `svcsim trace` say a connection costs, in both modes, and the profiles they take. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SHIPPED_PROFILES } from '../src/app/read-cost-profiles.ts'
import { GOLDEN } from './golden-case.ts'
import { svcsim, temporaryFolder } from './svcsim-process.ts'

const folder = temporaryFolder()
const shipped = JSON.parse(readFileSync(SHIPPED_PROFILES, 'utf8')) as {
  readonly profiles: readonly { readonly backend: string; readonly prices: Readonly<Record<string, number>> }[]
}
const pricesOf = (backend: string) => shipped.profiles.find(p => p.backend === backend)!.prices

function file(name: string, content: unknown): string {
  writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  return join(folder, name)
}

const TOPOLOGY = { node_ips: ['172.18.0.2'], pod_cidrs: ['10.244.1.0/24'] }
const CLUSTER = [
  '--objects',
  join(GOLDEN, '09-nodeport/objects.json'),
  '--node',
  'node-a',
  '--cluster-cidr=10.244.0.0/16',
]
const flow = (changes: object): object => ({
  src: '10.244.1.77',
  from: 'pod',
  dst: '10.96.10.10',
  dport: 80,
  proto: 'tcp',
  ...changes,
})
const flows = (name: string, ...list: readonly object[]): string => file(name, { topology: TOPOLOGY, flows: list })

const one = flows('one.json', flow({}))
const many = flows('many.json', flow({ conns: 200, pkts: 3, reply: true }))

async function modelled(...flags: readonly string[]) {
  const { code, stdout, stderr } = await svcsim(['replay', ...flags])
  expect(stderr).toBe('')
  expect(code).toBe(0)
  return JSON.parse(stdout).modelled
}

describe('the modelled cost of a replay', () => {
  it.each(['iptables', 'nftables'])('of one connection is what trace says of it, in mode %s', async mode => {
    const rules = [...CLUSTER, '--proxy-mode', mode]
    const { ns_per_connection, ns_per_established_packet, profile } = await modelled(...rules, '--flows', one)
    const packet = ['--from', '10.244.1.77:10000', '--to', '10.96.10.10:80']
    const traced = await svcsim(['trace', ...rules, ...packet, '--format', 'json'])
    const { ns, profile: same } = JSON.parse(traced.stdout).modelled
    expect(profile).toBe(mode === 'iptables' ? 'iptables-legacy' : 'nftables')
    expect(same).toBe(profile)
    // Folded prices take a rule to stop where such rules usually do.
    expect(Math.abs(ns_per_connection.mean / ns - 1)).toBeLessThan(0.02)
    expect([ns_per_connection.p50, ns_per_connection.p99]).toEqual([ns_per_connection.mean, ns_per_connection.mean])
    expect(ns_per_established_packet).toBeNull()
  })

  it('under nftables rules is its closed form', async () => {
    const p = pricesOf('nftables')
    const rules = [...CLUSTER, '--proxy-mode', 'nftables', '--flows']
    const translated = p['forward'] + p['conntrackNew'] + p['service'] + p['vmap'] + p['numgen']
    const { ns_per_connection } = await modelled(...rules, one)
    expect(ns_per_connection.mean).toBeCloseTo(translated, 0)
    const outside = flows(
      'outside.json',
      flow({ src: '192.0.2.1', from: 'external', dst: '172.18.0.2', dport: 30_080 }),
    )
    const byNodePort = await modelled(...rules, outside)
    expect(byNodePort.ns_per_connection.mean).toBeCloseTo(translated + p['nodePort'] + p['masquerade'], 0)
    const direct = flows('direct.json', flow({ dst: '10.244.1.5' }))
    const untranslated = p['forward'] + p['conntrackNew'] + p['noService'] + 2 * p['vmap']
    expect((await modelled(...rules, direct)).ns_per_connection.mean).toBeCloseTo(untranslated, 0)
  })

  it.each(['iptables', 'nftables'])('has later packets and answers apart, in mode %s', async mode => {
    const { ns_per_connection: first, ns_per_established_packet: later } = await modelled(
      ...CLUSTER,
      '--proxy-mode',
      mode,
      '--flows',
      many,
    )
    const p = pricesOf(mode === 'iptables' ? 'iptables-legacy' : 'nftables')
    expect(later).toBeGreaterThanOrEqual(p['forward'] + p['conntrackEstablished'])
    expect(later).toBeLessThan(first.p50)
    expect(first.p50).toBeLessThanOrEqual(first.mean + 100)
    expect(first.p99).toBeGreaterThanOrEqual(first.p50)
  })

  it('without flows is no number', async () => {
    expect(await modelled(...CLUSTER, '--flows', flows('none.json'))).toEqual({
      profile: 'iptables-legacy',
      ns_per_connection: null,
      ns_per_established_packet: null,
    })
  })

  it('without conntrack is forwarding and rules', async () => {
    const rules = file('plain.rules', '*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n-A FORWARD\nCOMMIT\n')
    const { ns_per_connection, ns_per_established_packet } = await modelled('--rules', rules, '--flows', many)
    const p = pricesOf('iptables-legacy')
    expect(ns_per_connection.mean).toBeGreaterThan(p['forward'])
    expect(ns_per_connection.mean).toBeLessThan(p['forward'] + 10)
    expect(ns_per_established_packet).toBeNull()
  })

  it('goes with --cost-profile: a NAME, a FILE or FILE#NAME', async () => {
    const of = async (...profile: readonly string[]) => {
      const found = await modelled(...CLUSTER, '--flows', one, '--cost-profile', ...profile)
      return [found.profile, found.ns_per_connection.mean]
    }
    const nft = await of('iptables-nft')
    const legacy = await of(SHIPPED_PROFILES)
    expect(nft[0]).toBe('iptables-nft')
    expect(legacy[0]).toBe('iptables-legacy')
    expect(nft[1]).toBeGreaterThan(legacy[1])
    const own = file('own.json', { profiles: shipped.profiles.filter(p => p.backend === 'iptables-nft') })
    expect(await of(`${own}#iptables-nft`)).toEqual(nft)
  })

  it.each([
    [['--cost-profile', 'iptables-legacy', '--proxy-mode', 'nftables'], 'does not price rules of nftables'],
    [['--cost-profile', `${SHIPPED_PROFILES}#ipvs`], 'holds no profile "ipvs"'],
    [['--cost-profile', join(folder, 'missing.json')], 'missing.json'],
  ])('is refused with %j', async (flags, words) => {
    for (const command of [
      ['replay', '--flows', one],
      ['trace', '--from', '192.0.2.1', '--to', '10.96.10.10:80'],
    ]) {
      const { code, stdout, stderr } = await svcsim([...command, ...CLUSTER, ...flags])
      expect(code).toBe(2)
      expect(stdout).toBe('')
      expect(stderr).toContain(words)
    }
  })
})
