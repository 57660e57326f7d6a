import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeProblem } from '../problem/problem.ts'
import { decodeScenario } from './decode-scenario.ts'
import { scenarioJsonSchema } from './scenario.ts'
import { parseSetting } from './set-path.ts'

const SCENARIOS = join(import.meta.dirname, '../../scenarios')

const decode = (text: string, ...sets: string[]) => {
  const settings = sets.map(s => {
    const setting = parseSetting(s)
    if (E.isLeft(setting)) throw new Error(describeProblem(setting.left))
    return setting.right
  })
  return E.matchW(
    describeProblem,
    ({ scenario }: { scenario: object }) => scenario as Record<string, Record<string, unknown>>,
  )(decodeScenario({ name: 's.yaml', bytes: Buffer.from(text) }, settings))
}

const HEAD = 'name: x\nquestion: "x?"\n'

describe('scenarios', () => {
  it.each(readdirSync(SCENARIOS).filter(f => f.endsWith('.yaml')))('%s is one, and is named after its file', file => {
    const scenario = decode(readFileSync(join(SCENARIOS, file), 'utf8'))
    expect(scenario).toMatchObject({ name: file.replace('.yaml', '') })
  })

  it('has defaults for everything but name and question', () => {
    expect(decode(HEAD)).toMatchObject({
      seed: 'svcsim',
      cluster: { zones: 1, namespaces: 1, workloads: [], objects: [], onClash: 'error' },
      proxy: { mode: 'iptables', serviceOrder: 'shuffled' },
      traffic: {
        packets: 1_000_000,
        packetsPerConnection: 10,
        popularity: 'uniform',
        sources: { pod: 1, node: 0, outside: 0 },
      },
    })
  })

  it('takes settings, lists with commas too', () => {
    expect(
      decode(HEAD, 'cluster.nodes=7', 'cluster.objects=a.yaml,b.yaml', 'seed=5', 'traffic.popularity.zipf=1.2'),
    ).toMatchObject({
      seed: '5',
      cluster: { nodes: 7, objects: ['a.yaml', 'b.yaml'] },
      traffic: { popularity: { zipf: 1.2 } },
    })
  })

  it.each([
    ['', /s\.yaml: holds 0 documents; a scenario is one YAML mapping/],
    ['- a', /s\.yaml:1: is \["a"\]; a scenario is one YAML mapping/],
    ['a: 1\n---\na: 2', /holds 2 documents/],
    ['name: x', /question: is missing; add it/],
    [`${HEAD}nodes: 5`, /unknown key "nodes"/],
    [
      `${HEAD}time: { horizon: 9s }\nactions: [{ at: 1s, rollout: { workload: web-0, pods: 3 } }]`,
      /actions\[0\]\.rollout: unknown key "pods"; the keys here are workload/,
    ],
    [`${HEAD}cluster:\n  node: 5`, /s\.yaml:4:\d+: cluster: unknown key "node"; did you mean nodes/],
    [`${HEAD}cluster:\n  nodes: many`, /s\.yaml:4:10: cluster\.nodes: is "many", which is no number; write a number/],
    [`${HEAD}cluster:\n  nodes: 0`, /s\.yaml:4:10: cluster\.nodes: is 0; use at least 1/],
    [`${HEAD}cluster:\n  nodes: -3`, /cluster\.nodes: is -3; use at least 1/],
    [`${HEAD}cluster:\n  nodes: 2.5`, /cluster\.nodes: is 2\.5, which is no whole number/],
    [`${HEAD}cluster:\n  nodes: .nan`, /NaN is no number of JSON/],
    [
      `${HEAD}time: { horizon: 60s }\nactions: [{ at: 100s, rollout: { workload: web-0 } }]`,
      /actions\[0\]\.at: "100s" is after the horizon, 60s/,
    ],
    [`${HEAD}proxy:\n  conntrack: {}`, /s\.yaml:4:\d+: proxy\.conntrack: .* needs time; add time: \{ horizon: 10m \}/],
    [
      `${HEAD}time: { horizon: 1m }\nproxy: { conntrack: { cores: 0 } }`,
      /proxy\.conntrack\.cores: is 0; use at least 1/,
    ],
    [`${HEAD}traffic: { clients: 0 }`, /traffic\.clients/],
    [`${HEAD}traffic: { clients: [10.0.0.1, nobody] }`, /traffic\.clients/],
    [
      `${HEAD}cluster:\n  workloads:\n    - {name: web, service: {sessionAffinity: ClientIP, affinityTimeoutSeconds: 0}}`,
      /service\.affinityTimeoutSeconds: is 0; use at least 1/,
    ],
    [
      `${HEAD}proxy:\n  syncTool: nft-1.1.3`,
      /s\.yaml:4:\d+: proxy\.syncTool: "nft-1\.1\.3" loads no rules of mode iptables/,
    ],
    [`${HEAD}cluster:\n  onClash: maybe`, /cluster\.onClash: is "maybe"; use error or warn/],
    [`${HEAD}cluster:\n  serviceCidrs: [10.0.0.0/99]`, /cluster\.serviceCidrs\[0\]: "10\.0\.0\.0\/99" is no CIDR/],
    [
      `${HEAD}cluster:\n  workloads:\n    - {name: web, service: {ports: [{port: 70000}]}}`,
      /s\.yaml:5:\d+: cluster\.workloads\[0\]\.service\.ports\[0\]\.port: is 70000; use at most 65535/,
    ],
    [
      `${HEAD}cluster:\n  workloads:\n    - {name: web, service: {ports: []}}`,
      /service\.ports: is \[\]; use at least 1 items/,
    ],
    [
      `${HEAD}cluster:\n  workloads:\n    - {name: web, service: {ports: [{port: 1}, {port: 2}]}}`,
      /has a port without a name/,
    ],
    [`${HEAD}cluster:\n  workloads:\n    - {name: Web_1}`, /"Web_1" is no DNS label/],
    [`${HEAD}traffic:\n  packets: -1`, /traffic\.packets: is -1; use at least 0/],
    [`${HEAD}traffic:\n  sources: {pod: 0}`, /traffic\.sources: .* has no weight above 0/],
    [`${HEAD}traffic:\n  popularity: {zipf: 9}`, /traffic\.popularity\.zipf: is 9; use at most 5/],
    [`${HEAD}traffic:\n  popularity: {zpf: 1}`, /traffic\.popularity/],
    ['name: ../evil\nquestion: x', /"\.\.\/evil" is no name of lower-case letters/],
    [`${HEAD}name: y`, /"name" stands twice/],
    [
      'a: &a [x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]',
      /alias/,
    ],
  ])('refuses %j', (text, message) => {
    expect(decode(text)).toMatch(message)
  })

  it('names the setting that is wrong, not the file', () => {
    expect(decode(HEAD, 'cluster.nodes=0')).toBe('--set cluster.nodes: is 0; use at least 1')
    expect(decode(HEAD, 'cluster.nodes=NaN')).toMatch(/^--set cluster\.nodes: is "NaN", which is no number/)
    expect(decode(HEAD, 'traffic={"packets":-1}')).toBe('--set traffic: traffic.packets: is -1; use at least 0')
    expect(decode(`${HEAD}cluster: {zones: 0}`, 'cluster.nodes=5')).toMatch(/^s\.yaml:3:\d+: cluster\.zones: is 0/)
  })

  it('has its JSON Schema beside the scenarios', () => {
    expect(JSON.parse(readFileSync(join(SCENARIOS, 'scenario.schema.json'), 'utf8'))).toEqual(scenarioJsonSchema())
  })
})
