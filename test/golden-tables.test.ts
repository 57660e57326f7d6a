/**
 * What a real kube-proxy piped to iptables-restore makes, in the model of a kernel's tables (proxier/testing/kernel-tables.ts), the
 * tables that iptables-save showed afterwards: the model by which sequences of syncs are judged is judged here.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { KernelTables } from '../src/proxier/testing/kernel-tables.ts'
import { callsOf, GOLDEN } from './golden-case.ts'

const FILES = [
  [4, 'iptables'],
  [6, 'ip6tables'],
] as const

describe('captured inputs make the captured tables', () => {
  for (const name of readdirSync(GOLDEN).filter(f => f !== 'README.md'))
    for (const [family, tool] of FILES)
      it(`${name} (IPv${family})`, () => {
        const kernel = new KernelTables(family)
        for (let step = 0; step === 0 || existsSync(join(GOLDEN, name, `step-${step}.json`)); step++) {
          const folder = step === 0 ? name : `${name}/after-step-${step}`
          for (const call of callsOf(`${folder}/${tool}-restore-input.txt`)) kernel.restore(call)
          expect(kernel.chains, folder).toEqual(savedChains(`${folder}/${tool}-save.txt`))
        }
      })
})

/** kube-proxy's own chains of a captured iptables-save, by table and name; without those that no sync fills. */
function savedChains(file: string): Map<string, string[]> {
  const chains = new Map<string, string[]>()
  let table = ''
  for (const line of readFileSync(join(GOLDEN, file), 'utf8').split('\n')) {
    const chain = `${table} ${line.split(' ')[line.startsWith('-A') ? 1 : 0].replace(':', '')}`
    if (line.startsWith('*')) table = line.slice(1)
    else if (/^:KUBE-(?!PROXY-CANARY)/.test(line)) chains.set(chain, [])
    else if (line.startsWith('-A ')) chains.get(chain)?.push(line)
  }
  if (chains.get('filter KUBE-FIREWALL')?.length === 0) chains.delete('filter KUBE-FIREWALL')
  return chains
}
