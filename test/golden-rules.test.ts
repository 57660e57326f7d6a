/**
 * The whole way from objects and kube-proxy's flags to the text of iptables-save and of nft list, against what a real kube-proxy wrote
 * (testdata/golden/README.md).
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ClusterState } from '../src/cluster/cluster-state.ts'
import type { IpFamily } from '../src/net/ip.ts'
import { iptablesRuleset } from '../src/proxier/iptables-proxier.ts'
import { nftablesRuleset } from '../src/proxier/nftables-proxier.ts'
import { PROXY_MODES, type ProxierConfig, type ProxyMode } from '../src/proxier/proxier-config.ts'
import { canonicalNft } from '../src/proxier/testing/canonical-nft.ts'
import { canonicalRules } from '../src/proxier/testing/canonical-rules.ts'
import { makeState } from '../src/proxier/testing/make-objects.ts'
import { printRuleset } from '../src/ruleset/print-iptables.ts'
import { printNftRuleset } from '../src/ruleset/print-nftables.ts'
import { applyGoldenFile, configOfFlags, GOLDEN, goldenConfig, goldenState } from './golden-case.ts'
import { makeThousandEndpoints } from './make-thousand-endpoints.ts'

interface Mode {
  readonly files: Readonly<Record<IpFamily, string>>
  readonly print: (state: ClusterState, config: ProxierConfig, family: IpFamily) => string
  readonly canonical: (text: string) => string
}

const MODES: Readonly<Record<ProxyMode, Mode>> = {
  iptables: {
    files: { 4: 'iptables-save.txt', 6: 'ip6tables-save.txt' },
    print: (state, config, family) => printRuleset(iptablesRuleset(state, 'node-a', config, family)),
    canonical: canonicalRules,
  },
  nftables: {
    files: { 4: 'nft.txt', 6: 'nft6.txt' },
    print: (state, config, family) => printNftRuleset(nftablesRuleset(state, 'node-a', config, family)),
    canonical: text => canonicalNft(text).replaceAll(EMPTIED_CHAIN, ''),
  },
}

/** A Service's chain that a step has emptied; a later step deletes it. */
const EMPTIED_CHAIN = /chain \S+\/\S+ \{\n\t\}\n?/g

/** Steps whose list is what was deleted. */
const DELETIONS = new Set(['70-seq-endpoint-changes/step-3.json'])

describe('rules as a real kube-proxy v1.34.9 wrote them', () => {
  for (const name of readdirSync(GOLDEN).filter(f => f !== 'README.md')) {
    for (const mode of PROXY_MODES)
      it(`${name} (${mode})`, () => {
        const state = goldenState(name)
        expectGolden(state, mode, name, name)
        for (let step = 1; existsSync(join(GOLDEN, name, `step-${step}.json`)); step++) {
          const file = `${name}/step-${step}.json`
          applyGoldenFile(state, file, DELETIONS.has(file) ? 'DELETED' : 'MODIFIED')
          expectGolden(state, mode, name, `${name}/after-step-${step}`)
        }
      })
  }

  it.each([
    [
      'iptables',
      1000,
      'ab46356408be8bf2c6840582247606993ab1d1df463731b24ac6d17f463d55e8',
      'ede93e2bd90b3734314787eb39c58c1801b4e6ee4ae083aea90fc3867ac7e805',
    ],
    [
      'iptables',
      1001,
      '29be217c8cf5324d43dde174ee3204ba35afa0bef496360ab863c17d3495078a',
      'ede93e2bd90b3734314787eb39c58c1801b4e6ee4ae083aea90fc3867ac7e805',
    ],
    [
      'nftables',
      1000,
      'df796d586fe2a9f227e4df4cff67dfc6c6444a3dc24f90d3e1b35a70d3f30c0e',
      'a887e9081551bd09ecc95fbcd935569c19aa33f2e35d890eda867f72f825531c',
    ],
    [
      'nftables',
      1001,
      'c883920d6001cbeba62d1e915077d89a4a77f5ced5d84c32960adefe9b800e43',
      'a887e9081551bd09ecc95fbcd935569c19aa33f2e35d890eda867f72f825531c',
    ],
  ] as const)('in %s mode, of %i endpoints', (name, endpoints, sha4, sha6) => {
    const { print, canonical } = MODES[name]
    const config = configOfFlags([`--proxy-mode=${name}`, '--cluster-cidr=10.244.0.0/16'])
    const state = makeState(...makeThousandEndpoints(endpoints > 1000))
    expect(sha256(canonical(print(state, config, 4)))).toBe(sha4)
    expect(sha256(canonical(print(state, config, 6)))).toBe(sha6)
  })
})

function expectGolden(state: ClusterState, mode: ProxyMode, name: string, folder: string): void {
  const { files, print, canonical } = MODES[mode]
  const config = goldenConfig(name, mode)
  for (const family of [4, 6] as const) {
    const golden = readFileSync(join(GOLDEN, folder, files[family]), 'utf8')
    expect(canonical(print(state, config, family)), `${folder}/${files[family]}`).toBe(canonical(golden))
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
