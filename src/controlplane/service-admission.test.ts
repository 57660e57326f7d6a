import { describe, expect, it } from 'vitest'
import { makeService, makeServicePort } from '../../test/make-cluster-objects.ts'
import { problemOf, run, service } from '../../test/run-control-plane.ts'
import type { Service } from '../cluster/objects.ts'
import { targetGroup } from './cloud-load-balancer.ts'

describe('Services', () => {
  it('have no ClusterIP when headless or ExternalName', () => {
    const { state } = run([
      [
        makeService('a', { clusterIPs: ['None'] }),
        makeService('b', { type: 'ExternalName', externalName: 'x.example', ports: [] }),
      ],
    ])
    expect([service(state, 'a').clusterIPs, service(state, 'b').clusterIPs]).toEqual([['None'], []])
  })

  it('name both sides of a clash, or keep both with a warning', () => {
    const steps = [
      [makeService('demo', { clusterIPs: ['10.96.0.9'] }), makeService('other', { clusterIPs: ['10.96.0.9'] })],
    ]
    expect(problemOf(steps)).toMatch(
      /objects\.yaml:1: spec\.clusterIPs\[0\]: Service "default\/other" .*10\.96\.0\.9.*"default\/demo"/,
    )
    const { state, warnings } = run(steps, { onClash: 'warn' })
    expect(warnings).toEqual([expect.stringContaining('10.96.0.9')])
    expect([service(state, 'demo'), service(state, 'other')].map(s => s.clusterIPs[0])).toEqual([
      '10.96.0.9',
      '10.96.0.9',
    ])
  })

  it('reserve explicit addresses before dynamic ones are drawn, whatever the order of files', () => {
    const dynamic = Array.from({ length: 5 }, (_, i) => makeService(`d${i}`))
    const explicit = makeService('e', { clusterIPs: ['10.0.0.3'] })
    const { state } = run([[...dynamic, explicit]], { serviceCidrs: ['10.0.0.0/29'] })
    expect(new Set([...state.services.values()].map(s => s.object.clusterIPs[0])).size).toBe(6)
  })

  it('name Service, address and CIDR when outside, and are taken anywhere with infer', () => {
    const steps = [[makeService('a', { clusterIPs: ['192.168.18.202'] }), makeService('b')]]
    expect(problemOf(steps)).toMatch(/"default\/a".*192\.168\.18\.202.*10\.96\.0\.0\/12/)
    const { state } = run(steps, { serviceCidrs: 'infer' })
    expect(service(state, 'a').clusterIPs).toEqual(['192.168.18.202'])
    expect(service(state, 'b').clusterIPs[0]).toMatch(/^10\./)
  })

  it('infer IPv6 from what Services say', () => {
    const { state } = run([[makeService('a', { clusterIPs: ['fd12::5'] }), makeService('b')]], {
      serviceCidrs: 'infer',
    })
    expect(service(state, 'b').ipFamilies).toEqual(['IPv6'])
    for (const ipFamilyPolicy of ['RequireDualStack', 'PreferDualStack'] as const) {
      const dual = run([[makeService('a', { ipFamilyPolicy })]], { serviceCidrs: 'infer' })
      expect(service(dual.state, 'a').ipFamilies).toEqual(['IPv4', 'IPv6'])
    }
    const single = makeService('a', {
      ipFamilyPolicy: 'PreferDualStack',
      clusterIPs: ['10.1.2.3'],
      ipFamilies: ['IPv4'],
    })
    expect(service(run([[single]], { serviceCidrs: 'infer' }).state, 'a').ipFamilies).toEqual(['IPv4'])
  })

  it('say when the range is full, and with how many', () => {
    const steps = [Array.from({ length: 3 }, (_, i) => makeService(`s${i}`))]
    expect(problemOf(steps, { serviceCidrs: ['10.0.0.0/30'] })).toMatch(/"default\/s2".*10\.0\.0\.0\/30 is full with 2/)
    const cidr = { kind: 'ServiceCIDR' as const, namespace: '', name: 'more', labels: {}, cidrs: ['10.9.0.0/24'] }
    const { state } = run([[...steps[0], cidr]], { serviceCidrs: ['10.0.0.0/30'] })
    expect([...state.services.values()].filter(s => s.object.clusterIPs[0].startsWith('10.9.'))).toHaveLength(1)
  })

  it('give back address and ports when deleted or changed', () => {
    const web = makeService('web', {
      type: 'NodePort',
      clusterIPs: ['10.96.0.9'],
      ports: [makeServicePort(80, { nodePort: 30_080 })],
    })
    const { state } = run([[web], [{ remove: web }], [{ ...web, name: 'next' }]])
    expect(service(state, 'next').ports[0].nodePort).toBe(30_080)
    const moved = { ...web, clusterIPs: ['10.96.0.10'], ports: [makeServicePort(80, { nodePort: 30_081 })] }
    expect(run([[web], [moved], [{ ...web, name: 'next' }]]).state.services.size).toBe(2)
  })

  it('keep what they had when a change does not mention it', () => {
    const web = makeService('web', { type: 'LoadBalancer', externalTrafficPolicy: 'Local' })
    const { state, events } = run([[web], [{ ...web, labels: { a: 'b' } }]])
    const first = events.find(e => e.object.kind === 'Service')!.object as Service
    expect(service(state, 'web')).toEqual({ ...first, labels: { a: 'b' } })
    expect(first.healthCheckNodePort).toBeGreaterThanOrEqual(30_086)
    expect(first.ports[0].nodePort).toBeGreaterThanOrEqual(30_086)
  })

  it('drop node ports with the type that needed them', () => {
    const web = makeService('web', { type: 'NodePort' })
    const { state } = run([[web], [{ ...web, type: 'ClusterIP' }]])
    expect(service(state, 'web').ports[0].nodePort).toBe(0)
  })

  it('refuse node ports outside the range, of two numbers, and in a clash', () => {
    const withPorts = (name: string, ...nodePorts: [number, number][]) =>
      makeService(name, {
        type: 'NodePort',
        ports: nodePorts.map(([port, nodePort]) => makeServicePort(port, { name: `p${port}`, nodePort })),
      })
    expect(problemOf([[withPorts('a', [80, 80])]])).toMatch(/spec\.ports\[0\]\.nodePort.*nodePort 80.*30000-32767/)
    expect(problemOf([[withPorts('a', [80, 30_080], [81, 30_080])]])).toMatch(/ports\[1\].*80 and 81/)
    expect(problemOf([[withPorts('a', [80, 30_080]), withPorts('b', [80, 30_080])]])).toMatch(
      /"default\/b".*30080.*"default\/a"/,
    )
  })

  it('say when node ports run out', () => {
    const steps = [[makeService('a', { type: 'NodePort' }), makeService('b', { type: 'NodePort' })]]
    expect(problemOf(steps, { nodePortRange: { first: 30_000, last: 30_000 } })).toMatch(
      /"default\/b": all 1 of 30000-30000/,
    )
  })

  it('get no node ports when they decline them', () => {
    const { state } = run([[makeService('a', { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false })]])
    expect(service(state, 'a').ports[0].nodePort).toBe(0)
    expect(targetGroup(state, service(state, 'a'))).toEqual([])
  })
})
