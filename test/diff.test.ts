/**
 * `svcsim diff` on rules that a real kube-proxy left in the kernel: none differs from its objects, and what a later step of a case changed
 * is found. Dumps of others, `*iptables-save*` in the folder named by SVCSIM_DATA, are used in place.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeProblem } from '../src/problem/problem.ts'
import { diffNftNode } from '../src/proxier/diff-nft-node.ts'
import { diffNode } from '../src/proxier/diff-node.ts'
import { iptablesRuleset } from '../src/proxier/iptables-proxier.ts'
import { nftablesRuleset } from '../src/proxier/nftables-proxier.ts'
import { parseIptables } from '../src/ruleset/parse-iptables.ts'
import { parseNftables } from '../src/ruleset/parse-nftables.ts'
import type { Ruleset } from '../src/ruleset/ruleset.ts'
import { goldenSaves } from './fuzz-corpora.ts'
import { applyGoldenFile, GOLDEN, goldenConfig, goldenEvents, goldenState } from './golden-case.ts'
import { svcsim, temporaryFolder } from './svcsim-process.ts'

const folder = temporaryFolder()
const AKS = join(process.env['SVCSIM_DATA'] ?? '/nonexistent', 'aks-npm-iptables-save-v2.txt')

function read(file: string): Ruleset {
  const result = parseIptables(readFileSync(file), { file, family: file.includes('ip6tables') ? 6 : 4 })
  if (E.isLeft(result)) throw new Error(describeProblem(result.left))
  return result.right.ruleset
}

/** Name of a captured save's case, below the goldens. */
const caseOf = (file: string): string => dirname(file).slice(GOLDEN.length + 1)

describe('what a real kube-proxy wrote', () => {
  it.each(goldenSaves.filter(file => !caseOf(file).includes('/')))('has no difference from its objects: %s', file => {
    const name = caseOf(file)
    const loaded = read(file)
    expect(diffNode(loaded, iptablesRuleset(goldenState(name), 'node-a', goldenConfig(name), loaded.family))).toEqual(
      [],
    )
  })

  it('is stale after a step, by Service', () => {
    const name = '71-seq-affinity-and-policy'
    const state = goldenState(name)
    applyGoldenFile(state, `${name}/step-1.json`, 'MODIFIED')
    const config = goldenConfig(name)
    const found = diffNode(read(join(GOLDEN, name, 'iptables-save.txt')), iptablesRuleset(state, 'node-a', config, 4))
    expect(found).not.toEqual([])
    expect([...new Set(found.map(d => d.label?.service))]).toEqual(
      goldenEvents(`${name}/step-1.json`, 'MODIFIED').map(e => `${e.object.namespace}/${e.object.name}`),
    )
    expect(
      diffNode(read(join(GOLDEN, name, 'after-step-1/iptables-save.txt')), iptablesRuleset(state, 'node-a', config, 4)),
    ).toEqual([])
  })
})

describe('what a real kube-proxy wrote in nftables mode', () => {
  const dumps = readdirSync(GOLDEN, { recursive: true, encoding: 'utf8' })
    .filter(f => /^[^/]+\/nft6?\.txt$/.test(f))
    .sort()
  it.each(dumps)('has no difference from its objects: %s', file => {
    const name = dirname(file)
    const read = parseNftables(readFileSync(join(GOLDEN, file), 'utf8'), file)
    if (E.isLeft(read)) throw new Error(describeProblem(read.left))
    const [loaded] = read.right
    const wanted = nftablesRuleset(goldenState(name), 'node-a', goldenConfig(name, 'nftables'), loaded.family)
    expect(diffNftNode(loaded, wanted)).toEqual([])
  })
})

describe('svcsim diff', () => {
  const golden = join(GOLDEN, '03-clusterip-3ep')
  const objects = join(golden, 'objects.json')
  const flags = ['--objects', objects, '--node', 'node-a', '--cluster-cidr', '10.244.0.0/16']
  const rules = readFileSync(join(golden, 'iptables-save.txt'), 'utf8')
  const lines = rules.split('\n')
  const sepOf = lines
    .find(line => line.startsWith(':KUBE-SEP'))!
    .slice(1)
    .split(' ')[0]
  const damaged = lines
    .filter(line => !line.includes(sepOf))
    .join('\n')
    .replace(/COMMIT\n$/, '-A KUBE-SERVICES -s 198.51.100.7/32 -j DROP\nCOMMIT\n')

  it('is silent and 0 when nothing differs', async () => {
    expect(await svcsim(['diff', '--rules', join(golden, 'iptables-save.txt'), ...flags])).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    })
    expect(
      await svcsim(['diff', '--rules', '-', ...flags], { stdin: readFileSync(join(golden, 'ip6tables-save.txt')) }),
    ).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it('says what is missing, stale and foreign, by Service, and is 1', async () => {
    const { code, stdout, stderr } = await svcsim(['diff', '--rules', '-', ...flags], { stdin: damaged })
    expect(stdout.replaceAll(/KUBE-(SVC|SEP)-\w+/g, 'KUBE-$1-…')).toMatchInlineSnapshot(`
      "default/web
        missing  http: nat KUBE-SEP-… the chain, 2 rules
        missing  http: nat KUBE-SVC-… 3: -m comment --comment "default/web:http -> 10.244.2.6:8080" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-…
      no Service
        foreign  nat KUBE-SERVICES 3: -s 198.51.100.7/32 -j DROP
      "
    `)
    expect(stderr).toBe('svcsim: node-a: 2 missing, 0 stale, 1 foreign; 1 Service concerned\n')
    expect(code).toBe(1)
  })

  it('says it in JSON', async () => {
    const { code, stdout } = await svcsim(['diff', '--rules', '-', ...flags, '--format', 'json'], { stdin: damaged })
    const json = JSON.parse(stdout)
    expect(json).toMatchObject({ node: 'node-a', missing: 2, stale: 0, foreign: 1 })
    expect(json.differences[0]).toMatchObject({
      kind: 'missing',
      port: 'http',
      table: 'nat',
      chain: sepOf,
      rule: null,
      rule_count: 2,
    })
    expect(json.differences.at(-1)).toEqual({
      kind: 'foreign',
      service: null,
      port: null,
      table: 'nat',
      holder: 'chain',
      chain: 'KUBE-SERVICES',
      rule: { number: 3, text: '-s 198.51.100.7/32 -j DROP' },
      rule_count: 1,
    })
    expect(code).toBe(1)
  })

  it('reads nft list too, in nftables mode', async () => {
    const nft = readFileSync(join(golden, 'nft.txt'), 'utf8')
    const nftFlags = [...flags, '--proxy-mode', 'nftables']
    expect(await svcsim(['diff', '--rules', '-', ...nftFlags], { stdin: nft })).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    })
    const { code, stdout, stderr } = await svcsim(['diff', '--rules', '-', ...nftFlags], {
      stdin: nft.replace(/\tchain endpoint-[^}]*}\n\n?/, ''),
    })
    expect(stdout.replace(/-[A-Z2-7]{8}-/, '-…-')).toMatchInlineSnapshot(`
      "default/web
        missing  http: kube-proxy endpoint-…-default/web/tcp/http__10.244.1.5/8080 the chain, 2 rules
      "
    `)
    expect(stderr).toBe('svcsim: node-a: 1 missing, 0 stale, 0 foreign; 1 Service concerned\n')
    expect(code).toBe(1)
  })

  const node = join(folder, 'node.yaml')
  writeFileSync(
    node,
    'apiVersion: v1\nkind: Node\nmetadata: {name: aks}\nstatus: {addresses: [{type: InternalIP, address: 10.224.0.4}]}\n',
  )

  it.runIf(existsSync(AKS))('names every Service of a node whose objects are not at hand', async () => {
    const { code, stdout, stderr } = await svcsim(['diff', '--rules', AKS, '--objects', node, '--node', 'aks'])
    const blocks = stdout.split('\n').filter(line => /^\S/.test(line))
    expect(blocks).toEqual([
      'default/kubernetes',
      'kube-system/kube-dns',
      'kube-system/metrics-server',
      'kube-system/npm-metrics-cluster-service',
      ...['x', 'y', 'z'].flatMap(n => ['a', 'b', 'c'].map(pod => `${n}/s-${n}-${pod}`)),
      'no Service',
    ])
    expect(stderr).toBe('svcsim: aks: 4 missing, 166 stale, 0 foreign; 13 Services concerned\n')
    expect(code).toBe(1)
  })

  it.each([
    [['diff'], /no rules; add --rules FILE/],
    [['diff', '--rules', 'x'], /no objects; add --objects/],
    [['diff', '--rules', '-', '--objects', '-'], /standard input is named twice; give - once/],
    [
      ['diff', '--rules', objects, '--objects', objects, '--node', 'node-a'],
      /objects.json:1:1: "\{.* stands outside of a table/,
    ],
    [['diff', '--rules', 'x', '--objects', 'y', '--format', 'xml'], /--format is "xml"; use text or json/],
    [
      ['diff', '--rules', join(golden, 'iptables-save.txt'), '--objects', objects, '--node', 'node-x'],
      /there is no Node "node-x" among the objects; did you mean node-a/,
    ],
  ])('%j is one sentence and exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await svcsim(args)
    expect(stderr).toMatch(message)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })
})
