/**
 * Every scenario of scenarios/ as its users start it, cut down to seconds where it is large; whole under SVCSIM_REQUIRE_TOOLS=1
 * (`npm run test:all`), which is where the large cluster's own thresholds hold.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { describe, expect, it } from 'vitest'
import { metricNames } from '../src/output/metric-names.ts'
import { svcsim, temporaryFolder } from './svcsim-process.ts'

const folder = temporaryFolder()
const SCENARIOS = join(import.meta.dirname, '../scenarios')

/** What makes each short. A scenario that is not named here fails the test. */
const SHORT: Readonly<Record<string, readonly string[]>> = {
  smoke: [],
  'rolling-update': ['--set', 'sweep.values=[0,5]', '--packets', '100000'],
  'min-sync-period': ['--set', 'sweep.values=[0,5]', '--set', 'cluster.namespaces=2', '--packets', '20000'],
  'node-failure': ['--packets', '200000'],
  'udp-stale': [],
  'conntrack-full': [
    '--set',
    'sweep.values=[10000,40000]',
    '--set',
    'proxy.conntrack.min=10000',
    '--set',
    'proxy.conntrack.maxPerCore=1',
  ],
  'session-affinity': ['--set', 'sweep.values=[1,3000]', '--packets', '30000'],
  'scale-out': ['--set', 'sweep.values=[1,1000000]', '--packets', '300000'],
  'grpc-imbalance': ['--set', 'sweep.values=[60,3600]', '--packets', '90000'],
  'local-policy': ['--set', 'sweep.values=[5,30]', '--packets', '30000'],
  'zone-hints': ['--set', 'sweep.values=[9,11]', '--packets', '20000'],
  'cold-start': ['--set', 'cluster.namespaces=5', '--set', 'cluster.nodes=10', '--packets', '100000'],
  'churn-5000': [
    '--set',
    'cluster.nodes=20',
    '--set',
    'cluster.namespaces=1',
    '--set',
    'time.horizon=60s',
    '--packets',
    '100000',
  ],
  dashboard: [],
  'web-shop': [],
  'traffic-policy': [],
  'endpoint-sweep': ['--set', 'sweep.values=[1,2,50]', '--packets', '20000'],
  'service-sweep': ['--set', 'sweep.values=[1,1000]', '--packets', '20000'],
  'published-first-packet': ['--set', 'sweep.values=[5000]', '--set', 'cluster.nodes=60', '--packets', '20000'],
  'published-short-connections': ['--set', 'sweep.values=[1,5000]', '--set', 'cluster.nodes=60', '--packets', '20000'],
  import: [
    '--set',
    `cluster.objects=${join(SCENARIOS, 'objects/web-shop.yaml')}`,
    '--set',
    'cluster.nodes=4',
    '--packets',
    '20000',
  ],
}

const WHOLE: Readonly<Record<string, readonly string[]>> = {
  // What kube-proxy's own metric says of such a cluster; in nftables mode it has none.
  'large-cluster': ['--packets', '2000000', '--threshold', 'rules.kubeProxyNat.perNode==262505'],
  'service-sweep': ['--set', 'sweep.values=[30000]', '--packets', '20000'],
}

async function runScenario(name: string, out: string, flags: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await svcsim(['run', name, '--quiet', '--out', out, ...flags])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout.startsWith(`${name}: `)).toBe(true)
  const variants = readdirSync(out, { withFileTypes: true }).filter(entry => entry.isDirectory())
  for (const dir of variants.length === 0 ? [out] : variants.map(entry => join(out, entry.name))) {
    expect(readdirSync(dir)).toContain('report.html')
    // What a threshold may name is known before a run.
    const { metrics, time, head } = JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8'))
    expect(metricNames({ mode: head.proxyMode, overTime: time !== null })).toEqual(
      expect.arrayContaining(Object.keys(metrics)),
    )
  }
}

describe('scenarios', () => {
  const names = readdirSync(SCENARIOS)
    .filter(file => file.endsWith('.yaml'))
    .map(file => file.replace('.yaml', ''))

  it.each(names.filter(name => name !== 'large-cluster'))(
    '%s runs',
    async name => {
      await runScenario(name, join(folder, name), SHORT[name])
    },
    120_000,
  )

  it.each(names)('%s asks no node for more pods than its /24 has addresses', name => {
    const [, asked = '0'] = /maxPodsPerNode: (\d+)/.exec(readFileSync(join(SCENARIOS, `${name}.yaml`), 'utf8')) ?? []
    expect(Number(asked)).toBeLessThanOrEqual(253)
  })

  describe.runIf(process.env['SVCSIM_REQUIRE_TOOLS'] === '1')('whole', () => {
    it.each(Object.entries(WHOLE))(
      '%s runs at its size',
      async (name, flags) => {
        const out = join(folder, `${name}-whole`)
        await runScenario(name, out, flags)
        const { thresholds } = JSON.parse(readFileSync(join(out, 'run.json'), 'utf8'))
        for (const threshold of thresholds) expect(threshold).toMatchObject({ passed: true })
      },
      300_000,
    )
  })
})
