/**
 * `svcsim anonymize`: what real kube-proxies wrote (testdata/golden) under other names. The rules made of the renamed objects are the renamed rules,
 * in both modes and families, and nothing of the originals is left.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { anonymizeFiles } from '../src/app/anonymize/anonymize-files.ts'
import { type Renamer, renamer } from '../src/app/anonymize/renamer.ts'
import { applyEvent, type ClusterState, emptyState } from '../src/cluster/cluster-state.ts'
import { readObjects } from '../src/cluster/read-objects.ts'
import { familyBits, formatIp, type IpFamily, parseIp, parsePrefix, prefixContains } from '../src/net/ip.ts'
import { describeProblem } from '../src/problem/problem.ts'
import { iptablesRuleset } from '../src/proxier/iptables-proxier.ts'
import { nftablesRuleset } from '../src/proxier/nftables-proxier.ts'
import type { ProxierConfig, ProxyMode } from '../src/proxier/proxier-config.ts'
import { canonicalNft } from '../src/proxier/testing/canonical-nft.ts'
import { canonicalRules } from '../src/proxier/testing/canonical-rules.ts'
import { parseIptables } from '../src/ruleset/parse-iptables.ts'
import { printRuleset } from '../src/ruleset/print-iptables.ts'
import { printNftRuleset } from '../src/ruleset/print-nftables.ts'
import { GOLDEN, goldenConfig } from './golden-case.ts'
import { svcsim, temporaryFolder } from './svcsim-process.ts'

const NAMES = renamer('a seed of this test')

const golden = (name: string, file: string): string => readFileSync(join(GOLDEN, name, file), 'utf8')

/** The texts of files, renamed together. */
function anonymized(files: Readonly<Record<string, string>>, names = NAMES): string[] {
  const inputs = Object.entries(files).map(([name, text]) => ({ name, bytes: new TextEncoder().encode(text) }))
  const made = anonymizeFiles(inputs, names)
  if (E.isLeft(made)) throw new Error(describeProblem(made.left))
  return made.right.map(file => file.text)
}

function stateOf(text: string): ClusterState {
  const read = readObjects([{ name: 'objects', bytes: new TextEncoder().encode(text) }])
  if (E.isLeft(read)) throw new Error(describeProblem(read.left))
  const state = emptyState()
  read.right.items.forEach(({ object }, sequence) => {
    applyEvent(state, { sequence, timeUs: 0, type: 'ADDED', object })
  })
  return state
}

const renamedConfig = (config: ProxierConfig, names: Renamer): ProxierConfig => ({
  ...config,
  clusterCidrs: config.clusterCidrs.map(cidr => names.prefix(cidr)!),
  nodePortAddresses: config.nodePortAddresses.map(cidr => names.prefix(cidr) ?? cidr),
  podBridgeInterface: names.name('if', config.podBridgeInterface),
  podInterfaceNamePrefix: names.name('if', config.podInterfaceNamePrefix),
})

const FILES: readonly (readonly [mode: ProxyMode, family: IpFamily, file: string])[] = [
  ['iptables', 4, 'iptables-save.txt'],
  ['iptables', 6, 'ip6tables-save.txt'],
  ['nftables', 4, 'nft.txt'],
  ['nftables', 6, 'nft6.txt'],
]

const rulesOf = (state: ClusterState, config: ProxierConfig, family: IpFamily): string => {
  const node = NAMES.name('node', 'node-a')
  return config.mode === 'iptables'
    ? canonicalRules(printRuleset(iptablesRuleset(state, node, config, family)))
    : canonicalNft(printNftRuleset(nftablesRuleset(state, node, config, family)))
}

describe('rules of renamed objects are the renamed rules', () => {
  it.each(readdirSync(GOLDEN).filter(name => name !== 'README.md'))('%s', name => {
    const texts = FILES.map(([, , file]) => golden(name, file))
    const [objects, ...rules] = anonymized({
      objects: golden(name, 'objects.json'),
      ...Object.fromEntries(texts.map((text, i) => [FILES[i][2], text])),
    })
    const state = stateOf(objects)
    for (const [i, [mode, family]] of FILES.entries()) {
      const config = renamedConfig(goldenConfig(name, mode), NAMES)
      const canonical = mode === 'iptables' ? canonicalRules : canonicalNft
      expect(canonical(rules[i]), `${mode} ${family}`).toBe(rulesOf(state, config, family))
    }
  })
})

/** A dump in which every name and address is one of a kind. */
const DUMP = {
  objects: `
apiVersion: v1
kind: Node
metadata:
  name: ip-10-20-30-40.acme.internal
  uid: 3f0c2f5e-acme
  labels: { kubernetes.io/hostname: ip-10-20-30-40.acme.internal, topology.kubernetes.io/zone: acme-dc1, acme.com/rack: r17 }
  annotations: { acme.com/owner: jane.doe@acme.com }
spec: { podCIDR: 10.111.1.0/24, providerID: aws:///acme/i-0abc }
status:
  addresses:
    - { type: InternalIP, address: 10.20.30.40 }
    - { type: Hostname, address: ip-10-20-30-40.acme.internal }
  nodeInfo: { machineID: acmemachine }
  images: [{ names: [registry.acme.com/secret:1] }]
---
apiVersion: v1
kind: Service
metadata: { name: payroll, namespace: acme-hr, labels: { team: humanresources }, annotations: { kubectl.kubernetes.io/last-applied-configuration: "payroll" } }
spec:
  type: LoadBalancer
  clusterIP: 10.99.7.8
  clusterIPs: [10.99.7.8]
  selector: { app: payrollapp }
  loadBalancerClass: acme.com/lb
  loadBalancerSourceRanges: [203.0.113.64/26]
  externalIPs: [198.51.100.77]
  ports: [{ name: secretport, port: 443, targetPort: hiddenport, nodePort: 31443, protocol: TCP, appProtocol: acme.com/proto }]
status: { loadBalancer: { ingress: [{ hostname: lb-77.acme.com }, { ip: 198.51.100.78 }] } }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: payroll-zx9qw, namespace: acme-hr, labels: { kubernetes.io/service-name: payroll } }
addressType: IPv4
ports: [{ name: secretport, port: 8443, protocol: TCP }]
endpoints:
  - { addresses: [10.111.1.55], nodeName: ip-10-20-30-40.acme.internal, zone: acme-dc1, targetRef: { kind: Pod, namespace: acme-hr, name: payroll-0 } }
  - { addresses: [10.111.2.66], zone: acme-dc2 }
---
apiVersion: v1
kind: Pod
metadata: { name: payroll-0, namespace: acme-hr, labels: { app: payrollapp }, ownerReferences: [{ kind: StatefulSet, name: payroll, controller: true, uid: acme }] }
spec: { nodeName: ip-10-20-30-40.acme.internal, containers: [{ name: payrollctr, image: registry.acme.com/secret, env: [{ name: PASSWORD, value: hunter2 }], ports: [{ name: hiddenport, containerPort: 8443 }] }] }
status: { phase: Running, podIP: 10.111.1.55, podIPs: [{ ip: 10.111.1.55 }] }
---
apiVersion: acme.com/v1
kind: AcmeSecret
metadata: { name: hunter2 }
`,
  rules: `# Generated by iptables-save v1.8.9 on acmehost
*nat
:PREROUTING ACCEPT [12:720]
:ACME-CUSTOM - [0:0]
:cali-pro-kns.acme-hr - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-ABCDEFGHIJKLMNOP - [0:0]
[3:180] -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -i cali0a1b2c3d4e5 -s 10.111.1.55/32 -m comment --comment "for jane.doe of acme" -j ACME-CUSTOM
-A ACME-CUSTOM -m mac --mac-source 52:54:00:12:34:56 -m set --match-set acmeset src,dst -j LOG --log-prefix "acme: "
-A ACME-CUSTOM -m iprange --src-range 10.111.1.55-10.111.1.55 -j SNAT --to-source 198.51.100.77-198.51.100.77
-A ACME-CUSTOM -d 198.51.100.78 -p tcp -m multiport --dports 80,443,8000:8100 -m owner --uid-owner payrolluser -j cali-pro-kns.acme-hr
-A KUBE-SERVICES -d 10.99.7.8/32 -p tcp -m comment --comment "acme-hr/payroll:secretport cluster IP" -m tcp --dport 443 -j KUBE-SVC-ABCDEFGHIJKLMNOP
COMMIT
`,
}

const SECRETS =
  'acme payroll humanresources jane hunter2 secret hidden zx9qw i-0abc 203.0.113 198.51.100.7 10.99.7 10.111 10.20.30 ip-10 r17 52:54 ABCDEFGHIJKLMNOP 0a1b2c3d'.split(
    ' ',
  )

describe('a dump under other names', () => {
  const texts = anonymized(DUMP)

  it('holds no name, address or hash of the original', () => {
    for (const text of texts)
      for (const secret of SECRETS) expect(text.toLowerCase()).not.toContain(secret.toLowerCase())
  })

  it('still hangs together: selectors, slices, nodes, pods, zones, addresses within their prefixes', () => {
    const state = stateOf(texts[0])
    const [service] = [...state.services.values()].map(s => s.object)
    const [slice] = [...state.endpointSlices.values()].map(s => s.object)
    const [pod] = [...state.pods.values()].map(p => p.object)
    const [node] = [...state.nodes.values()].map(n => n.object)
    expect(slice).toMatchObject({ serviceName: service.name, namespace: service.namespace })
    expect(slice.ports[0].name).toBe(service.ports[0].name)
    expect(slice.endpoints[0]).toMatchObject({ nodeName: node.name, addresses: pod.podIPs })
    expect(pod).toMatchObject({ nodeName: node.name, labels: service.selector })
    expect(pod.containerPorts[0].name).toBe(service.ports[0].targetPort)
    expect(node.podCIDRs).toEqual([NAMES.prefix('10.111.1.0/24')])
    expect(pod.podIPs[0].startsWith(node.podCIDRs[0].replace(/\.0\/24$/, '.'))).toBe(true)
    expect(service.loadBalancerSourceRanges[0]).toMatch(/\/26$/)
    expect(state.services.size + state.pods.size + state.nodes.size).toBe(3)
  })

  it('keeps what rules do: options, numbers, counters, masks, jumps to chains that are there', () => {
    const rules = texts[1]
    expect(rules).toContain(
      '[3:180] -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES\n',
    )
    expect(rules).toMatch(/-m multiport --dports 80,443,8000:8100 -m owner --uid-owner word-\w+ -j chain-\w+\n/)
    expect(rules).toMatch(/-m iprange --src-range ([\d.]+)-\1 -j SNAT --to-source ([\d.]+)-\2\n/)
    const declared = new Set([...rules.matchAll(/^:(\S+)/gm)].map(m => m[1]))
    for (const [, target] of rules.matchAll(/-j ((?:chain|KUBE)-\S+)/g)) expect(declared).toContain(target)
    const label = `${NAMES.servicePort('acme-hr/payroll:secretport')} cluster IP`
    expect(rules).toContain(`-d ${NAMES.address('10.99.7.8')}/32 -p tcp -m comment --comment "${label}"`)
  })

  it('is another one with another seed, and the same with the same', () => {
    expect(anonymized(DUMP)).toEqual(texts)
    const others = anonymized(DUMP, renamer('another seed'))
    for (const [i, text] of others.entries()) expect(text).not.toBe(texts[i])
  })
})

/** Dumps of machines of others, where this machine keeps them. */
describe.runIf(process.env['SVCSIM_DATA'])('real dumps of any program', () => {
  const data = process.env['SVCSIM_DATA'] ?? ''
  const names = data === '' ? [] : readdirSync(data).filter(name => name.includes('iptables-save'))
  it.each(names)('%s keeps its tables, chains and rules, and none of its addresses', name => {
    const text = readFileSync(join(data, name), 'utf8')
    const [made] = anonymized({ [name]: text })
    const shapeOf = (save: string) => {
      const parsed = parseIptables(new TextEncoder().encode(save), { file: name })
      if (E.isLeft(parsed)) throw new Error(describeProblem(parsed.left))
      return parsed.right.ruleset.tables.map(t => [t.name, Array.from(t.chains.values(), chain => chain.rules.length)])
    }
    expect(shapeOf(made)).toEqual(shapeOf(text))
    const hosts = new Set(text.match(/(?<![\d.])\d+\.\d+\.\d+\.\d+(?=\/32)/g))
    const left = new Set(made.match(/(?<![\d.])\d+\.\d+\.\d+\.\d+(?=\/32)/g))
    expect([...hosts].filter(host => NAMES.address(host) !== host && left.has(host))).toEqual([])
  })
})

describe('addresses', () => {
  const address = (family: IpFamily) =>
    family === 4
      ? fc.ipV4()
      : fc
          .array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 })
          .map(words => words.map(w => w.toString(16)).join(':'))
  const bitsOf = (text: string): string => {
    const { family, value } = parseIp(text)!
    return value.toString(2).padStart(familyBits(family), '0')
  }
  const shared = (a: string, b: string): number => [...a, '!'].findIndex((bit, i) => bit !== b[i])

  it.each([4, 6] as const)('share as many bits as before, within their kind (IPv%i)', family => {
    fc.assert(
      fc.property(
        address(family),
        address(family),
        fc.integer({ min: 0, max: family === 4 ? 32 : 128 }),
        (a, b, length) => {
          // b shares its first bits with a.
          const near = BigInt(`0b${bitsOf(a).slice(0, length)}${bitsOf(b).slice(length)}`)
          const c = formatIp({ family, value: near })
          const [newA, newC] = [NAMES.address(a)!, NAMES.address(c)!]
          expect(parseIp(newA)!.family).toBe(parseIp(a)!.family)
          if (parseIp(a)!.family === parseIp(c)!.family)
            expect(shared(bitsOf(newA), bitsOf(newC))).toBe(shared(bitsOf(a), bitsOf(c)))
          for (const range of [
            '10.0.0.0/8',
            '172.16.0.0/12',
            '192.168.0.0/16',
            '100.64.0.0/10',
            'fc00::/7',
            '127.0.0.0/8',
          ])
            expect(prefixContains(parsePrefix(range)!, parseIp(newA)!)).toBe(
              prefixContains(parsePrefix(range)!, parseIp(a)!),
            )
        },
      ),
      { numRuns: 500 },
    )
  })

  it.each(['10.1.2.3', '172.18.0.2', '192.168.0.1', '100.64.0.1', '2001:db8::1', 'fd00::1'])(
    '%s becomes another one',
    text => {
      expect(NAMES.address(text)).not.toBe(text)
    },
  )

  it.each([
    '127.0.0.1',
    '0.0.0.0',
    '255.255.255.255',
    '169.254.169.254',
    '224.0.0.1',
    '::1',
    '::',
    'fe80::1',
    'ff02::1',
  ])('%s means the same everywhere', text => {
    expect(NAMES.address(text)).toBe(text)
  })

  it('keeps the form of prefixes', () => {
    expect(NAMES.prefix('0.0.0.0/0')).toBe('0.0.0.0/0')
    expect(NAMES.prefix('::/0')).toBe('::/0')
    expect(NAMES.prefix('10.244.0.0/16')).toMatch(/^10\.\d+\.0\.0\/16$/)
    expect(NAMES.prefix('10.1.2.3/8')).toMatch(/^10\.\d+\.\d+\.\d+\/8$/)
    expect(NAMES.prefix('10.1.2.3')).toBeUndefined()
    expect(NAMES.address('10.1.2')).toBeUndefined()
  })
})

describe('svcsim anonymize', () => {
  const folder = temporaryFolder()
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }

  it('writes files that svcsim diff finds to fit each other', async () => {
    const name = '04-clusterip-7ep-string-sort'
    const files = ['objects.json', 'iptables-save.txt', 'nft.txt'].map(f => file(f, golden(name, f)))
    const out = join(folder, 'shared')
    const flags = ['--seed', 's', '--out', out, '--also', '10.244.0.0/16', 'node-a']
    const { code, stdout, stderr } = await svcsim(['anonymize', ...files, ...flags])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(readdirSync(out).sort()).toEqual(['01.objects.json', '02.iptables-save', '03.nft'])
    const told = (text: string): string => new RegExp(`^svcsim: ${text} is (\\S+)$`, 'm').exec(stderr)![1]
    const target = ['--objects', join(out, '01.objects.json'), '--node', told('node-a')]
    const cidr = ['--cluster-cidr', told('10.244.0.0/16')]
    for (const [rules, mode] of [
      ['02.iptables-save', 'iptables'],
      ['03.nft', 'nftables'],
    ]) {
      const diff = await svcsim(['diff', '--rules', join(out, rules), ...target, ...cidr, '--proxy-mode', mode])
      expect(diff).toEqual({ code: 0, stdout: '', stderr: '' })
    }
  })

  it('prints one file, and draws a seed where none is given', async () => {
    const objects = file('one.yaml', DUMP.objects)
    const [first, second] = await Promise.all([svcsim(['anonymize', objects]), svcsim(['anonymize', objects])])
    expect(first).toMatchObject({ code: 0, stderr: 'svcsim: 1 of kind AcmeSecret left out: svcsim does not read it\n' })
    expect(first.stdout).not.toBe(second.stdout)
    expect(first.stdout).toMatch(/^addressType: |^apiVersion: /m)
    const piped = await svcsim(['anonymize', '-', '--seed', 's'], { stdin: DUMP.rules })
    expect(piped.stdout).toMatch(/^\*nat\n:PREROUTING ACCEPT \[12:720\]\n/)
  })

  it.each<[string, () => string[], RegExp]>([
    ['several files without a folder', () => [file('a', ''), file('b', '')], /2 files for one output; name a folder/],
    ['a file that is not there', () => ['nowhere.json'], /nowhere\.json: there is no such file/],
    [
      'nothing to share',
      () => [file('c.yaml', 'kind: Secret\nmetadata: {name: x}\n')],
      /holds nothing that can be shared/,
    ],
    ['an empty file', () => [file('d.yaml', '')], /holds nothing that can be shared/],
    ['no manifest', () => [file('e.yaml', '{{{')], /e\.yaml:/],
    [
      'nft text of another program',
      () => [
        file(
          'f.nft',
          'table ip filter {\n\tchain input {\n\t\ttype filter hook input priority 0; policy accept;\n\t\ttcp dport { 22, 80 } ct count over 5 reject\n\t}\n}\n',
        ),
      ],
      /f\.nft/,
    ],
    ['no file', () => [], /missing required argument 'file'/],
  ])('%s is one sentence', async (_, args, message) => {
    const { code, stdout, stderr } = await svcsim(['anonymize', ...args()])
    expect(stderr).toMatch(message)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })
})
