/** The closed forms of the budget against runs of the sizes they speak of: what one run says of larger clusters, larger runs measure. */
import { beforeAll, describe, expect, it } from 'vitest'
import { readCostProfiles } from '../src/app/read-cost-profiles.ts'
import { runScenario } from '../src/app/run-scenario.ts'
import { MemoryBytes } from '../src/eventlog/memory-bytes.ts'
import { mean } from '../src/metrics/histogram.ts'
import type { CostProfiles } from '../src/netfilter/cost/cost-profile.ts'
import { type BudgetHead, budgetHead } from '../src/output/budget/budget-head.ts'
import { growthNs } from '../src/output/budget/growth-cost.ts'
import type { RunResult } from '../src/output/run-result.ts'
import { decodeScenario } from '../src/scenario/decode-scenario.ts'
import { right } from './make-packet-paths.ts'

let profiles: CostProfiles
beforeAll(async () => {
  profiles = right(await readCostProfiles(undefined)())
})

async function runOf(services: number, endpoints: number, more: object = {}): Promise<RunResult> {
  const written = {
    name: 'budget',
    question: 'How much?',
    cluster: { nodes: 40, workloads: [{ name: 'web', count: services, replicas: endpoints, service: {} }] },
    traffic: { packets: 20_000, packetsPerConnection: 1 },
    ...more,
  }
  const source = right(
    decodeScenario({ name: 'budget.yaml', bytes: new TextEncoder().encode(JSON.stringify(written)) }, []),
  )
  const outcome = await runScenario({
    source,
    files: { objects: [], recording: [] },
    workers: 0,
    log: { events: new MemoryBytes('events.arrows'), index: new MemoryBytes('events.idx') },
    progress: { phase: () => {}, part: () => {}, end: () => {} },
    signal: new AbortController().signal,
    profiles,
  })()
  return right(outcome).result
}

const backend = ({ backends }: BudgetHead, name: string) => backends.find(b => b.backend === name)!

/** What the run says is the most for this backend at a budget of so many ns. */
function mostAt(run: RunResult, ns: number, name: string, what: 'services' | 'endpoints', endpoints: number): number {
  const lane = run.modelledNs.findIndex(m => m.backend === name)
  const size = { services: run.head.servicePorts, endpoints, backends: run.head.endpoints }
  const { firstHop, secondHop, total } = run.modelledNs[lane]
  const measured = [{ profile: profiles[run.modelledNs[lane].backend], meanNs: mean(total) }]
  const shape = { rulesPerService: 1, secondHops: secondHop.count / firstHop.count }
  return budgetHead(ns / 1000, measured, shape, size).backends[0][what] ?? Number.POSITIVE_INFINITY
}

describe('the most Services and endpoints within a budget', () => {
  it.each(['iptables-legacy', 'iptables-nft'])(
    'are where a larger run measures that budget: %s',
    async name => {
      const [small, large, wide] = await Promise.all([runOf(60, 3), runOf(600, 3), runOf(60, 40)])
      const meanOf = (run: RunResult): number => mean(run.modelledNs.find(m => m.backend === name)!.total)
      const close = (found: number, size: number): void => {
        expect(found / size).toBeGreaterThan(0.97)
        expect(found / size).toBeLessThan(1.03)
      }
      close(mostAt(small, meanOf(large), name, 'services', 3), 600)
      close(mostAt(small, meanOf(wide), name, 'endpoints', 3), 40)
    },
    60_000,
  )

  it('are any number in nftables mode, and none where one connection is over the budget already', async () => {
    const { budget } = await runOf(60, 3)
    expect(budget!.us).toBe(100)
    expect(backend(budget!, 'nftables').services).toBeNull()
    const { services, servicesSlow } = backend(budget!, 'iptables-nft')
    expect(servicesSlow!).toBeLessThan(services!)
    const { budget: tight } = await runOf(60, 3, { budget: '1us' })
    expect(tight!.backends.map(b => [b.services, b.servicesSlow, b.endpoints])).toEqual(Array(3).fill([0, 0, 0]))
  }, 60_000)

  it('are not asked where nothing was sent', async () => {
    expect((await runOf(5, 0, { traffic: { packets: 0 } })).budget).toBeUndefined()
  }, 60_000)
})

describe('growth', () => {
  const shape = { rulesPerService: 1, secondHops: 1 }

  it('is dearer the farther behind in its chain a Service stands, and not in nftables mode', () => {
    const at = (name: 'iptables-nft' | 'nftables', place: number): number =>
      growthNs(profiles[name], shape, { services: 1_000, endpoints: 5, backends: 5_000 }, place)
    expect(at('iptables-nft', 1)).toBeGreaterThan(at('iptables-nft', 0.5))
    expect(at('nftables', 1)).toBe(at('nftables', 0))
  })

  it('of one Service of one endpoint is that of one rule at the second hop', () => {
    const one = { services: 1, endpoints: 1, backends: 1 }
    expect(growthNs(profiles.nftables, shape, one)).toBe(0)
    const legacy = (secondHops: number): number => growthNs(profiles['iptables-legacy'], { ...shape, secondHops }, one)
    expect(legacy(1) - legacy(0)).toBeCloseTo(2.774, 3)
  })
})
