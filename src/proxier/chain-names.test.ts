import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hash16, servicePortNames } from './chain-names.ts'
import { servicePorts } from './service-ports.ts'
import { makePort, makeService, makeSlice, makeState } from './testing/make-objects.ts'

const dashboard = makeState(
  makeService({
    namespace: 'kube-system',
    name: 'kubernetes-dashboard',
    clusterIPs: ['192.168.18.202'],
    ports: [makePort({ name: '', port: 443, targetPort: 8443 })],
  }),
  makeSlice(['192.168.34.17'], {
    namespace: 'kube-system',
    serviceName: 'kubernetes-dashboard',
    ports: [{ name: '', protocol: 'TCP', port: 8443 }],
  }),
)

describe('servicePortNames', () => {
  it.each([
    ['current', 'kube-system/kubernetes-dashboard', 'KUBE-SVC-4HQ2X6RJ753IMQ2F', 'KUBE-SEP-RERBEOTIBAUZBR67'],
    ['legacy', 'kube-system/kubernetes-dashboard:', 'KUBE-SVC-XGLOHA7QRQ3V22RZ', 'KUBE-SEP-NG56X4MU77FFZ5RK'],
  ] as const)('are %s for an unnamed port', (style, label, cluster, endpoint) => {
    const names = servicePortNames(servicePorts(dashboard, 4)[0], style)
    expect(names).toMatchObject({ label, cluster, endpoints: [endpoint] })
  })

  it('are the same in both styles for a named port, and differ in their prefix alone', () => {
    const state = makeState(
      makeService({ namespace: 'kube-system', name: 'coredns', ports: [makePort({ name: 'dns-tcp', port: 53 })] }),
    )
    const [port] = servicePorts(state, 4)
    const names = servicePortNames(port, 'current')
    expect(names).toEqual({
      label: 'kube-system/coredns:dns-tcp',
      cluster: 'KUBE-SVC-FAITROITGXHS3QVF',
      local: 'KUBE-SVL-FAITROITGXHS3QVF',
      external: 'KUBE-EXT-FAITROITGXHS3QVF',
      firewall: 'KUBE-FW-FAITROITGXHS3QVF',
      endpoints: [],
    })
    expect(servicePortNames(port, 'legacy')).toEqual(names)
  })
})

describe('hash16', () => {
  it('is the beginning of the base32 of the SHA-256', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        expect(hash16(text)).toBe(slowBase32(createHash('sha256').update(text, 'utf8').digest()).slice(0, 16))
      }),
    )
  })
})

/** RFC 4648 by bits. */
function slowBase32(bytes: Uint8Array): string {
  const bits = [...bytes].map(b => b.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{5}/g) ?? []).map(five => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(five, 2)]).join('')
}
