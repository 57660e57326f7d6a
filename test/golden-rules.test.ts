/**
 * The whole way from objects and kube-proxy's flags to iptables-save text, against what a real kube-proxy wrote
 * (testdata/golden/README.md).
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ClusterState } from '../src/cluster/cluster-state.ts'
import type { IpFamily } from '../src/net/ip.ts'
import { iptablesRuleset } from '../src/proxier/iptables-proxier.ts'
import type { ProxierConfig } from '../src/proxier/proxier-config.ts'
import { canonicalRules } from '../src/proxier/testing/canonical-rules.ts'
import { makeState } from '../src/proxier/testing/make-objects.ts'
import { printRuleset } from '../src/ruleset/print-iptables.ts'
import { applyGoldenFile, configOfFlags, GOLDEN, goldenConfig, goldenState } from './golden-case.ts'
import { makeThousandEndpoints } from './make-thousand-endpoints.ts'

const SAVES = [
  [4, 'iptables-save.txt'],
  [6, 'ip6tables-save.txt'],
] as const

/** Steps whose list is what was deleted. */
const DELETIONS = new Set(['70-seq-endpoint-changes/step-3.json'])

describe('rules as a real kube-proxy v1.34.9 wrote them', () => {
  for (const name of readdirSync(GOLDEN).filter(f => f !== 'README.md')) {
    it(name, () => {
      const config = goldenConfig(name)
      const state = goldenState(name)
      expectGolden(state, config, name)
      for (let step = 1; existsSync(join(GOLDEN, name, `step-${step}.json`)); step++) {
        const file = `${name}/step-${step}.json`
        applyGoldenFile(state, file, DELETIONS.has(file) ? 'DELETED' : 'MODIFIED')
        expectGolden(state, config, `${name}/after-step-${step}`)
      }
    })
  }

  it.each([
    [
      '57-endpoints-1000-not-large',
      1000,
      'ab46356408be8bf2c6840582247606993ab1d1df463731b24ac6d17f463d55e8',
      'ede93e2bd90b3734314787eb39c58c1801b4e6ee4ae083aea90fc3867ac7e805',
    ],
    [
      '58-endpoints-1001-large-cluster',
      1001,
      '29be217c8cf5324d43dde174ee3204ba35afa0bef496360ab863c17d3495078a',
      'ede93e2bd90b3734314787eb39c58c1801b4e6ee4ae083aea90fc3867ac7e805',
    ],
  ])('%s', (_name, endpoints, sha4, sha6) => {
    const config = configOfFlags(['--cluster-cidr=10.244.0.0/16'])
    const state = makeState(...makeThousandEndpoints(endpoints > 1000))
    expect(sha256(canonicalRules(rulesOf(state, config, 4)))).toBe(sha4)
    expect(sha256(canonicalRules(rulesOf(state, config, 6)))).toBe(sha6)
  })
})

function expectGolden(state: ClusterState, config: ProxierConfig, folder: string): void {
  for (const [family, file] of SAVES) {
    const golden = readFileSync(join(GOLDEN, folder, file), 'utf8')
    expect(canonicalRules(rulesOf(state, config, family)), `${folder}/${file}`).toBe(canonicalRules(golden))
  }
}

const rulesOf = (state: ClusterState, config: ProxierConfig, family: IpFamily): string =>
  printRuleset(iptablesRuleset(state, 'node-a', config, family))

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
