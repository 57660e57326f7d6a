import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, describe, expect, it } from 'vitest'
import { describeProblem } from '../problem/problem.ts'
import { proxierTargetOf, type TargetFlags } from './proxier-target.ts'

const folder = mkdtempSync(join(tmpdir(), 'svcsim-target-'))
afterAll(() => rmSync(folder, { recursive: true }))

const config = join(folder, 'config.conf')
writeFileSync(
  config,
  `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
hostnameOverride: node-b
mode: nftables
clusterCIDR: 10.244.0.0/16
iptables: {masqueradeBit: 3}
nftables: {masqueradeBit: 5, masqueradeAll: true}
nodePortAddresses: [10.0.0.0/8]
`,
)

async function target(flags: Partial<TargetFlags>) {
  const result = await proxierTargetOf({ ipFamily: '4', config, ...flags })()
  return E.isLeft(result) ? describeProblem(result.left) : result.right
}

describe('proxierTargetOf', () => {
  it('takes the file where no flag is given', async () => {
    expect(await target({})).toMatchObject({
      node: 'node-b',
      family: 4,
      config: {
        mode: 'nftables',
        clusterCidrs: ['10.244.0.0/16'],
        masqueradeBit: 5,
        masqueradeAll: true,
        nodePortAddresses: ['10.0.0.0/8'],
      },
    })
  })

  it('lets each flag override its field, the mode too', async () => {
    expect(
      await target({ node: 'node-a', proxyMode: 'iptables', clusterCidr: 'fd00::/56', nodeportAddresses: 'primary' }),
    ).toMatchObject({
      node: 'node-a',
      config: {
        mode: 'iptables',
        clusterCidrs: ['fd00::/56'],
        masqueradeBit: 3,
        masqueradeAll: false,
        nodePortAddresses: ['primary'],
      },
    })
    expect(await target({ proxyMode: 'iptables', iptablesMasqueradeBit: '7' })).toMatchObject({
      config: { masqueradeBit: 7 },
    })
  })

  it('needs a node by one or the other', async () => {
    expect(await target({ config: undefined })).toBe('no node; add --node NAME')
  })

  it('says what is wrong with the file', async () => {
    expect(await target({ config: join(folder, 'missing') })).toContain('there is no such file')
    expect(await target({ config: '-', objects: ['-'] })).toBe(
      '--config and --objects are both standard input; give - once',
    )
  })
})
